use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use strangler_fig::memory::FileSagaJournal;
use strangler_fig::saga::{SagaId, SagaJournal};
use strangler_fig::testkit::conformance::{SagaJournalFixture, async_trait};

/// A journal in a directory of its own, removed at the end.
pub(crate) struct Scratch(PathBuf, Arc<FileSagaJournal>);

impl Scratch {
    pub(crate) fn new() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let own = format!("strangler-fig-sagas-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(own);
        std::fs::create_dir_all(&directory).unwrap();
        let journal = Arc::new(patient(&directory));
        Self(directory, journal)
    }
}

/// One that waits for its turn as long as a slow machine may need.
fn patient(directory: &PathBuf) -> FileSagaJournal {
    FileSagaJournal::new(directory).with_lock_timeout(Duration::from_secs(30))
}

#[async_trait]
impl SagaJournalFixture for Scratch {
    fn journal(&self) -> Arc<dyn SagaJournal> {
        Arc::clone(&self.1) as _
    }

    async fn reopened(&self) -> Arc<dyn SagaJournal> {
        Arc::new(patient(&self.0))
    }

    async fn spoil(&self, saga: &SagaId) -> bool {
        let named = format!("{{\"saga\":\"{saga}\"");
        for entry in std::fs::read_dir(&self.0).unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            if text.contains(&named) {
                std::fs::write(path, text.replacen("\"input\":", "\"input\": ", 1)).unwrap();
                return true;
            }
        }
        panic!("{saga} has no file")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
