use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use strangler_fig::gateway::dual::RequestClaim;
use strangler_fig::memory::FileRequestJournal;
use strangler_fig::phase::Side;

use super::{answered, key, note, record};

/// A directory of its own, removed at the end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let own = format!("strangler-fig-file-requests-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(own);
        std::fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    /// One with a request that the first side has done.
    pub(crate) async fn with_a_request() -> (Self, RequestClaim) {
        let scratch = Self::new();
        let journal = scratch.journal();
        let claim = record(&journal, key()).await.unwrap();
        note(&journal, &claim, 0, &answered(Side::Legacy)).await.unwrap();
        (scratch, claim)
    }

    pub(crate) fn journal(&self) -> FileRequestJournal {
        FileRequestJournal::new(&self.0).with_lock_timeout(Duration::from_secs(30))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// What is there but for the locks, in order.
    pub(crate) fn left(&self) -> Vec<String> {
        let paths = std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        let others = paths.filter(|path| path.extension().is_none_or(|ending| ending != "lock"));
        let name = |path: PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
        let mut names: Vec<_> = others.map(name).collect();
        names.sort();
        names
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join(format!("{}.request", key()))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
