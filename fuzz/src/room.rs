//! A directory to try files in.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::{Builder, Runtime};

/// A directory of one thread, removed at its end, and who runs its calls.
#[derive(Debug)]
pub struct Room {
    /// Where it is.
    pub directory: PathBuf,
    /// Who runs its calls.
    pub runtime: Runtime,
}

impl Room {
    /// An empty one.
    pub fn new() -> Self {
        static ROOMS: AtomicU64 = AtomicU64::new(0);
        let number = ROOMS.fetch_add(1, Ordering::Relaxed);
        let own = format!("strangler-fig-files-{}-{number}", std::process::id());
        let directory = shared_memory().join(own);
        fs::create_dir_all(&directory).expect("a directory can be made");
        let runtime = Builder::new_current_thread().enable_time().build();
        Self { directory, runtime: runtime.expect("a runtime can be made") }
    }

    /// Removes what is in it.
    pub fn clear(&self) {
        for entry in fs::read_dir(&self.directory).expect("it is a directory") {
            fs::remove_file(entry.expect("it can be listed").path()).expect("it is a file");
        }
    }

    /// The names of the files in it that end so.
    pub fn ending(&self, ending: &str) -> Vec<PathBuf> {
        let files = fs::read_dir(&self.directory).expect("it is a directory");
        let files = files.map(|entry| entry.expect("it can be listed").path());
        files.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Where syncing costs nothing, if there is such a place.
fn shared_memory() -> PathBuf {
    let shared = PathBuf::from("/dev/shm");
    if shared.is_dir() { shared } else { std::env::temp_dir() }
}
