//! R1 to R4 as the protocol tells them, written down again: of each key, from the
//! part it was in to the part it is in.

use strangler_fig::phase::{
    Bucket, Family, Fleet, MigrationState, Move, NodeRole, Part, PartName, Phase, Refused,
};

use crate::states::{buckets, parts};

/// A move that was made.
#[derive(Debug)]
pub struct Step<'s> {
    /// From this state.
    pub before: &'s MigrationState,
    /// What was asked for.
    pub step: &'s Move,
    /// To this state.
    pub after: &'s MigrationState,
    /// Over this fleet.
    pub fleet: &'s Fleet,
    /// Whether the operator has accepted stamps in the process of the first node.
    pub is_accepted: bool,
}

/// That the move was allowed, to every key; `began` is the state under which the
/// sweep of a [`Move::Complete`] began.
pub fn allow(made: &Step<'_>, began: Option<&MigrationState>) {
    let Step { before, step, after, fleet, .. } = made;
    assert!(!is_ahead(before, fleet), "a lease is ahead of {before:?}");
    let is_of_fleet = matches!(step, Move::Evict { .. } | Move::ExpectNodes(_));
    assert!(is_of_fleet || !before.is_decommissioned(), "{step} after the point of no return");
    for bucket in buckets(&[before, after]) {
        let (from, to) = (before.part_of(bucket), after.part_of(bucket));
        key_may_move(made, bucket, from, to);
        let was = before.cut_over().holds(bucket);
        let is_over = to.phase == Phase::Cutover || to.entered_from == Family::Modern;
        assert_eq!(after.cut_over().holds(bucket), was || is_over, "{bucket:?} by {step}");
    }
    facts_follow(made, began);
    if let Some(cohort) = before.cohort() {
        let is_ended = matches!(step, Move::EndCohort) && after.cohort().is_none();
        let has_grown = after.cohort().is_none_or(|grown| grown.share >= cohort.share);
        assert!(is_ended || has_grown, "{step}: {before:?} shrank to {after:?}");
    }
    if let Move::Evict { node, .. } = step {
        assert!(fleet.leases().iter().any(|lease| lease.node == *node), "{step}");
    }
    if matches!(step, Move::Decommission) {
        assert!(settled(before, before.base().since_epoch, fleet) && after.is_decommissioned());
        assert!(fleet.leases().iter().all(|lease| lease.role == NodeRole::Serving), "{fleet:?}");
    }
}

fn key_may_move(made: &Step<'_>, bucket: Bucket, from: Part, to: Part) {
    let Step { before, step, after, fleet, is_accepted } = made;
    if from.phase == to.phase {
        assert_eq!(from.entered_from, to.entered_from, "{bucket:?} by {step}");
        assert!(from.since_epoch == to.since_epoch || to.since_epoch == after.epoch());
        return;
    }
    assert!(step.steers(), "{step} moves {bucket:?}");
    assert_eq!(to.since_epoch, after.epoch(), "{bucket:?} by {step}");
    let has_settled = settled(before, from.since_epoch, fleet);
    let allowed = match need(from, to.phase) {
        Need::Nothing => true,
        Need::Never => false,
        Need::Settled => has_settled,
        Need::ModernComplete => has_settled && from.modern_complete,
        // Settled on a state that says so.
        Need::LegacyComplete => {
            let since = legacy_complete_since(before);
            has_settled && since.is_some_and(|since| settled(before, since, fleet))
        }
        Need::LegacyHolds => before.legacy_complete(),
    };
    assert!(allowed, "{step} takes {bucket:?} to {to:?} from {before:?} over {fleet:?}");
    let is_bridge = to.phase == Phase::Cutover
        || from.phase == Phase::Cutover && to.phase.family() != Some(from.entered_from)
        || from.phase == Phase::Halted && to.phase != Phase::Live;
    assert!(!is_bridge || shares_stamps(fleet, *is_accepted), "{step} over {fleet:?}");
    let is_first = to.phase == Phase::Cutover && !before.cut_over().holds(bucket);
    assert!(!is_first || fleet.leases().iter().all(|lease| lease.holds == 0), "{step} by holds");
}

/// What a key needs on its way.
#[derive(PartialEq, Eq)]
enum Need {
    Nothing,
    Never,
    Settled,
    ModernComplete,
    LegacyComplete,
    LegacyHolds,
}

fn need(from: Part, to: Phase) -> Need {
    use Phase::{Cutover, DualWrite, Halted, LegacyOnly, Live, ModernOnly, RampDown, Shadow};
    match (from.phase, to) {
        (LegacyOnly | DualWrite | Shadow, LegacyOnly | DualWrite | Shadow | Cutover)
        | (Live | RampDown | ModernOnly, Live | Cutover)
        | (Halted, Live) => Need::Nothing,
        (Live | RampDown | ModernOnly, RampDown | ModernOnly)
        | (Halted, LegacyOnly | DualWrite) => Need::Settled,
        (Live, Halted) => Need::LegacyHolds,
        (Cutover, LegacyOnly | DualWrite | Shadow) => match from.entered_from {
            Family::Legacy => Need::Nothing,
            Family::Modern => Need::LegacyComplete,
        },
        (Cutover, Live) => match from.entered_from {
            Family::Legacy => Need::ModernComplete,
            Family::Modern => Need::Nothing,
        },
        _ => Need::Never,
    }
}

/// The two facts change by what the protocol names, and by nothing else.
fn facts_follow(made: &Step<'_>, began: Option<&MigrationState>) {
    let Step { before, step, after, .. } = made;
    let swept = |name| {
        let is_in_cutover = |state: &MigrationState| {
            state.part(name).is_some_and(|part| part.phase == Phase::Cutover)
        };
        began.is_some_and(|began| began.steered() == before.steered() && is_in_cutover(began))
    };
    for bucket in buckets(&[before, after]) {
        let (from, to) = (before.part_of(bucket), after.part_of(bucket));
        let is_cohort = before.cohort().is_some_and(|cohort| cohort.share.holds(bucket));
        let name = if is_cohort { PartName::Cohort } else { PartName::Base };
        assert!(!to.modern_complete || from.modern_complete || swept(name), "{step}: {before:?}");
        let is_back = to.phase.family() == Some(Family::Legacy);
        let is_kept = to.modern_complete || is_back || after.cohort() != before.cohort();
        assert!(!from.modern_complete || is_kept, "{step} forgets that modern is complete");
    }
    let leaves = parts(after).any(|part| part.phase.leaves_legacy());
    assert_eq!(after.has_left_legacy(), before.has_left_legacy() || leaves, "{step}");
    if after.legacy_complete() && !before.legacy_complete() {
        assert!(matches!(step, Move::Complete(_)), "{step} makes legacy complete");
        assert!(swept(PartName::Base) && (before.cohort().is_none() || swept(PartName::Cohort)));
    }
    let goes_live = buckets(&[before, after]).into_iter().any(|bucket| {
        let (from, to) = (before.part_of(bucket).phase, after.part_of(bucket).phase);
        from == Phase::Cutover && to == Phase::Live
    });
    let loses = leaves || before.has_left_legacy() && goes_live;
    let expected = before.legacy_complete() && !loses;
    assert!(after.legacy_complete() == expected || matches!(step, Move::Complete(_)), "{step}");
    assert!(!loses || !after.legacy_complete(), "{step} from {before:?}");
}

/// That a refusal names something that is so; and that inside a family no node and
/// no sweep is waited for.
pub fn may_refuse(
    before: &MigrationState,
    step: &Move,
    fleet: &Fleet,
    is_accepted: bool,
    refused: &Refused,
) {
    assert!(!refused.to_string().is_empty());
    let Move::Phase { part, to } = step else { return };
    let Some(part) = before.part(*part) else {
        assert!(*refused == Refused::NoCohort || is_ahead(before, fleet) || is_over(before));
        return;
    };
    match refused {
        Refused::StateWentBack { .. } => assert!(is_ahead(before, fleet)),
        Refused::Decommissioned => assert!(before.is_decommissioned()),
        Refused::EpochExhausted => assert!(is_over(before)),
        Refused::CohortExists => assert!(to.leaves_legacy() && before.cohort().is_some()),
        Refused::ProcessScope { .. } => {
            assert!(!shares_stamps(fleet, is_accepted), "{fleet:?}");
        }
        Refused::Held { .. } => assert!(*to == Phase::Cutover, "{step}"),
        Refused::NoStoreForQueries => assert!(before.cohort().is_some(), "{step} from {before:?}"),
        Refused::NotAMove { .. } => {
            assert!(part.phase == *to || need(part, *to) == Need::Never, "{step} from {before:?}");
        }
        Refused::OutsideWriters { .. } => {
            let mut roles = fleet.leases().iter().map(|lease| lease.role);
            assert!(need(part, *to) != Need::Nothing, "{step} waits: {before:?}");
            assert!(roles.any(|role| role == NodeRole::Outside), "{fleet:?}");
        }
        Refused::Unsettled { .. } | Refused::TooFewNodes { .. } => {
            assert!(need(part, *to) != Need::Nothing, "{step} waits: {before:?}");
        }
        Refused::ModernIncomplete => assert!(!part.modern_complete, "{before:?}"),
        Refused::LegacyIncomplete => assert!(!before.legacy_complete(), "{before:?}"),
        other => panic!("{step} from {before:?}: {other}"),
    }
}

/// Which only the document tells.
fn legacy_complete_since(state: &MigrationState) -> Option<u64> {
    let document = state.to_document();
    let document: serde_json::Value = serde_json::from_str(&document).expect("it is JSON");
    document["state"]["legacy_complete_since"].as_u64()
}

fn is_over(before: &MigrationState) -> bool {
    before.is_decommissioned() || before.epoch() >= (1 << 40) - 1
}

/// Whether a node works by a state that this one does not come after.
fn is_ahead(state: &MigrationState, fleet: &Fleet) -> bool {
    let adopted = fleet.leases().iter().filter_map(|lease| lease.adopted);
    adopted.into_iter().any(|adopted| {
        let is_other = |epoch, id| adopted.epoch == epoch && adopted.move_id != id;
        let mut records = state.history().iter();
        adopted.epoch > state.epoch()
            || is_other(state.epoch(), state.move_id())
            || records.any(|record| is_other(record.epoch, record.move_id))
    })
}

fn settled(state: &MigrationState, since: u64, fleet: &Fleet) -> bool {
    let leases = fleet.leases();
    let serving = leases.iter().filter(|lease| lease.role == NodeRole::Serving);
    let mut names: Vec<_> = serving.map(|lease| lease.node.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let expected = usize::try_from(state.nodes_expected().get()).expect("32 bits fit");
    let follows = |adopted: Option<strangler_fig::phase::Adopted>| {
        adopted.is_some_and(|adopted| adopted.epoch >= since)
    };
    let is_closed = leases.iter().all(|lease| lease.role != NodeRole::Outside);
    is_closed && names.len() >= expected && leases.iter().all(|lease| follows(lease.adopted))
}

/// Stamps in a process are compared with nobody's: not but of the only node, if it was
/// named.
fn shares_stamps(fleet: &Fleet, is_accepted: bool) -> bool {
    let leases = fleet.leases();
    let is_only = leases.len() == 1 && leases[0].node.name.as_str() == "node-1";
    is_accepted && is_only || leases.iter().all(|lease| !lease.scopes.any_process())
}
