use std::fmt;

/// The wall clock of this machine, or of a test.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Milliseconds since 1970-01-01 UTC. May stand still or jump, either way.
    fn unix_millis(&self) -> u64;
}
