use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tracing::warn;

use super::FileJournalError;
use super::file::{ENDING, SagaFile};
use super::line::{Record, UnixMillis};
use crate::error::{StoreErrorKind, with_causes};
use crate::memory::saga_record::page;
use crate::saga::{SagaFilter, SagaHeader, SagaId};

/// What the operating system says of a disk that cannot be read.
const EIO: i32 = 5;

/// What is known of the sagas in a directory, so that a list reads only files that have changed since the
/// one before, and reports one that cannot be read only once.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalog(Arc<Mutex<Known>>);

type Known = HashMap<OsString, (Version, Content)>;

/// What a file is told by: it grows with every change, or is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    bytes: u64,
    modified: Option<SystemTime>,
}

#[derive(Debug)]
enum Content {
    /// Without its entries.
    Saga(SagaId, Box<Record>),
    /// As long as it stays as it is, it cannot be read.
    Damaged,
    /// It could not be read just now.
    Refused,
}

impl Catalog {
    /// The sagas in a directory that a filter takes, as [`page`] does it.
    pub(super) fn page(
        &self,
        directory: &Path,
        filter: &SagaFilter,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, FileJournalError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known = update(std::mem::take(&mut *known), directory)?;
        let sagas = known.values().filter_map(|(_, content)| match content {
            Content::Saga(id, record) => Some((id, &**record)),
            Content::Damaged | Content::Refused => None,
        });
        Ok(page(sagas, filter, after, limit, UnixMillis::now()))
    }
}

/// What is there now.
fn update(mut before: Known, directory: &Path) -> Result<Known, FileJournalError> {
    let failed = |source| FileJournalError::io(directory, source);
    let mut known = Known::with_capacity(before.len());
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if !name.as_encoded_bytes().ends_with(ENDING.as_bytes()) {
            continue;
        }
        let version = match entry.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => Version::of(&metadata.map_err(failed)?),
        };
        let before = before.remove(&name).filter(|(then, _)| *then == version);
        let content = match before {
            Some((_, content @ (Content::Saga(..) | Content::Damaged))) => content,
            before => match content(directory, name.as_ref(), before.is_none())? {
                Some(content) => content,
                None => continue,
            },
        };
        known.insert(name, (version, content));
    }
    Ok(known)
}

/// What a file holds, if it is there.
fn content(
    directory: &Path,
    name: &Path,
    is_news: bool,
) -> Result<Option<Content>, FileJournalError> {
    let error = match SagaFile::at(directory, name).glance() {
        Ok(Some(mut found)) => {
            found.record.entries = Vec::new();
            return Ok(Some(Content::Saga(found.id, Box::new(found.record))));
        }
        Ok(None) => return Ok(None),
        Err(error) if is_of_the_file(&error) => error,
        Err(error) => return Err(error),
    };
    if is_news {
        warn!(error = with_causes(&error), "a saga's file cannot be read, and lists leave it out");
    }
    Ok(Some(match error.kind() {
        StoreErrorKind::Rejected => Content::Damaged,
        _ => Content::Refused,
    }))
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

impl Version {
    fn of(metadata: &Metadata) -> Self {
        Self { bytes: metadata.len(), modified: metadata.modified().ok() }
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
