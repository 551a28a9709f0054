//! Every pair of phases against the table of the protocol.

use strangler_fig::phase::{Family, MigrationName, MigrationState, Move, MoveId, Phase};

use super::model::{Need, need};
use super::trip::{settled, unsettled};

/// A state with just these facts, as a service would hand it out.
fn state(phase: Phase, from: Family, modern: bool, legacy: bool, left: bool) -> MigrationState {
    let name: MigrationName = "airports".parse().unwrap();
    let mut document: serde_json::Value =
        serde_json::from_str(&MigrationState::new(name.clone()).to_document()).unwrap();
    let state = &mut document["state"];
    state["epoch"] = 9.into();
    state["base"]["phase"] = serde_json::to_value(phase).unwrap();
    state["base"]["entered_from"] = serde_json::to_value(from).unwrap();
    state["base"]["since_epoch"] = 7.into();
    state["steered"]["epoch"] = 7.into();
    state["base"]["modern_complete"] = modern.into();
    // Since the start, or again since a sweep: on the way forward, without a cohort, before.
    let again = if from == Family::Modern { 8 } else { 6 };
    state["legacy_complete_since"] = legacy.then_some(if left { again } else { 0 }).into();
    state["cut_over"]["below"] = 10_000.into();
    state["left_legacy"] = left.into();
    MigrationState::from_document(&document.to_string(), &name).unwrap()
}

/// What can be true of a migration that stands in `phase`.
fn combinations(phase: Phase) -> Vec<(Family, bool, bool, bool)> {
    use Family::{Legacy, Modern};
    let bools = [false, true];
    let all = [Legacy, Modern].into_iter().flat_map(|from| {
        bools.into_iter().flat_map(move |modern| {
            bools
                .into_iter()
                .flat_map(move |legacy| bools.map(move |left| (from, modern, legacy, left)))
        })
    });
    all.filter(|(from, modern, legacy, left)| match (phase.family(), from) {
        (Some(family), from) if family != *from => false,
        // One came from modern by a clean sweep, and legacy is complete until it was left.
        (_, Modern) if !modern || !legacy && !left => false,
        (Some(Legacy), _) => *legacy && !modern,
        (Some(Modern), _) if phase.leaves_legacy() => *left && !legacy,
        (Some(Modern), _) => true,
        (None, Legacy) => *legacy && phase == Phase::Cutover,
        (None, Modern) => *legacy || phase == Phase::Cutover,
    })
    .collect()
}

#[test]
fn every_pair_of_phases_is_allowed_just_when_its_needs_are_met() {
    let mut seen = 0;
    for phase in Phase::ALL {
        for (from, modern, legacy, left) in combinations(phase) {
            let state = state(phase, from, modern, legacy, left);
            for (fleet, is_settled) in [(settled(&state), true), (unsettled(), false)] {
                for to in Phase::ALL {
                    let allowed = match need(phase, from, to) {
                        Need::Nothing => true,
                        Need::Settled => is_settled,
                        Need::SettledAndModern => is_settled && modern,
                        Need::SettledAndLegacy => is_settled && legacy,
                        Need::Legacy => legacy,
                        Need::Impossible => false,
                    };
                    let answer = state.transition(&Move::to(to), MoveId::fixed(1), &fleet);
                    let case = format!(
                        "{phase} (from {from:?}) to {to}: modern complete {modern}, legacy \
                         complete {legacy}, left {left}, settled {is_settled}: {answer:?}"
                    );
                    assert_eq!(answer.is_ok(), allowed, "{case}");
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 300, "only {seen} cases");
}

#[test]
fn the_table_itself_never_jumps_between_families() {
    for from in Phase::ALL {
        for to in Phase::ALL {
            let jumps = from.family().is_some() && to.family().is_some();
            if jumps && from.family() != to.family() {
                let entered_from = from.family().unwrap();
                assert_eq!(need(from, entered_from, to), Need::Impossible, "{from} to {to}");
            }
        }
    }
}
