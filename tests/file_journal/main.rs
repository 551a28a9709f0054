//! The file-backed journal of sagas: what it does with files that are not what they should be, with
//! a disk that refuses, with other processes, and with being killed.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod child;
mod crash;
mod damage;
#[path = "../file_support/other.rs"]
mod other;
mod refusal;
mod renewal;
mod scratch;
mod share;

use std::time::Duration;

use strangler_fig::error::StoreError;
use strangler_fig::memory::FileSagaJournal;
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::saga::{
    Created, NewSaga, Payload, SagaAppend, SagaClaim, SagaEntry, SagaId, SagaJournal, SagaOutcome,
    SagaStatus,
};

const TERM: Duration = Duration::from_secs(300);

fn order() -> SagaId {
    "order:4711".parse().unwrap()
}

fn runner(name: &str) -> NodeId {
    NodeId { name: name.parse().unwrap(), incarnation: Incarnation::fixed(1) }
}

fn saga(id: SagaId) -> NewSaga {
    let definition = "checkout@3#00000000000000ff".parse().unwrap();
    NewSaga { id, definition, input: 42, parent: None }
}

fn begun() -> SagaEntry {
    let input = Payload::parse("{\"order\": 4711}").unwrap();
    SagaEntry::Begun { input, deadline_unix_ms: None, traceparent: None }
}

fn started(number: u64) -> SagaEntry {
    SagaEntry::Started { step: format!("step-{number}").parse().unwrap() }
}

async fn create(journal: &FileSagaJournal, id: SagaId) -> Result<Created, StoreError> {
    journal.create(&saga(id), &[begun()], &runner("node-1"), TERM).await
}

async fn append(
    journal: &FileSagaJournal,
    claim: &SagaClaim,
    position: u64,
) -> Result<(), StoreError> {
    let entries = [started(position)];
    let status = SagaStatus::Running;
    let append = SagaAppend { position, entries: &entries, status, outcome: None };
    journal.append(claim, &append, TERM).await
}

async fn end(journal: &FileSagaJournal, claim: &SagaClaim, position: u64) {
    let outcome = SagaOutcome::Committed { output: Payload::of(&17).unwrap() };
    let (status, of) = (outcome.status(), Some(&outcome));
    let append = SagaAppend { position, entries: &[], status, outcome: of };
    journal.append(claim, &append, TERM).await.unwrap();
}

async fn entries(journal: &FileSagaJournal) -> Vec<SagaEntry> {
    journal.load(&order()).await.unwrap().unwrap().1
}
