use std::fmt;

/// The wall clock of this machine, or of a test.
///
/// ```
/// use strangler_fig::clock::Clock;
///
/// /// The wall clock, as a radio receiver last told it.
/// #[derive(Debug)]
/// struct Radio {
///     unix_millis: u64,
/// }
///
/// impl Clock for Radio {
///     fn unix_millis(&self) -> u64 {
///         self.unix_millis
///     }
/// }
///
/// assert_eq!(Radio { unix_millis: 5 }.unix_millis(), 5);
/// ```
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Milliseconds since 1970-01-01 UTC. May stand still or jump, either way.
    fn unix_millis(&self) -> u64;
}
