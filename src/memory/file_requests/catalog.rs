use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tracing::warn;

use super::FileRequestError;
use super::file::{ENDING, LEFTOVER, RequestFile};
use super::line::Request;
use crate::error::{StoreErrorKind, with_causes};
use crate::gateway::dual::{RecordedRequest, RequestStatus};

/// What is known of the requests in a directory, so that a look reads only files that have changed since the
/// one before, and reports one that cannot be read only once.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalog(Arc<Mutex<Known>>);

/// Which requests a look is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Open,
    All,
}

type Known = HashMap<OsString, (Version, Content)>;

/// What a file is told by: it grows with every change, or is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    bytes: u64,
    modified: Option<SystemTime>,
}

#[derive(Debug)]
enum Content {
    /// Without headers and body.
    Request(Box<Request>),
    /// As long as it stays as it is, it cannot be read.
    Damaged,
    /// It could not be read just now.
    Refused,
}

impl Catalog {
    /// What `look` makes of the requests in a directory. Where only open ones matter, those that were seen to be
    /// closed for good are not looked at again: what such a look costs are the names of all and the rest of the others.
    pub(super) fn look<T>(
        &self,
        directory: &Path,
        which: Which,
        look: impl FnOnce(&mut dyn Iterator<Item = &Request>) -> T,
    ) -> Result<T, FileRequestError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        update(&mut known, directory, which)?;
        let mut requests = known.values().filter_map(|(_, content)| match content {
            Content::Request(request) => Some(&**request),
            Content::Damaged | Content::Refused => None,
        });
        Ok(look(&mut requests))
    }
}

/// Looks at what is there now. Where that fails half-way, what is known stays, of then or of now.
fn update(known: &mut Known, directory: &Path, which: Which) -> Result<(), FileRequestError> {
    let failed = |source| FileRequestError::io(directory, source);
    let mut there = HashSet::with_capacity(known.len());
    for entry in fs::read_dir(directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if !name.as_encoded_bytes().ends_with(ENDING.as_bytes()) {
            continue;
        }
        let before = known.get(&name);
        let is_settled = before.is_some_and(|(_, content)| content.is_closed_for_good());
        if which == Which::Open && is_settled {
            there.insert(name);
            continue;
        }
        let version = match entry.metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            // What cannot be looked at holds up no other.
            Err(error) => {
                warn!(file = ?name, %error, "a recorded request cannot be looked at");
                there.insert(name);
                continue;
            }
            Ok(metadata) => Version::of(&metadata),
        };
        let before = before.filter(|(then, _)| *then == version);
        if !before.is_some_and(|(_, content)| !matches!(content, Content::Refused)) {
            let is_news = before.is_none();
            let Some(content) = content(directory, name.as_ref(), is_news) else { continue };
            known.insert(name.clone(), (version, content));
        }
        there.insert(name);
    }
    known.retain(|name, _| there.contains(name));
    Ok(())
}

impl Content {
    /// Nothing opens it again, and whoever purges it looks at it anew.
    fn is_closed_for_good(&self) -> bool {
        let Self::Request(request) = self else { return false };
        let status = request.state.status();
        status.is_closed() && status != RequestStatus::Withdrawn
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

/// What a file holds, if it is there. One that cannot be read holds up no other.
fn content(directory: &Path, name: &Path, is_news: bool) -> Option<Content> {
    let error = match RequestFile::at(directory, name).glance() {
        Ok(found) => {
            let mut request = found?.request;
            request.new.request = RecordedRequest::default();
            return Some(Content::Request(Box::new(request)));
        }
        Err(error) => error,
    };
    if is_news {
        warn!(error = with_causes(&error), "a request's file cannot be read, and is left out");
    }
    Some(match error.kind() {
        StoreErrorKind::Rejected => Content::Damaged,
        _ => Content::Refused,
    })
}

impl Version {
    fn of(metadata: &Metadata) -> Self {
        Self { bytes: metadata.len(), modified: metadata.modified().ok() }
    }
}
