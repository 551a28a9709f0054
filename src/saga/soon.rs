use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::timeout;

/// `future`, for no longer than `limit`; `None` after that. What is ready at once needs no timer.
pub(super) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    match tried(&mut future).await {
        Some(answer) => Some(answer),
        // In a box: what is ready at once has no room for a timer.
        None => Box::pin(timeout(limit, future)).await.ok(),
    }
}

/// What a future answers if it does so at once.
pub(super) async fn tried<F: Future>(future: &mut Pin<&mut F>) -> Option<F::Output> {
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

thread_local! {
    /// Whether this thread is inside [`rest_of`].
    static IS_TRYING: Cell<bool> = const { Cell::new(false) };
}

/// What is left of a future that was polled once: nothing if it is over, by a panic even. Inside another one that
/// is polled so it is not polled at all: a chain of them would need a stack without end.
pub(super) fn rest_of<F: Future<Output = ()>>(future: F) -> Option<Pin<Box<F>>> {
    let mut future = Box::pin(future);
    if IS_TRYING.replace(true) {
        return Some(future);
    }
    let mut context = Context::from_waker(Waker::noop());
    let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context)));
    IS_TRYING.set(false);
    match polled {
        Ok(Poll::Pending) => Some(future),
        Ok(Poll::Ready(())) | Err(_) => None,
    }
}

/// Does what must not be left half done, though its caller goes away.
pub(super) async fn whatever_becomes_of_the_caller<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> T {
    match tokio::spawn(task).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is being shut down, and this with it.
            Err(_) => pending().await,
        },
    }
}
