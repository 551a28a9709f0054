use std::fs;
use std::io;
use std::sync::{Mutex, PoisonError};

use tokio::time::{Duration, Instant};

use super::FileRequestError;
use super::catalog::leftovers;
use super::file::RequestFile;
use super::journal::FileRequestJournal;
use super::turn::Patience;
use crate::error::StoreError;

/// How often purges look for what killed processes left: that reads all names.
const SWEEP_INTERVAL: Duration = Duration::from_secs(600);

/// When a journal removed all that was left half-made.
#[derive(Debug, Default)]
pub(super) struct Swept(Mutex<Option<Instant>>);

impl Swept {
    fn is_due(&self) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_none_or(|last| last.elapsed() >= SWEEP_INTERVAL)
    }

    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

impl FileRequestJournal {
    /// Removes what killed processes left half-made, every ten minutes; what could not be removed is tried again by
    /// the next call.
    pub(super) async fn sweep(&self, patience: &mut Patience) -> Result<(), StoreError> {
        if !self.swept.is_due() {
            return Ok(());
        }
        let directory = self.directory.clone();
        let names = self.blocking(move || Ok(leftovers(&directory)?)).await?;
        let mut is_all = true;
        for name in names {
            is_all &= self.remove_leftover(&name, patience).await;
        }
        if is_all {
            self.swept.now();
        }
        Ok(())
    }

    /// Under its lock nobody else makes it.
    async fn remove_leftover(&self, name: &str, patience: &mut Patience) -> bool {
        let Some(lock) = RequestFile::lock_of_leftover(&self.directory, name) else {
            return true;
        };
        let Some(timeout) = patience.with(&lock) else { return false };
        let path = self.directory.join(name);
        let removed = match self.turns.lock(&lock, timeout).await {
            Ok(lock) => {
                let remove = move || {
                    let removed = fs::remove_file(&path);
                    drop(lock);
                    match removed {
                        Err(error) if error.kind() != io::ErrorKind::NotFound => {
                            Err(FileRequestError::io(&path, error).into())
                        }
                        // It may have been made in full since.
                        _ => Ok(()),
                    }
                };
                self.blocking(remove).await
            }
            Err(error) => Err(FileRequestError::from(error).into()),
        };
        let Err(error) = removed else { return true };
        patience.failed(&lock, "stays as a killed process left it", error);
        false
    }
}
