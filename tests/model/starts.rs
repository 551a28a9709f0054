//! Where exploring begins: a fleet at rest in each phase, as legal moves lead
//! there, with what the stores may then hold.

use strangler_fig::phase::{Move, Phase};
use strangler_fig::stamp::{Record, Stamp};

use crate::judge::Id;
use crate::protocol::Start;
use crate::spec::walked;

/// What nobody may see any more.
const OLD: Id = 15;

fn row(stamp: Stamp, value: Id) -> Record<Id> {
    Record::live(stamp, value)
}

fn start(steps: &[Phase], legacy: Record<Id>, modern: Record<Id>) -> Start {
    Start { state: walked(steps.iter().map(|to| Move::to(*to))), legacy, modern }
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
