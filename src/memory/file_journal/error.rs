use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::codec::faulty;
use crate::error::{JsonError, StoreError, StoreErrorKind};
use crate::memory::files::{FileFault, LockError};
use crate::saga::SagaId;

/// Why a saga's file could not be used; the source of the journal's [`StoreError`]s.
///
/// ```
/// use strangler_fig::error::{StoreError, StoreErrorKind};
/// use strangler_fig::memory::FileJournalError;
///
/// let error = StoreError::from(FileJournalError::Damaged { path: "a.saga".into(), line: 3 });
/// assert_eq!(error.kind(), StoreErrorKind::Rejected);
/// assert_eq!(error.with_causes(), "the store rejected it: line 3 of a.saga is damaged");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileJournalError {
    /// The operating system refused before anything was recorded.
    #[error("{} could not be used", path.display())]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Somebody else kept the lock for too long; nothing was done.
    #[error("{} stayed locked for {waited:?}", path.display())]
    Locked {
        /// The lock.
        path: PathBuf,
        /// How long the call has waited.
        waited: Duration,
    },
    /// It was written, and may be gone after the power has failed.
    #[error("{} may or may not have been changed for good", path.display())]
    Unconfirmed {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A directory, a symbolic link or another thing stands where the file belongs.
    #[error("{} is no plain file", path.display())]
    NotAFile {
        /// Where.
        path: PathBuf,
    },
    /// The file is, or would become, larger than a saga's may be.
    #[error("{} has {bytes} bytes, more than a saga's file may have", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// How large, at least.
        bytes: usize,
    },
    /// It is no saga's file.
    #[error("{} is not the file of a saga", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// A later version of the crate wrote it.
    #[error("{} has version {found}, which this crate cannot read", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// A checksum is another: changed by hand, or by a disk that fails.
    #[error("line {line} of {} is damaged", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which line, counted from 1.
        line: usize,
    },
    /// A line is whole, with a field that cannot be.
    #[error("line {line} of {} is broken", path.display())]
    Broken {
        /// Which file.
        path: PathBuf,
        /// Which line, counted from 1.
        line: usize,
        /// What is wrong with it, and where.
        source: JsonError,
    },
    /// A line is whole, and cannot come after those before: no call writes it so.
    #[error("line {line} of {} is impossible after those before", path.display())]
    Impossible {
        /// Which file.
        path: PathBuf,
        /// Which line, counted from 1.
        line: usize,
    },
    /// It belongs to another saga: it was renamed, or copied.
    #[error("{} belongs to saga {found}", path.display())]
    OtherSaga {
        /// Which file.
        path: PathBuf,
        /// Whose it is.
        found: SagaId,
    },
}

impl FileJournalError {
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }

    pub(super) const fn kind(&self) -> StoreErrorKind {
        match self {
            Self::Io { .. } | Self::Locked { .. } => StoreErrorKind::Unavailable,
            Self::Unconfirmed { .. } => StoreErrorKind::Unknown,
            Self::NotAFile { .. }
            | Self::TooLarge { .. }
            | Self::Foreign { .. }
            | Self::Newer { .. }
            | Self::Damaged { .. }
            | Self::Broken { .. }
            | Self::Impossible { .. }
            | Self::OtherSaga { .. } => StoreErrorKind::Rejected,
        }
    }
}

impl From<FileJournalError> for StoreError {
    fn from(error: FileJournalError) -> Self {
        Self::new(error.kind(), error)
    }
}

impl From<FileFault> for FileJournalError {
    fn from(fault: FileFault) -> Self {
        match fault {
            FileFault::Io { path, source } => Self::Io { path, source },
            FileFault::Unconfirmed { path, source } => Self::Unconfirmed { path, source },
            FileFault::NotAFile { path } => Self::NotAFile { path },
            FileFault::TooLarge { path, bytes } => Self::TooLarge { path, bytes },
            FileFault::Sealed { path, fault } => faulty(fault, &path),
        }
    }
}

impl From<LockError> for FileJournalError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Io { path, source } => Self::Io { path, source },
            LockError::Locked { path, waited } => Self::Locked { path, waited },
        }
    }
}
