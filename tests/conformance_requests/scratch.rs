use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use strangler_fig::gateway::dual::{RequestJournal, RequestKey};
use strangler_fig::memory::FileRequestJournal;
use strangler_fig::testkit::conformance::{RequestJournalFixture, async_trait};

/// A journal in a directory of its own, removed at the end.
pub(crate) struct Scratch(PathBuf, Arc<FileRequestJournal>);

impl Scratch {
    pub(crate) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let own = format!("strangler-fig-requests-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(own);
        std::fs::create_dir_all(&directory).unwrap();
        let journal = Arc::new(patient(&directory));
        Self(directory, journal)
    }
}

/// One that waits for its turn as long as a slow machine may need.
fn patient(directory: &PathBuf) -> FileRequestJournal {
    FileRequestJournal::new(directory).with_lock_timeout(Duration::from_secs(30))
}

#[async_trait]
impl RequestJournalFixture for Scratch {
    fn journal(&self) -> Arc<dyn RequestJournal> {
        Arc::clone(&self.1) as _
    }

    async fn reopened(&self) -> Arc<dyn RequestJournal> {
        Arc::new(patient(&self.0))
    }

    async fn spoil(&self, key: &RequestKey) -> bool {
        let path = self.0.join(format!("{key}.request"));
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, text.replacen("\"method\":", "\"method\": ", 1)).unwrap();
        true
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
