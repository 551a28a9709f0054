use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;

/// What comes of a call, or the panic that ended it: its own, and nobody else's.
pub(crate) async fn caught<F, Fut>(call: F) -> Result<Fut::Output, Box<dyn Any + Send>>
where
    F: FnOnce() -> Fut,
    Fut: Future,
{
    AssertUnwindSafe(async { call().await }).catch_unwind().await
}
