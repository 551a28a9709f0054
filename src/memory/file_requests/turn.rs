use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tokio::time::{Duration, Instant};
use tracing::warn;

use super::FileRequestError;
use crate::clock::later;
use crate::error::{StoreError, StoreErrorKind};
use crate::observe::field;

/// How long one more lock is waited for, once the patience is at an end.
const LEAST: Duration = Duration::from_millis(100);

/// What a walk over many requests has left for locks that others hold: all of them together are waited for no longer
/// than one would be, and none twice.
#[derive(Debug)]
pub(super) struct Patience {
    until: Instant,
    stuck: BTreeSet<PathBuf>,
    first: Option<StoreError>,
}

impl Patience {
    pub(super) fn new(timeout: Duration) -> Self {
        Self { until: later(Instant::now(), timeout), stuck: BTreeSet::new(), first: None }
    }

    /// How long a lock may be waited for; `None` if it was, in vain.
    pub(super) fn with(&self, lock: &Path) -> Option<Duration> {
        let left = || self.until.saturating_duration_since(Instant::now()).max(LEAST);
        (!self.stuck.contains(lock)).then(left)
    }

    /// One request is passed over. Its key is its client's, and does not go into logs.
    pub(super) fn failed(&mut self, lock: &Path, what: &str, error: StoreError) {
        let text = error.with_causes();
        warn!({ field::ERROR } = text, "a request whose file cannot be used {what}");
        if error.kind() == StoreErrorKind::Rejected {
            return;
        }
        if is_stuck(&error) {
            self.stuck.insert(lock.to_owned());
        }
        self.first.get_or_insert(error);
    }

    /// Why nothing came of the walk, if that was not for want of work.
    pub(super) fn end(self) -> Result<(), StoreError> {
        self.first.map_or(Ok(()), Err)
    }
}

fn is_stuck(error: &StoreError) -> bool {
    let source = std::error::Error::source(error);
    let error = source.and_then(|source| source.downcast_ref::<FileRequestError>());
    matches!(error, Some(FileRequestError::Locked { .. }))
}
