use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::error::{JsonError, StoreError, StoreErrorKind};
use crate::memory::files::LockError;
use crate::phase::{DocumentError, MigrationName};

/// Why a file could not be used; the source of the service's
/// [`StoreError`]s.
///
/// ```
/// use strangler_fig::error::{StoreError, StoreErrorKind};
/// use strangler_fig::memory::FileStateError;
///
/// let error = StoreError::from(FileStateError::Damaged { path: "users.migration.json".into() });
/// assert_eq!(error.kind(), StoreErrorKind::Rejected);
/// assert!(error.downcast_ref::<FileStateError>().is_some());
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileStateError {
    /// The operating system refused before anything was replaced.
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
    /// The file may have been replaced, and may be the old one again after the
    /// power has failed.
    #[error("{} may or may not have been replaced for good", path.display())]
    Unconfirmed {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A directory, a symbolic link or another thing stands where the file
    /// belongs; replacing it would do harm.
    #[error("{} is no plain file", path.display())]
    NotAFile {
        /// Where.
        path: PathBuf,
    },
    /// The file is, or would become, larger than any real one.
    #[error("{} has {bytes} bytes, more than a migration file may have", path.display())]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// How large, at least.
        bytes: usize,
    },
    /// It is no migration file, or its first line is cut short.
    #[error("{} is not a migration file", path.display())]
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
    /// The checksum is another: torn, cut short, or changed by hand.
    #[error("{} is damaged: its checksum is wrong", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
    /// It is whole, with a field that cannot be.
    #[error("{} is broken", path.display())]
    Broken {
        /// Which file.
        path: PathBuf,
        /// Which field.
        source: JsonError,
    },
    /// It is whole, and its fields contradict each other: no call writes it so.
    #[error("{} is impossible: see its field {field}", path.display())]
    Impossible {
        /// Which file.
        path: PathBuf,
        /// Where to look.
        field: &'static str,
    },
    /// It is whole, and the state in it cannot be used.
    #[error("{} holds no usable state", path.display())]
    State {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: DocumentError,
    },
    /// It belongs to another migration: renamed, or two names that a file
    /// system which ignores case cannot tell apart.
    #[error("{} belongs to {found}, not to {expected}", path.display())]
    OtherMigration {
        /// Which file.
        path: PathBuf,
        /// Whose it should be.
        expected: MigrationName,
        /// Whose it is.
        found: MigrationName,
    },
}

impl FileStateError {
    const fn kind(&self) -> StoreErrorKind {
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
            | Self::State { .. }
            | Self::OtherMigration { .. } => StoreErrorKind::Rejected,
        }
    }
}

impl From<FileStateError> for StoreError {
    fn from(error: FileStateError) -> Self {
        Self::new(error.kind(), error)
    }
}

impl From<LockError> for FileStateError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::Io { path, source } => Self::Io { path, source },
            LockError::Locked { path, waited } => Self::Locked { path, waited },
        }
    }
}
