use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::FileStateError;
use super::document::Document;
use crate::error::StoreError;
use crate::memory::files::sync_directory;
use crate::phase::MigrationName;

/// Tens of thousands of leases; a file beyond this is none of ours.
const BYTES_MAX: usize = 16 << 20;

/// The file of one migration, and what stands beside it. Every call blocks.
#[derive(Debug, Clone)]
pub(super) struct MigrationFile {
    name: MigrationName,
    directory: PathBuf,
    path: PathBuf,
    temporary: PathBuf,
    lock: PathBuf,
    sync: fn(&Path) -> io::Result<()>,
}

impl MigrationFile {
    pub(super) fn new(directory: &Path, name: &MigrationName) -> Self {
        // The endings are three sets apart, and make a safe name of `..` too.
        let at = |ending: &str| directory.join(format!("{name}.migration.{ending}"));
        Self {
            name: name.clone(),
            directory: directory.to_owned(),
            path: at("json"),
            temporary: at("tmp"),
            lock: at("lock"),
            sync: sync_directory,
        }
    }

    /// What must be locked around [`update`](Self::update).
    pub(super) fn lock(&self) -> &Path {
        &self.lock
    }

    /// What the file says, even if it may be gone after the power has failed.
    pub(super) fn glance(&self) -> Result<Document, FileStateError> {
        let Some(bytes) = self.bytes()? else {
            return Ok(Document::empty(self.name.clone()));
        };
        Document::decode(&bytes, &self.name, &self.path)
    }

    /// What the file says, and will still say after the power has failed: the
    /// writer may not have got as far as syncing the directory.
    pub(super) fn read(&self) -> Result<Document, FileStateError> {
        let document = self.glance()?;
        (self.sync)(&self.directory)
            .map_err(|source| FileStateError::Io { path: self.directory.clone(), source })?;
        Ok(document)
    }

    /// Replaces the document by what `change` makes of it; durable when it
    /// answers `Ok`, also if there was nothing to change.
    pub(super) fn update<T>(
        &self,
        change: impl FnOnce(&mut Document) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let before = self.glance()?;
        let mut after = before.clone();
        let answer = change(&mut after)?;
        if after != before {
            self.replace(&after.encode())?;
        }
        self.confirm()?;
        Ok(answer)
    }

    fn bytes(&self) -> Result<Option<Vec<u8>>, FileStateError> {
        let metadata = match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata.map_err(|source| self.failed(source))?,
        };
        if !metadata.is_file() {
            let path = self.path.clone();
            return Err(FileStateError::NotAFile { path });
        }
        let mut bytes = Vec::new();
        let file = File::open(&self.path).map_err(|source| self.failed(source))?;
        let read = file.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|source| self.failed(source))?;
        self.fits(bytes.len())?;
        Ok(Some(bytes))
    }

    fn replace(&self, bytes: &[u8]) -> Result<(), FileStateError> {
        self.fits(bytes.len())?;
        if let Err(source) = self.write_temporary(bytes) {
            // What cannot be removed now, the next write removes.
            let _ = fs::remove_file(&self.temporary);
            let path = self.temporary.clone();
            return Err(FileStateError::Io { path, source });
        }
        fs::rename(&self.temporary, &self.path).map_err(|source| self.not_renamed(source))
    }

    fn write_temporary(&self, bytes: &[u8]) -> io::Result<()> {
        match fs::remove_file(&self.temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).open(&self.temporary)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// Where the temporary file is still there, it was surely not renamed.
    fn not_renamed(&self, source: io::Error) -> FileStateError {
        if fs::remove_file(&self.temporary).is_ok() {
            return self.failed(source);
        }
        let path = self.path.clone();
        FileStateError::Unconfirmed { path, source }
    }

    fn confirm(&self) -> Result<(), FileStateError> {
        (self.sync)(&self.directory)
            .map_err(|source| FileStateError::Unconfirmed { path: self.path.clone(), source })
    }

    fn fits(&self, bytes: usize) -> Result<(), FileStateError> {
        if bytes <= BYTES_MAX {
            return Ok(());
        }
        let path = self.path.clone();
        Err(FileStateError::TooLarge { path, bytes })
    }

    fn failed(&self, source: io::Error) -> FileStateError {
        let path = self.path.clone();
        FileStateError::Io { path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::StoreErrorKind;
    use crate::phase::{MigrationState, Revision};

    /// A directory of its own, removed at the end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(test: &str) -> Self {
            let own = format!("strangler-fig-{}-{test}", std::process::id());
            let directory = std::env::temp_dir().join(own);
            fs::create_dir_all(&directory).unwrap();
            Self(directory)
        }

        fn file(&self) -> MigrationFile {
            MigrationFile::new(&self.0, &"airports".parse().unwrap())
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn create(file: &MigrationFile) -> Result<Revision, StoreError> {
        file.update(|document| document.create(MigrationState::new(document.name.clone())))
    }

    fn fails(_: &Path) -> io::Result<()> {
        Err(io::Error::other("the disk has gone"))
    }

    #[test]
    fn a_directory_that_cannot_be_synced_leaves_a_write_unknown() {
        let scratch = Scratch::new("unsynced");
        let mut file = scratch.file();
        file.sync = fails;
        let error = create(&file).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unknown);
        let cause = error.downcast_ref::<FileStateError>().unwrap();
        assert!(matches!(cause, FileStateError::Unconfirmed { path, .. } if *path == file.path));
        assert_eq!(file.glance().unwrap().revision(), Revision(1));
    }

    #[test]
    fn a_repeat_that_changes_nothing_is_unknown_too_until_the_directory_is_synced() {
        let scratch = Scratch::new("repeat");
        let mut file = scratch.file();
        file.sync = fails;
        let error = file.update(|_| Ok(())).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unknown);
    }

    #[test]
    fn what_may_be_gone_after_the_power_has_failed_is_not_read() {
        let scratch = Scratch::new("read");
        let mut file = scratch.file();
        create(&file).unwrap();
        file.sync = fails;
        let error = StoreError::from(file.read().unwrap_err());
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    }

    #[test]
    fn a_write_that_changes_nothing_replaces_nothing() {
        let scratch = Scratch::new("same");
        let file = scratch.file();
        create(&file).unwrap();
        let modified = || fs::metadata(&file.path).unwrap().modified().unwrap();
        let before = modified();
        file.update(|_| Ok(())).unwrap();
        assert_eq!(modified(), before);
    }

    #[test]
    fn a_document_that_could_not_be_read_again_is_not_written() {
        let scratch = Scratch::new("large");
        let file = scratch.file();
        let error = file.replace(&vec![b' '; BYTES_MAX + 1]).unwrap_err();
        assert!(matches!(error, FileStateError::TooLarge { .. }));
        assert!(!file.path.exists() && !file.temporary.exists());
    }
}
