use std::fmt;

use async_trait::async_trait;

/// Something that a worker must give way to: the lag of a replica, the load of a
/// server, the hour of the day.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use strangler_fig::async_trait;
/// use strangler_fig::worker::Throttle;
///
/// #[derive(Debug, Default)]
/// struct ReplicaLag(AtomicU64);
///
/// #[async_trait]
/// impl Throttle for ReplicaLag {
///     async fn reason_to_wait(&self) -> Option<String> {
///         let millis = self.0.load(Ordering::Relaxed);
///         (millis > 500).then(|| format!("the replica lags {millis} ms behind"))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let lag = ReplicaLag::default();
/// assert_eq!(lag.reason_to_wait().await, None);
/// lag.0.store(2_000, Ordering::Relaxed);
/// assert!(lag.reason_to_wait().await.is_some());
/// # }
/// ```
///
/// # Contract
///
/// 1. Asked before each page, and about every second while it says to wait.
/// 2. It answers soon: the worker stands still meanwhile. What cannot be
///    measured is best a reason to wait.
///
/// # Cancel safety
///
/// Must be cancel safe: a worker that is stopped drops the call.
#[async_trait]
pub trait Throttle: fmt::Debug + Send + Sync + 'static {
    /// Why the worker has to wait; `None` to go on. The text is shown as it is.
    async fn reason_to_wait(&self) -> Option<String>;
}
