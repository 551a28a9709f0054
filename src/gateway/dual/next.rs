use super::{RequestState, RequestStatus};
use crate::phase::Side;

/// What is to be done next for a dual-written request. [`RequestState`] shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// A side is to be sent it.
    Send(Side),
    /// It was tried often enough, or so long ago that the side may have forgotten it.
    Park,
    /// Nothing, unless somebody asks.
    Rest,
}

impl RequestState {
    /// What is to be done next, if a side is tried `attempts_max` times.
    #[must_use]
    pub const fn next(&self, attempts_max: u32) -> Step {
        let side = match self.status() {
            RequestStatus::Open => self.first(),
            RequestStatus::HalfDone => self.first().other(),
            _ => return Step::Rest,
        };
        let is_spent = self.attempts() > 0 && self.attempts() >= attempts_max;
        if is_spent { Step::Park } else { Step::Send(side) }
    }

    /// The same, where the side that is next may have forgotten the key: what it may have been sent, as the notes or a
    /// claim that has lapsed say, it is not sent again.
    #[must_use]
    pub(super) const fn next_once(&self, attempts_max: u32, has_lapsed: bool) -> Step {
        match self.next(attempts_max) {
            Step::Send(_) if self.was_sent() || has_lapsed => Step::Park,
            step => step,
        }
    }
}
