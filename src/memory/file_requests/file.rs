use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::FileRequestError;
use super::line::{Line, Request};
use crate::gateway::dual::RequestKey;
use crate::memory::files::{Decoded, Format, SealedFile, encode};

const FORMAT: Format = Format { name: "strangler-fig/request-file", version: 1 };

/// What every request's file ends with.
pub(super) const ENDING: &str = ".request";
/// What one ends with while it is made.
pub(super) const LEFTOVER: &str = ".request.tmp";
/// How many digits a digest has, each of them lower case.
const DIGITS: usize = 32;

/// What is left in a new one for its notes, in bytes: a request of which nothing more can be written down must not
/// be sent.
const NOTES: usize = 1 << 20;

/// The file of one request. Every call blocks.
#[derive(Debug, Clone)]
pub(super) struct RequestFile {
    directory: PathBuf,
    file: SealedFile,
}

/// A request, as its file's lines add up to it, and where the next one goes.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) request: Request,
    end: usize,
    seal: u64,
}

impl RequestFile {
    pub(super) fn of(directory: &Path, key: &RequestKey) -> Self {
        Self::at(directory, format!("{key}{ENDING}").as_ref())
    }

    pub(super) fn at(directory: &Path, name: &Path) -> Self {
        let file = SealedFile::at(directory, name).private().with_room(NOTES);
        Self { directory: directory.to_owned(), file }
    }

    /// What it is called in its directory.
    pub(super) fn name(&self) -> &OsStr {
        self.file.path().file_name().expect("a request's file has a name")
    }

    /// What must be locked around every change.
    pub(super) fn lock(directory: &Path, key: &RequestKey) -> PathBuf {
        directory.join(format!("{:x}.lock", key.digest() >> 124))
    }

    /// What must be locked around the removal of what was left half-made of a request's file; `None` if the name is
    /// no such file's.
    pub(super) fn lock_of_leftover(directory: &Path, name: &str) -> Option<PathBuf> {
        let digest = name.strip_suffix(LEFTOVER)?;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_digest = digest.len() == DIGITS && digest.bytes().all(is_digit);
        is_digest.then(|| directory.join(format!("{}.lock", &digest[..1])))
    }

    /// What the file says, even if it may be gone after the power has failed.
    pub(super) fn glance(&self) -> Result<Option<Stored>, FileRequestError> {
        self.file.glance(FORMAT)?.map(|decoded| self.stored(decoded)).transpose()
    }

    /// What the file says, and will still say after the power has failed.
    pub(super) fn read(&self) -> Result<Option<Stored>, FileRequestError> {
        self.file.read(FORMAT)?.map(|decoded| self.stored(decoded)).transpose()
    }

    fn stored(&self, decoded: Decoded<Line>) -> Result<Stored, FileRequestError> {
        let path = self.file.path();
        let impossible = |line| FileRequestError::Impossible { path: path.to_owned(), line };
        let mut lines = (2..).zip(decoded.lines);
        let first = lines.next().and_then(|(_, line)| line.begun());
        let mut request = first.ok_or_else(|| impossible(2))?;
        for (number, line) in lines {
            line.follow(&mut request).ok_or_else(|| impossible(number))?;
        }
        if Self::of(&self.directory, &request.new.key).file.path() != path {
            return Err(FileRequestError::OtherRequest { path: path.to_owned() });
        }
        Ok(Stored { request, end: decoded.end, seal: decoded.seal })
    }

    /// Adds a line to what was found; durable when it answers `Ok`.
    pub(super) fn add(&self, found: &Stored, line: &Line) -> Result<(), FileRequestError> {
        Ok(self.file.add(found.end, found.seal, line)?)
    }

    /// Makes the file one of this line; durable when it answers `Ok`.
    pub(super) fn replace(&self, line: &Line) -> Result<(), FileRequestError> {
        Ok(self.file.put(&encode(FORMAT, std::slice::from_ref(line)))?)
    }

    /// Removes the file; durable when it answers `Ok`.
    pub(super) fn remove(&self) -> Result<(), FileRequestError> {
        match fs::remove_file(self.file.path()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.file.failed(error).into())
            }
            _ => self.confirm(),
        }
    }

    /// Makes durable that the file is there, and which.
    pub(super) fn confirm(&self) -> Result<(), FileRequestError> {
        Ok(self.file.confirm()?)
    }
}
