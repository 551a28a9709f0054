use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use strangler_fig::memory::FileSagaJournal;
use strangler_fig::saga::{Created, SagaClaim};

use super::{append, create, order};

/// A directory of a test's own, removed at its end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let own = format!("strangler-fig-journal-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(own);
        fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    /// One that holds a saga of two entries, recorded one after the other, and the claim of it.
    pub(crate) async fn with_a_saga() -> (Self, SagaClaim) {
        let scratch = Self::new();
        let journal = scratch.journal();
        let Created::New(claim) = create(&journal, order()).await.unwrap() else {
            panic!("the directory is new")
        };
        append(&journal, &claim, 1).await.unwrap();
        (scratch, claim)
    }

    /// One that waits for its turn as long as a slow machine may need.
    pub(crate) fn journal(&self) -> FileSagaJournal {
        FileSagaJournal::new(&self.0).with_lock_timeout(Duration::from_secs(30))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The files that end so, in order.
    pub(crate) fn ending(&self, ending: &str) -> Vec<PathBuf> {
        let names = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path());
        let mut names: Vec<_> =
            names.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
        names.sort();
        names
    }

    /// The file of the one saga there is.
    pub(crate) fn file(&self) -> PathBuf {
        let mut files = self.ending(".saga");
        assert_eq!(files.len(), 1, "the sagas' files");
        files.remove(0)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
