use super::{RequestState, RequestStatus};
use crate::phase::Side;

/// What is to be done next for a dual-written request. [`RequestState`] shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// A side is to be sent it.
    Send(Side),
    /// It was tried often enough.
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
}
