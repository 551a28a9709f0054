use std::fs;
use std::path::{Path, PathBuf};

use twox_hash::XxHash3_128;

use super::FileJournalError;
use super::codec::{Decoded, FORMAT, decode, encode};
use super::line::{Line, without_void_renewals};
use super::stored::Stored;
use crate::memory::files::SealedFile;
use crate::saga::SagaId;

/// How many renewals a file holds that count for nothing any more, before it is made anew without them.
const RENEWALS_MAX: usize = 100;

/// What every saga's file ends with.
pub(super) const ENDING: &str = ".saga";

/// The file of one saga, and what stands beside it. Every call blocks.
#[derive(Debug, Clone)]
pub(super) struct SagaFile {
    directory: PathBuf,
    file: SealedFile,
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
        Self { directory: directory.to_owned(), file: SealedFile::at(directory, name) }
    }

    /// What must be locked around every change.
    pub(super) fn lock(directory: &Path, id: &SagaId) -> PathBuf {
        directory.join(format!("{}.lock", &name(id)[..1]))
    }

    /// What the file says, even if it may be gone after the power has failed.
    pub(super) fn glance(&self) -> Result<Option<Stored>, FileJournalError> {
        self.file.glance(FORMAT)?.map(|decoded| self.stored(decoded)).transpose()
    }

    /// What the file says, and will still say after the power has failed: whoever wrote it
    /// may not have got as far as syncing it.
    pub(super) fn read(&self) -> Result<Option<Stored>, FileJournalError> {
        self.file.read(FORMAT)?.map(|decoded| self.stored(decoded)).transpose()
    }

    fn stored(&self, decoded: Decoded) -> Result<Stored, FileJournalError> {
        let path = self.file.path();
        let stored = Stored::of(decoded, path)?;
        if *self == Self::of(&self.directory, &stored.id) {
            return Ok(stored);
        }
        Err(FileJournalError::OtherSaga { path: path.to_owned(), found: stored.id })
    }

    /// Adds a line to what was found; durable when it answers `Ok`. In the place of what a crash left,
    /// if it left something.
    pub(super) fn add(&self, found: &Stored, line: &Line) -> Result<(), FileJournalError> {
        Ok(self.file.add(found.end, found.seal, line)?)
    }

    /// Adds a line that renews a claim, as `found` has it already; where many count for nothing any more,
    /// the file is made anew without them, if it says the same then.
    pub(super) fn renew(&self, found: &Stored, line: &Line) -> Result<(), FileJournalError> {
        if found.void_renewals < RENEWALS_MAX {
            return self.add(found, line);
        }
        let path = self.file.path();
        let bytes = fs::read(path).map_err(|source| FileJournalError::io(path, source))?;
        let mut lines = decode(&bytes, path)?.lines;
        lines.push(line.clone());
        let bytes = encode(&without_void_renewals(lines));
        let is_same = decode(&bytes, path)
            .and_then(|decoded| Stored::of(decoded, path))
            .is_ok_and(|anew| anew.id == found.id && anew.record == found.record);
        if is_same { Ok(self.file.put(&bytes)?) } else { self.add(found, line) }
    }

    /// Makes the file one of these lines; durable when it answers `Ok`.
    pub(super) fn replace(&self, lines: &[Line]) -> Result<(), FileJournalError> {
        Ok(self.file.put(&encode(lines))?)
    }

    /// Makes durable that the file is there, and which.
    pub(super) fn confirm(&self) -> Result<(), FileJournalError> {
        Ok(self.file.confirm()?)
    }
}

impl PartialEq for SagaFile {
    fn eq(&self, other: &Self) -> bool {
        self.file.path() == other.file.path()
    }
}
