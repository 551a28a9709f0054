use std::path::PathBuf;
use std::{fs, io, process};

/// A fresh folder for one run, removed when dropped.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) path: PathBuf,
}

impl Scratch {
    /// Makes one among the system's temporary folders.
    pub(crate) fn new() -> io::Result<Self> {
        let parent = std::env::temp_dir();
        // A run that was killed may have left a folder of the same name.
        for attempt in 0..u32::MAX {
            let name = format!("strangler-fig-gateway-{}-{attempt}", process::id());
            let path = parent.join(name);
            match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made.map(|()| Self { path }),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = fs::remove_dir_all(&self.path);
    }
}
