use std::num::NonZeroUsize;
use std::sync::Arc;

use super::FileRequestError;
use super::file::{RequestFile, Stored};
use super::journal::FileRequestJournal;
use super::line::{Line, Request};
use super::turn::Patience;
use crate::error::StoreError;
use crate::gateway::dual::RequestRetention;
use crate::memory::files::{UnixMillis, Which};
use crate::memory::request_record::Purge;

impl FileRequestJournal {
    /// Empties or forgets up to `limit` requests, and answers how many.
    ///
    /// # Errors
    ///
    /// The first of what may pass, if nothing was purged.
    pub(super) async fn purge_some(
        &self,
        retention: RequestRetention,
        limit: NonZeroUsize,
    ) -> Result<usize, StoreError> {
        let keys = self.looked(Which::Live, move |known| {
            let now = UnixMillis::now();
            let is_old = |request: &&Request| request.purge(retention, now) != Purge::Nothing;
            // More than the limit: some may stay behind a lock that others keep.
            let old = known.all().filter(is_old).map(|request| request.new.key.clone());
            old.collect::<Vec<_>>()
        });
        let (mut purged, mut patience) = (0, Patience::new(self.lock_timeout));
        let keys = keys.await?;
        self.sweep(&mut patience).await?;
        for key in keys {
            if purged == limit.get() {
                break;
            }
            let lock = RequestFile::lock(&self.directory, &key);
            let Some(timeout) = patience.with(&lock) else { continue };
            let catalog = Arc::clone(&self.catalog);
            let one = self.locked_within(timeout, &key, move |file, found| {
                let is_purged = purge(file, found, retention);
                // Its name may stand for another request from now on, which is open.
                catalog.forget(file.name());
                Ok(is_purged?)
            });
            match one.await {
                Ok(one) => purged += usize::from(one),
                Err(error) => patience.failed(&lock, "is not purged", error),
            }
        }
        if purged == 0 { patience.end().map(|()| 0) } else { Ok(purged) }
    }
}

/// Whether there was something to purge.
fn purge(
    file: &RequestFile,
    found: Option<Stored>,
    retention: RequestRetention,
) -> Result<bool, FileRequestError> {
    let Some(mut found) = found else { return Ok(false) };
    match found.request.purge(retention, UnixMillis::now()) {
        Purge::Nothing => return Ok(false),
        Purge::Forget => file.remove()?,
        Purge::Empty => {
            found.request.empty();
            file.replace(&Line::purged(found.request))?;
        }
    }
    Ok(true)
}
