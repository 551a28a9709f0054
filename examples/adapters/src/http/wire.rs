//! What is sent, as JSON.

use std::error::Error;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::key::{Key, KeyExt};
use strangler_fig::repository::{self, Applied};
use strangler_fig::stamp::{Record, Stamp};

/// The largest body that either side reads.
pub(super) const BODY_MAX: usize = 64 << 20;

/// Keys with their records.
pub(super) type Keyed<E> = (String, Record<E>);

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Page<E> {
    pub(super) records: Vec<Keyed<E>>,
    pub(super) is_last: bool,
}

impl<E> Page<E> {
    pub(super) fn of<K: Key>(page: repository::Page<K, E>) -> Self {
        let records = page.records.into_iter().map(|(key, record)| (hex_of(&key), record));
        Self { records: records.collect(), is_last: page.is_last }
    }

    pub(super) fn into_page<K: Key>(self) -> Result<repository::Page<K, E>, StoreError> {
        let records = self.records.into_iter().map(|(key, record)| Ok((key_of(&key)?, record)));
        Ok(repository::Page::new(records.collect::<Result<_, StoreError>>()?, self.is_last))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Stored,
    Stale(Stamp),
}

impl From<Applied> for Answer {
    fn from(applied: Applied) -> Self {
        match applied {
            Applied::Stored => Self::Stored,
            Applied::Stale(stamp) => Self::Stale(stamp),
        }
    }
}

impl From<Answer> for Applied {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Stored => Self::Stored,
            Answer::Stale(stamp) => Self::Stale(stamp),
        }
    }
}

/// A failed call: what the repository of the service reported.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Failure {
    kind: StoreErrorKind,
    message: String,
}

impl Failure {
    /// For proxies and people: the kind in the body is what counts.
    pub(super) const fn status(&self) -> StatusCode {
        match self.kind {
            StoreErrorKind::Rejected => StatusCode::UNPROCESSABLE_ENTITY,
            StoreErrorKind::Conflict => StatusCode::CONFLICT,
            StoreErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let mut message = Vec::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            message.push(error.to_string());
            cause = error.source();
        }
        Self { kind: error.kind(), message: message.join(": ") }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        Self::new(failure.kind, failure.message)
    }
}

pub(super) fn hex_of<K: Key>(key: &K) -> String {
    hex::encode(key.to_bytes())
}

pub(super) fn key_of<K: Key>(hex: &str) -> Result<K, StoreError> {
    let bytes = hex::decode(hex).map_err(StoreError::rejected)?;
    K::from_bytes(&bytes).map_err(StoreError::rejected)
}
