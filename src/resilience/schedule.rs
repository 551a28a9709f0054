use std::fmt;
use std::time::Duration;

/// The pauses between the tries of a call: any iterator of them, made afresh for
/// each call by a closure. It ends when nothing is to be tried again.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::resilience::{Exponential, Retry, Schedule};
///
/// let thrice = || [10, 100, 1_000].map(Duration::from_millis).into_iter();
/// assert_eq!(thrice.delays().count(), 3);
/// let retries = [Retry::new(thrice), Retry::new(Exponential::default())];
/// # drop(retries);
/// ```
pub trait Schedule: Send + Sync + 'static {
    /// The pauses of one call. Asked for when its first try has failed.
    fn delays(&self) -> Box<dyn Iterator<Item = Duration> + Send>;
}

impl<F, I> Schedule for F
where
    F: Fn() -> I + Send + Sync + 'static,
    I: Iterator<Item = Duration> + Send + 'static,
{
    fn delays(&self) -> Box<dyn Iterator<Item = Duration> + Send> {
        Box::new(self())
    }
}

impl fmt::Debug for dyn Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Schedule")
    }
}
