use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use fs4::{FileExt, TryLockError};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::blocking;

/// Why a lock was not had; nothing was done.
#[derive(Debug)]
pub(in crate::memory) enum LockError {
    /// The operating system refused.
    Io { path: PathBuf, source: io::Error },
    /// Somebody else kept it for too long.
    Locked { path: PathBuf, waited: Duration },
}

impl LockError {
    fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

/// Who may replace a file now, among the calls of one adapter: they take turns
/// in the order they came, and only one of them contends with other processes.
///
/// A call keeps its turn until its last byte is written, even if its future was
/// dropped, so that it cannot land after a call that was made later.
#[derive(Debug, Clone, Default)]
pub(in crate::memory) struct Turns(Arc<std::sync::Mutex<BTreeMap<PathBuf, Turn>>>);

type Turn = Arc<Mutex<()>>;

/// The right to replace one file; ends when dropped, or with the process.
#[derive(Debug)]
pub(in crate::memory) struct Lock {
    _file: Arc<File>,
    _turn: OwnedMutexGuard<()>,
}

impl Turns {
    /// Waits for the lock at `path`, no longer than `timeout`.
    pub(in crate::memory) async fn lock(
        &self,
        path: &Path,
        timeout: Duration,
    ) -> Result<Lock, LockError> {
        let locked = tokio::time::timeout(timeout, async {
            let turn = self.of(path).lock_owned().await;
            let file = exclusive(path).await?;
            Ok(Lock { _file: file, _turn: turn })
        });
        locked
            .await
            .unwrap_or_else(|_| Err(LockError::Locked { path: path.to_owned(), waited: timeout }))
    }

    fn of(&self, path: &Path) -> Turn {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(path.to_owned()).or_default())
    }
}

async fn exclusive(path: &Path) -> Result<Arc<File>, LockError> {
    let opened = path.to_owned();
    let file = run(path, move || open(&opened)).await?;
    loop {
        let (tried, named) = (Arc::clone(&file), path.to_owned());
        if run(path, move || try_lock(&tried, &named)).await? {
            return Ok(file);
        }
        // Often enough to find the gap between two writes of a busy process.
        tokio::time::sleep(Duration::from_micros(fastrand::u64(500..1_500))).await;
    }
}

async fn run<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T, LockError> + Send + 'static,
) -> Result<T, LockError> {
    blocking(work).await.map_err(|source| LockError::io(path, source))?
}

fn open(path: &Path) -> Result<Arc<File>, LockError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.open(path).map(Arc::new).map_err(|source| LockError::io(path, source))
}

fn try_lock(file: &File, path: &Path) -> Result<bool, LockError> {
    match FileExt::try_lock(file) {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(LockError::io(path, source)),
    }
}
