use std::fs;
use std::io;
use std::path::Path;

use tracing::warn;

use super::FileRequestError;
use super::file::{ENDING, LEFTOVER, RequestFile};
use super::line::Request;
use crate::error::{StoreErrorKind, with_causes};
use crate::gateway::dual::{RecordedRequest, RequestStatus};
use crate::memory::files::Summary;
use crate::observe::field;

/// Without headers and body. One that cannot be used holds up no other.
impl Summary for Request {
    type Error = FileRequestError;
    const ENDING: &'static str = ENDING;

    fn glance(directory: &Path, name: &Path) -> Result<Option<Self>, FileRequestError> {
        let found = RequestFile::at(directory, name).glance()?;
        Ok(found.map(|mut found| {
            found.request.new.request = RecordedRequest::default();
            found.request
        }))
    }

    /// Nothing opens it again.
    fn is_settled(&self) -> bool {
        let status = self.state.status();
        status.is_closed() && status != RequestStatus::Withdrawn
    }

    fn failed(directory: &Path, source: io::Error) -> FileRequestError {
        FileRequestError::io(directory, source)
    }

    fn unseen(_: &Path, _: &Path, error: io::Error, is_news: bool) -> Result<(), Self::Error> {
        if is_news {
            warn!({ field::ERROR } = %error, "a recorded request cannot be looked at");
        }
        Ok(())
    }

    fn unread(error: FileRequestError, is_news: bool) -> Result<bool, FileRequestError> {
        if is_news {
            warn!(
                { field::ERROR } = with_causes(&error),
                "a request's file cannot be read, and is left out"
            );
        }
        Ok(error.kind() == StoreErrorKind::Rejected)
    }
}

/// The names of files that are being made, or were not.
pub(super) fn leftovers(directory: &Path) -> Result<Vec<String>, FileRequestError> {
    let failed = |source| FileRequestError::io(directory, source);
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        found.extend(name.into_string().ok().filter(|name| name.ends_with(LEFTOVER)));
    }
    Ok(found)
}
