use std::io;
use std::path::Path;

use tracing::warn;

use super::FileJournalError;
use super::file::{ENDING, SagaFile};
use super::line::Record;
use crate::error::{StoreErrorKind, with_causes};
use crate::memory::files::Summary;
use crate::observe::field;
use crate::saga::SagaId;

/// What the operating system says of a disk that cannot be read.
const EIO: i32 = 5;

/// A saga without its entries.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) id: SagaId,
    pub(super) record: Record,
}

impl Summary for Listed {
    type Error = FileJournalError;
    const ENDING: &'static str = ENDING;

    fn glance(directory: &Path, name: &Path) -> Result<Option<Self>, FileJournalError> {
        let found = SagaFile::at(directory, name).glance()?;
        Ok(found.map(|mut found| {
            found.record.entries = Vec::new();
            Self { id: found.id, record: found.record }
        }))
    }

    /// A list is of all there are.
    fn is_settled(&self) -> bool {
        false
    }

    fn failed(directory: &Path, source: io::Error) -> FileJournalError {
        FileJournalError::io(directory, source)
    }

    fn unseen(directory: &Path, _: &Path, why: io::Error, _: bool) -> Result<(), FileJournalError> {
        Err(FileJournalError::io(directory, why))
    }

    fn unread(error: FileJournalError, is_news: bool) -> Result<bool, FileJournalError> {
        if !is_of_the_file(&error) {
            return Err(error);
        }
        if is_news {
            let error = with_causes(&error);
            warn!({ field::ERROR } = error, "a saga's file cannot be read, and lists leave it out");
        }
        Ok(error.kind() == StoreErrorKind::Rejected)
    }
}

/// Whether the file is to blame, and not the moment.
fn is_of_the_file(error: &FileJournalError) -> bool {
    match error {
        FileJournalError::Io { source, .. } => {
            source.kind() == io::ErrorKind::PermissionDenied || source.raw_os_error() == Some(EIO)
        }
        other => other.kind() == StoreErrorKind::Rejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_to_blame_for_what_is_wrong_with_it_alone() {
        let io = |source| FileJournalError::io(Path::new("a.saga"), source);
        assert!(is_of_the_file(&FileJournalError::Damaged { path: "a.saga".into(), line: 3 }));
        assert!(is_of_the_file(&io(io::ErrorKind::PermissionDenied.into())));
        assert!(is_of_the_file(&io(io::Error::from_raw_os_error(EIO))));
        assert!(!is_of_the_file(&io(io::ErrorKind::OutOfMemory.into())));
    }
}
