use std::fs;
use std::io;
use std::path::PathBuf;
use std::process;

/// A fresh directory for one run, removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes one among the system's temporary directories.
    pub fn new() -> io::Result<Self> {
        let parent = std::env::temp_dir();
        // A run that was killed may have left a directory of the same name.
        for attempt in 0..u32::MAX {
            let name = format!("strangler-fig-quickstart-{}-{attempt}", process::id());
            let path = parent.join(name);
            match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made.map(|()| Self { path }),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = fs::remove_dir_all(&self.path);
    }
}
