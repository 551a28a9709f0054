use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use twox_hash::XxHash3_128;

use super::FileJournalError;
use super::codec::{decode, encode, encode_line};
use super::line::{Line, without_void_renewals};
use super::stored::Stored;
use crate::memory::files::sync_directory;
use crate::saga::SagaId;

/// Thousands of entries, with outputs that are large; a file beyond this is none of ours.
const BYTES_MAX: usize = 64 << 20;

/// How many renewals a file holds that count for nothing any more, before it is made anew without them.
const RENEWALS_MAX: usize = 100;

/// What every saga's file ends with.
pub(super) const ENDING: &str = ".saga";

/// The file of one saga, and what stands beside it. Every call blocks.
#[derive(Debug, Clone)]
pub(super) struct SagaFile {
    directory: PathBuf,
    path: PathBuf,
    sync: fn(&Path) -> io::Result<()>,
}

/// What the file of a saga is called, without its ending.
fn name(id: &SagaId) -> String {
    format!("{:032x}", XxHash3_128::oneshot(id.as_str().as_bytes()))
}

impl SagaFile {
    pub(super) fn of(directory: &Path, id: &SagaId) -> Self {
        Self::at(directory, format!("{}{ENDING}", name(id)).as_ref())
    }

    pub(super) fn at(directory: &Path, name: &Path) -> Self {
        let path = directory.join(name);
        Self { directory: directory.to_owned(), path, sync: sync_directory }
    }

    fn temporary(&self) -> PathBuf {
        self.path.with_extension("saga.tmp")
    }

    /// What must be locked around every change.
    pub(super) fn lock(directory: &Path, id: &SagaId) -> PathBuf {
        directory.join(format!("{}.lock", &name(id)[..1]))
    }

    /// What the file says, even if it may be gone after the power has failed.
    pub(super) fn glance(&self) -> Result<Option<Stored>, FileJournalError> {
        let Some(mut file) = self.open()? else { return Ok(None) };
        self.stored(&mut file).map(Some)
    }

    /// What the file says, and will still say after the power has failed: whoever wrote it
    /// may not have got as far as syncing it.
    pub(super) fn read(&self) -> Result<Option<Stored>, FileJournalError> {
        let mut found = None;
        if let Some(mut file) = self.open()? {
            found = Some(self.stored(&mut file)?);
            file.sync_data().map_err(|source| self.failed(source))?;
        }
        (self.sync)(&self.directory)
            .map_err(|source| FileJournalError::io(&self.directory, source))?;
        Ok(found)
    }

    fn stored(&self, file: &mut File) -> Result<Stored, FileJournalError> {
        let mut bytes = Vec::new();
        let read = file.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|source| self.failed(source))?;
        self.fits(bytes.len())?;
        let stored = Stored::of(decode(&bytes, &self.path)?, &self.path)?;
        if *self == Self::of(&self.directory, &stored.id) {
            return Ok(stored);
        }
        Err(FileJournalError::OtherSaga { path: self.path.clone(), found: stored.id })
    }

    fn open(&self) -> Result<Option<File>, FileJournalError> {
        let metadata = match fs::symlink_metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata.map_err(|source| self.failed(source))?,
        };
        if !metadata.is_file() {
            return Err(FileJournalError::NotAFile { path: self.path.clone() });
        }
        // Only Unix syncs what was opened to be read.
        let opened = OpenOptions::new().read(true).write(cfg!(not(unix))).open(&self.path);
        opened.map(Some).map_err(|source| self.failed(source))
    }

    /// Adds a line to what was found; durable when it answers `Ok`. In the place of what a crash left,
    /// if it left something.
    pub(super) fn add(&self, found: &Stored, line: &Line) -> Result<(), FileJournalError> {
        let (bytes, _) = encode_line(line, found.seal);
        self.fits(found.end + bytes.len())?;
        let opened = OpenOptions::new().write(true).open(&self.path);
        let mut file = opened.map_err(|source| self.failed(source))?;
        let end = found.end as u64;
        let written = file.set_len(end).and_then(|()| file.seek(SeekFrom::Start(end)));
        written.and_then(|_| file.write_all(&bytes)).map_err(|source| {
            // Half a line is none. What cannot be removed now, the next write removes.
            let _ = file.set_len(end);
            self.failed(source)
        })?;
        file.sync_data().map_err(|source| self.unconfirmed(source))
    }

    /// Adds a line that renews a claim, as `found` has it already; where many count for nothing any more,
    /// the file is made anew without them, if it says the same then.
    pub(super) fn renew(&self, found: &Stored, line: &Line) -> Result<(), FileJournalError> {
        if found.void_renewals < RENEWALS_MAX {
            return self.add(found, line);
        }
        let bytes = fs::read(&self.path).map_err(|source| self.failed(source))?;
        let mut lines = decode(&bytes, &self.path)?.lines;
        lines.push(line.clone());
        let bytes = encode(&without_void_renewals(lines));
        let is_same = decode(&bytes, &self.path)
            .and_then(|decoded| Stored::of(decoded, &self.path))
            .is_ok_and(|anew| anew.id == found.id && anew.record == found.record);
        if is_same { self.put(&bytes) } else { self.add(found, line) }
    }

    /// Makes the file one of these lines; durable when it answers `Ok`.
    pub(super) fn replace(&self, lines: &[Line]) -> Result<(), FileJournalError> {
        self.put(&encode(lines))
    }

    fn put(&self, bytes: &[u8]) -> Result<(), FileJournalError> {
        let temporary = self.temporary();
        self.fits(bytes.len())?;
        if let Err(source) = write_anew(&temporary, bytes) {
            // What cannot be removed now, the next write removes.
            let _ = fs::remove_file(&temporary);
            return Err(FileJournalError::Io { path: temporary, source });
        }
        fs::rename(&temporary, &self.path).map_err(|source| {
            // Where it is still there, it was surely not renamed.
            match fs::remove_file(&temporary) {
                Ok(()) => self.failed(source),
                Err(_) => self.unconfirmed(source),
            }
        })?;
        self.confirm()
    }

    /// Makes durable that the file is there, and which.
    pub(super) fn confirm(&self) -> Result<(), FileJournalError> {
        (self.sync)(&self.directory).map_err(|source| self.unconfirmed(source))
    }

    fn fits(&self, bytes: usize) -> Result<(), FileJournalError> {
        if bytes <= BYTES_MAX {
            return Ok(());
        }
        Err(FileJournalError::TooLarge { path: self.path.clone(), bytes })
    }

    fn failed(&self, source: io::Error) -> FileJournalError {
        FileJournalError::io(&self.path, source)
    }

    fn unconfirmed(&self, source: io::Error) -> FileJournalError {
        FileJournalError::Unconfirmed { path: self.path.clone(), source }
    }
}

impl PartialEq for SagaFile {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

fn write_anew(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
