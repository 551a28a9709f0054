//! The library's files, in modules of the same names.

mod breaker;

#[path = "../../../src/resilience/caught.rs"]
mod caught;

mod judgement {
    use super::{Judged, Judgement};

    pub(super) fn by_error<T, E: Judged>(outcome: &Result<T, E>) -> Judgement {
        outcome.as_ref().err().map_or(Judgement::success(), Judged::judgement)
    }
}

mod sync {
    pub(crate) use loom::sync::Mutex;

    pub(crate) use crate::clock::Instant;
}

pub use breaker::{BreakerConfig, CallWindow, CircuitBreaker, Flaw, Flawed, Permit};
pub use strangler_fig::resilience::{BreakerState, CallError, Health, Judged, Judgement, Refused};
