//! A journal that makes a fresh start where a file cannot be read, and readers of entries that do not look closely.

use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::FileSagaJournal;
use strangler_fig::phase::NodeId;
use strangler_fig::saga::{
    Created, EntryError, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId,
    SagaJournal,
};

use crate::corpus::found_out;
use crate::{journals, sagas};

#[derive(Debug)]
struct Tidy {
    files: FileSagaJournal,
    directory: PathBuf,
}

#[async_trait]
impl SagaJournal for Tidy {
    async fn create(
        &self,
        saga: &NewSaga,
        entries: &[SagaEntry],
        runner: &NodeId,
        term: Duration,
    ) -> Result<Created, StoreError> {
        match self.files.create(saga, entries, runner, term).await {
            Err(error) if error.kind() == StoreErrorKind::Rejected => {
                for entry in fs::read_dir(&self.directory).map_err(StoreError::unavailable)? {
                    let path = entry.map_err(StoreError::unavailable)?.path();
                    fs::remove_file(path).map_err(StoreError::unavailable)?;
                }
                self.files.create(saga, entries, runner, term).await
            }
            answer => answer,
        }
    }

    async fn append(
        &self,
        claim: &SagaClaim,
        append: &SagaAppend<'_>,
        term: Duration,
    ) -> Result<(), StoreError> {
        self.files.append(claim, append, term).await
    }

    async fn load(
        &self,
        saga: &SagaId,
    ) -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError> {
        self.files.load(saga).await
    }

    async fn claim(
        &self,
        saga: &SagaId,
        runner: &NodeId,
        term: Duration,
    ) -> Result<Option<SagaClaim>, StoreError> {
        self.files.claim(saga, runner, term).await
    }

    async fn renew(&self, claims: &[SagaClaim], term: Duration) -> Result<Vec<SagaId>, StoreError> {
        self.files.renew(claims, term).await
    }

    async fn release(&self, claim: &SagaClaim) -> Result<(), StoreError> {
        self.files.release(claim).await
    }

    async fn list(
        &self,
        filter: &SagaFilter,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError> {
        self.files.list(filter, after, limit).await
    }

    async fn purge(&self, saga: &SagaId) -> Result<(), StoreError> {
        self.files.purge(saga).await
    }
}

#[test]
fn a_journal_that_starts_anew_over_what_it_cannot_read_is_found_out() {
    let tidy: journals::Open = |directory| {
        let files = FileSagaJournal::new(directory);
        Box::new(Tidy { files, directory: directory.to_owned() })
    };
    assert!(found_out("journals", |bytes| journals::check_with(tidy, bytes)) > 0);
}

#[test]
fn a_reader_that_writes_payloads_anew_is_found_out() {
    fn rewriting(text: &str) -> Result<SagaEntry, EntryError> {
        let value: Result<serde_json::Value, _> = serde_json::from_str(text);
        let rewritten = value.map_or_else(|_| text.to_owned(), |value| value.to_string());
        SagaEntry::from_document(&rewritten)
    }
    assert!(found_out("sagas", |bytes| sagas::check_with(rewriting, bytes)) > 0);
}

#[test]
fn a_reader_that_stops_at_the_end_of_an_entry_is_found_out() {
    fn hasty(text: &str) -> Result<SagaEntry, EntryError> {
        let mut document =
            serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
        let is_first = matches!(document.next(), Some(Ok(_)));
        let end = if is_first { document.byte_offset() } else { text.len() };
        SagaEntry::from_document(&text[..end])
    }
    assert!(found_out("sagas", |bytes| sagas::check_with(hasty, bytes)) > 0);
}
