use super::forward::Answered;
use crate::phase::{Family, Phase, primary, read_must_rerun, write_must_rerun};

/// Whether an answer that was planned in one phase is none in another, which was entered from a family: for the
/// rules of phases, which are for those that ask both sides where a phase says so, and for what one side alone says.
/// In `Cutover` both may be asked, and this has asked one; it counts where that side does.
pub(super) fn has_moved(
    planned: Phase,
    (now, came_from): (Phase, Family),
    answered: &Answered,
    safe: bool,
) -> bool {
    let counts = (now != Phase::Halted).then(|| primary(now, came_from));
    let is_of_other = planned == Phase::Cutover && answered.side != counts;
    if planned == now {
        return is_of_other;
    }
    // Another phase may have left behind the side that stood in.
    let rules = if safe { read_must_rerun(planned, now) } else { write_must_rerun(planned, now) };
    answered.fell_back || is_of_other || rules
}
