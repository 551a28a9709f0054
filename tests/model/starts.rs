//! Where exploring begins: a fleet at rest in each phase, as legal moves lead
//! there, with what the stores may then hold.

use strangler_fig::phase::{MigrationState, Move, Phase, Share, Side, primary};
use strangler_fig::stamp::{Record, Stamp};

use crate::judge::Id;
use crate::protocol::Start;
use crate::spec::{self, BUCKET, walked};

/// What nobody may see any more.
const OLD: Id = 15;

fn row(stamp: Stamp, value: Id) -> Record<Id> {
    Record::live(stamp, value)
}

fn start(steps: &[Phase], legacy: Record<Id>, modern: Record<Id>) -> Start {
    let state = walked(steps.iter().map(|to| Move::to(*to)));
    Start { state, legacy, modern, under_way: None }
}

const TO_LIVE: [Phase; 3] = [Phase::DualWrite, Phase::Cutover, Phase::Live];

/// The row was there before the crate; modern is empty.
pub(crate) fn legacy_only() -> Start {
    start(&[], row(Stamp::BASE, 0), Record::absent())
}

/// As `legacy_only`.
pub(crate) fn dual_write() -> Start {
    start(&[Phase::DualWrite], row(Stamp::BASE, 0), Record::absent())
}

/// A stamp by a clock that was ahead of all others.
fn ahead_of_all() -> Stamp {
    let mut bytes = Stamp::BASE.to_bytes();
    bytes[5] = 1;
    Stamp::from_bytes(bytes)
}

/// Both stores hold the row, with such a stamp.
pub(crate) fn dual_write_ahead() -> Start {
    start(&[Phase::DualWrite], row(ahead_of_all(), 0), row(ahead_of_all(), 0))
}

/// The row is gone from legacy, stamp and all; a sweep has buried it in modern.
pub(crate) fn dual_write_buried() -> Start {
    let tombstone = Record::tombstone(ahead_of_all());
    start(&[Phase::DualWrite], Record::absent(), tombstone)
}

/// Legacy is ahead, and was left behind before.
pub(crate) fn dual_write_again() -> Start {
    let there = [&TO_LIVE[..], &[Phase::RampDown, Phase::Live]].concat();
    after(there.into_iter().chain([Phase::Cutover, Phase::DualWrite]).map(Move::to))
}

/// A copy of the row as it was long ago is still under way to modern.
pub(crate) fn dual_write_late() -> Start {
    let first = Stamp::BASE.successor().expect("it is not the last");
    let legacy = row(first.successor().expect("it is not the last"), 0);
    let start = start(&[Phase::DualWrite], legacy.clone(), legacy);
    Start { under_way: Some((Side::Modern, row(first, OLD))), ..start }
}

/// Just entered from legacy, and swept.
pub(crate) fn cutover_complete() -> Start {
    let start = cutover();
    let modern = start.legacy.clone();
    Start { state: spec::complete_now(&start.state), modern, ..start }
}

/// Just entered from legacy.
pub(crate) fn cutover() -> Start {
    start(&[Phase::DualWrite, Phase::Cutover], row(Stamp::BASE, 0), Record::absent())
}

/// Legacy was changed behind the crate's back after it was copied.
pub(crate) fn cutover_in_conflict() -> Start {
    start(&[Phase::DualWrite, Phase::Cutover], row(Stamp::BASE, 0), row(Stamp::BASE, OLD))
}

/// Both stores hold the row.
pub(crate) fn live() -> Start {
    start(&TO_LIVE, row(Stamp::BASE, 0), row(Stamp::BASE, 0))
}

/// Modern is ahead of legacy.
fn ahead(last: &[Phase]) -> Start {
    let steps = [&TO_LIVE, last].concat();
    let later = Stamp::BASE.successor().expect("it is not the last");
    start(&steps, row(Stamp::BASE, OLD), row(later, 0))
}

pub(crate) fn ramp_down() -> Start {
    ahead(&[Phase::RampDown])
}

pub(crate) fn modern_only() -> Start {
    ahead(&[Phase::RampDown, Phase::ModernOnly])
}

/// `Live` once more, after legacy was left behind.
pub(crate) fn live_again() -> Start {
    ahead(&[Phase::RampDown, Phase::Live])
}

/// On the way back, after legacy was left behind.
pub(crate) fn cutover_again() -> Start {
    ahead(&[Phase::RampDown, Phase::Live, Phase::Cutover])
}

/// What the stores may hold in a state at rest, the side that does not count as far
/// behind as it can be.
fn at(state: MigrationState) -> Start {
    let part = state.part_of(BUCKET);
    let later = Stamp::BASE.successor().expect("it is not the last");
    let same = row(Stamp::BASE, 0);
    let (legacy, modern) = match primary(part.phase, part.entered_from) {
        _ if part.modern_complete && state.legacy_complete() => (same.clone(), same),
        Side::Modern if state.legacy_complete() => (same.clone(), same),
        Side::Modern => (row(Stamp::BASE, OLD), row(later, 0)),
        Side::Legacy if part.modern_complete => (same.clone(), same),
        Side::Legacy if state.has_left_legacy() => (row(later, 0), row(Stamp::BASE, OLD)),
        Side::Legacy => (same, Record::absent()),
    };
    Start { state, legacy, modern, under_way: None }
}

/// Every place with a cohort, the key in it or beside it.
pub(crate) fn with_a_cohort() -> Vec<Start> {
    spec::places_with_a_cohort().into_iter().map(at).collect()
}

fn cohort(share: u16, ahead: &[Phase]) -> Vec<Move> {
    let share = Share::new(share).expect("a share");
    let ahead = ahead.iter().map(|to| Move::cohort_to(*to));
    [Move::StartCohort { share }].into_iter().chain(ahead).collect()
}

fn after(steps: impl IntoIterator<Item = Move>) -> Start {
    at(walked(steps))
}

/// The key is in the base, and a cohort is `Live`.
pub(crate) fn base_behind_live() -> Start {
    after(cohort(2_500, &TO_LIVE))
}

/// The same with a cohort in `Cutover`, and the base in `DualWrite`.
pub(crate) fn base_behind_cutover() -> Start {
    let ahead = cohort(2_500, &[Phase::Cutover]);
    after([Move::to(Phase::DualWrite)].into_iter().chain(ahead))
}

/// The same, where a sweep has shown that the cohort is complete.
pub(crate) fn base_behind_complete() -> Start {
    let start = base_behind_cutover();
    Start { state: spec::complete_now(&start.state), ..start }
}

/// Both stores hold the row of the base, beside a cohort in `Cutover`.
pub(crate) fn base_beside_complete() -> Start {
    let start = base_behind_complete();
    Start { modern: start.legacy.clone(), ..start }
}

/// The key is in a cohort that is `Live`, the base on the way forward.
pub(crate) fn cohort_before_base() -> Start {
    let steps = cohort(7_500, &TO_LIVE);
    after(steps.into_iter().chain([Move::to(Phase::Cutover)]))
}

/// Legacy was left behind, and swept again: the base has gone back, a cohort has not.
pub(crate) fn base_back_again() -> Start {
    let there = [&TO_LIVE[..], &[Phase::RampDown, Phase::Live]].concat();
    let steps = there.into_iter().map(Move::to).chain(cohort(2_500, &[]));
    let back = [Move::cohort_to(Phase::Cutover), Move::to(Phase::Cutover)];
    after(steps.chain(back).chain([Move::to(Phase::DualWrite)]))
}

pub(crate) fn all() -> Vec<Start> {
    vec![
        legacy_only(),
        dual_write(),
        cutover(),
        live(),
        ramp_down(),
        modern_only(),
        live_again(),
        cutover_again(),
    ]
}
