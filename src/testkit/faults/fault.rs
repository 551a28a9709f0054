use std::time::Duration;

use crate::error::StoreErrorKind;

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It takes this long, then does what it should.
    Delay(Duration),
    /// It has no effect and answers this kind. `Unknown` is a doubt without
    /// cause, and as good a test as any.
    Refuse(StoreErrorKind),
    /// It has its effect, and answers `Unknown`.
    FailAfter,
    /// It answers `Unknown` at once, and has its effect this much later.
    LandLater(Duration),
    /// It has no effect and never answers.
    Hang,
    /// It has no effect and panics.
    Panic,
}
