//! Sagas, runners, and calls that must succeed.

use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::SagaJournalFixture;
use crate::error::{StoreError, StoreErrorKind};
use crate::phase::{Incarnation, NodeId};
use crate::saga::{
    Created, NewSaga, Payload, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId,
    SagaJournal, SagaOutcome, SagaStatus,
};

/// A term that does not run out within a fact.
pub(super) const LONG: Duration = Duration::from_secs(300);
/// A term that is waited for, and a wait that it does not survive.
pub(super) const SHORT: Duration = Duration::from_millis(500);
pub(super) const LONGER: Duration = Duration::from_millis(900);

pub(super) type Journal = Arc<dyn SagaJournal>;

pub(super) fn id(text: &str) -> SagaId {
    text.parse().expect("it is an id")
}

pub(super) fn runner(n: u32) -> NodeId {
    let name = format!("node-{n}").parse().expect("it is a name");
    NodeId { name, incarnation: Incarnation::fixed(u128::from(n)) }
}

pub(super) fn saga(text: &str) -> NewSaga {
    let definition = "checkout@3#00000000000000ff".parse().expect("it is a definition");
    NewSaga { id: id(text), definition, input: 42, parent: None }
}

pub(super) fn payload(json: &str) -> Payload {
    Payload::parse(json).expect("it is JSON")
}

pub(super) fn begun(input: &str) -> SagaEntry {
    SagaEntry::Begun { input: payload(input), deadline_unix_ms: None, traceparent: None }
}

pub(super) fn started(step: &str) -> SagaEntry {
    SagaEntry::Started { step: step.parse().expect("it is a name") }
}

pub(super) fn limit(limit: usize) -> NonZeroUsize {
    NonZeroUsize::new(limit).expect("lists hold something")
}

pub(super) fn answered<T: fmt::Debug>(what: &str, answer: Result<T, StoreError>) -> T {
    answer.unwrap_or_else(|error| panic!("{what} failed: {error:?}"))
}

/// A new saga of one entry, held by the first runner.
pub(super) async fn created(journal: &dyn SagaJournal, text: &str) -> SagaClaim {
    created_for(journal, text, LONG).await
}

pub(super) async fn created_for(
    journal: &dyn SagaJournal,
    text: &str,
    term: Duration,
) -> SagaClaim {
    let created = journal.create(&saga(text), &[begun("1")], &runner(1), term).await;
    match answered("creating", created) {
        Created::New(claim) => claim,
        Created::Found(header) => panic!("the journal holds {} already", header.id),
    }
}

/// A saga of two entries that is over.
pub(super) async fn over(journal: &dyn SagaJournal, text: &str) -> SagaClaim {
    let claim = created(journal, text).await;
    let outcome = SagaOutcome::Committed { output: payload("17") };
    end(journal, &claim, &outcome).await;
    claim
}

/// Ends a saga of one entry.
pub(super) async fn end(journal: &dyn SagaJournal, claim: &SagaClaim, outcome: &SagaOutcome) {
    let entries = [SagaEntry::Ended { outcome: outcome.clone() }];
    let (status, outcome) = (outcome.status(), Some(outcome));
    let append = SagaAppend { position: 1, entries: &entries, status, outcome };
    answered("appending", journal.append(claim, &append, LONG).await);
}

pub(super) async fn purge(journal: &dyn SagaJournal, saga: &SagaId) {
    answered("purging", journal.purge(saga).await);
}

/// Entries at a position of a saga that runs on.
pub(super) fn at(position: u64, entries: &[SagaEntry]) -> SagaAppend<'_> {
    SagaAppend { position, entries, status: SagaStatus::Running, outcome: None }
}

pub(super) async fn append(
    journal: &dyn SagaJournal,
    claim: &SagaClaim,
    position: u64,
    entries: &[SagaEntry],
) {
    answered("appending", journal.append(claim, &at(position, entries), LONG).await);
}

/// Changes the status of a saga of one entry.
pub(super) async fn put(journal: &dyn SagaJournal, claim: &SagaClaim, status: SagaStatus) {
    let entries = [started("charge")];
    let append = SagaAppend { status, ..at(1, &entries) };
    answered("appending", journal.append(claim, &append, LONG).await);
}

pub(super) async fn loaded(
    journal: &dyn SagaJournal,
    saga: &SagaId,
) -> (SagaHeader, Vec<SagaEntry>) {
    answered("loading", journal.load(saga).await).unwrap_or_else(|| panic!("{saga} is not there"))
}

/// A saga as it is, apart from how long ago it changed.
pub(super) async fn kept(
    journal: &dyn SagaJournal,
    saga: &SagaId,
) -> Option<(SagaHeader, Vec<SagaEntry>)> {
    let found = answered("loading", journal.load(saga).await);
    found.map(|(header, entries)| (steady(header), entries))
}

/// What does not change by itself.
pub(super) fn steady(header: SagaHeader) -> SagaHeader {
    SagaHeader { idle: Duration::ZERO, ..header }
}

/// An append that is a conflict and changes nothing.
pub(super) async fn refused(
    journal: &dyn SagaJournal,
    claim: &SagaClaim,
    position: u64,
    why: &str,
) {
    let before = kept(journal, &claim.saga).await;
    let entries = [started("too-late"), started("much-too-late")];
    let append = SagaAppend { status: SagaStatus::Parked, ..at(position, &entries) };
    is_conflict(journal.append(claim, &append, LONG).await, why);
    assert_eq!(kept(journal, &claim.saga).await, before, "what was there, though {why}");
}

pub(super) fn is_conflict(answer: Result<(), StoreError>, why: &str) {
    match answer {
        Err(error) => assert_eq!(error.kind(), StoreErrorKind::Conflict, "{why}: {error:?}"),
        Ok(()) => panic!("it was done, though {why}"),
    }
}

pub(super) async fn try_claim(
    journal: &dyn SagaJournal,
    saga: &SagaId,
    n: u32,
) -> Option<SagaClaim> {
    answered("claiming", journal.claim(saga, &runner(n), LONG).await)
}

pub(super) async fn claimed(journal: &dyn SagaJournal, saga: &SagaId, n: u32) -> SagaClaim {
    let claim = try_claim(journal, saga, n).await.expect("it is free, or one's own");
    assert_eq!(claim.saga, *saga, "the saga of a claim");
    claim
}

pub(super) async fn is_held(journal: &dyn SagaJournal, saga: &SagaId, when: &str) {
    assert_eq!(try_claim(journal, saga, 99).await, None, "another runner's claim: {when}");
}

pub(super) async fn holder(journal: &dyn SagaJournal, saga: &SagaId) -> Option<NodeId> {
    loaded(journal, saga).await.0.holder
}

pub(super) async fn release(journal: &dyn SagaJournal, claim: &SagaClaim) {
    answered("releasing", journal.release(claim).await);
}

pub(super) async fn renew(
    journal: &dyn SagaJournal,
    claims: &[SagaClaim],
    term: Duration,
) -> Vec<SagaId> {
    let mut renewed = answered("renewing", journal.renew(claims, term).await);
    renewed.sort_unstable();
    renewed
}

pub(super) async fn listed(
    journal: &dyn SagaJournal,
    filter: &SagaFilter,
    after: Option<&SagaId>,
    most: usize,
) -> Vec<String> {
    let headers = answered("listing", journal.list(filter, after, limit(most)).await);
    headers.into_iter().map(|header| header.id.to_string()).collect()
}

/// Two handles on a journal.
pub(super) async fn handles<F: SagaJournalFixture>(fixture: &F) -> [Journal; 2] {
    [fixture.journal(), fixture.reopened().await]
}

pub(super) fn handle(handles: &[Journal; 2], call: u32) -> Journal {
    Arc::clone(&handles[usize::from(call % 2 == 0)])
}

/// What came of a call among others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Came<T> {
    Done(T),
    Refused,
    /// Nobody knows.
    InDoubt,
}

/// Makes a call until it is decided: a store may be too busy for it, as long as it says so.
pub(super) async fn decided<T, C>(mut call: impl FnMut() -> C) -> Came<T>
where
    C: Future<Output = Result<T, StoreError>>,
{
    for attempt in 0..100_u64 {
        match call().await {
            Ok(value) => return Came::Done(value),
            Err(error) if error.kind() == StoreErrorKind::Conflict => return Came::Refused,
            Err(error) if error.kind() == StoreErrorKind::Unavailable => {
                tokio::time::sleep(Duration::from_millis(attempt % 8)).await;
            }
            Err(error) if error.kind() == StoreErrorKind::Unknown => return Came::InDoubt,
            Err(error) => panic!("a call among others was rejected: {error:?}"),
        }
    }
    panic!("a call among others was never decided")
}
