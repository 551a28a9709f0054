use std::io;

/// Runs `work` on a thread for blocking calls. It goes on if the caller is dropped.
/// It is an error if it was never begun, since the runtime shuts down.
pub(in crate::memory) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let error = match tokio::task::spawn_blocking(work).await {
        Ok(answer) => return Ok(answer),
        Err(error) => error,
    };
    match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(error) => Err(io::Error::other(error)),
    }
}
