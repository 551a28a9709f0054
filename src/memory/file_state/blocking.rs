use std::io;
use std::path::Path;

use super::FileStateError;

/// Runs `work`, which is about `path`, on a thread for blocking calls. It goes
/// on if the caller is dropped.
pub(super) async fn blocking<T, E>(
    path: &Path,
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<FileStateError> + Send + 'static,
{
    let error = match tokio::task::spawn_blocking(work).await {
        Ok(answer) => return answer,
        Err(error) => error,
    };
    match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        // The runtime shuts down: `work` was never begun.
        Err(error) => Err(E::from(FileStateError::Io {
            path: path.to_owned(),
            source: io::Error::other(error),
        })),
    }
}
