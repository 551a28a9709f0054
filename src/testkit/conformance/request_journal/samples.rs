//! Requests, gateways, and calls that must succeed.

use std::fmt;
use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::RequestJournalFixture;
use crate::error::{StoreError, StoreErrorKind};
use crate::gateway::dual::{
    Fingerprint, NewRequest, Recorded, RecordedRequest, RequestAppend, RequestClaim,
    RequestJournal, RequestKey, RequestNote, RequestRecord, RequestRetention, Shelf, Trouble,
};
use crate::phase::{Actor, Incarnation, NodeId, Reason, Side};
use crate::stamp::Stamp;

/// A term that does not run out within a fact.
pub(super) const LONG: Duration = Duration::from_secs(300);
/// A term that is waited for, and a wait that it does not survive.
pub(super) const SHORT: Duration = Duration::from_millis(500);
pub(super) const LONGER: Duration = Duration::from_millis(900);
pub(super) const NOW: Duration = Duration::ZERO;

pub(super) type Journal = Arc<dyn RequestJournal>;

pub(super) fn key(text: &str) -> RequestKey {
    RequestKey::new("", text).expect("it is a key")
}

pub(super) fn node(n: u32) -> NodeId {
    let name = format!("gateway-{n}").parse().expect("it is a name");
    NodeId { name, incarnation: Incarnation::fixed(u128::from(n)) }
}

pub(super) fn stamp(n: u8) -> Stamp {
    Stamp::from_bytes([n; 16])
}

pub(super) fn new(text: &str) -> NewRequest {
    let body = format!("an order of {text}").into_bytes();
    NewRequest {
        key: key(text),
        fingerprint: Fingerprint::of("POST", "/orders", &body),
        request: RecordedRequest {
            method: "POST".to_owned(),
            target: "/orders".to_owned(),
            headers: vec![("content-type".to_owned(), b"text/plain".to_vec())],
            body,
        },
        stamp: stamp(7),
        first: Side::Legacy,
        is_strict: false,
        answers: Side::Legacy,
        rule: "orders".to_owned(),
        entity_id: None,
    }
}

pub(super) fn limit(limit: usize) -> NonZeroUsize {
    NonZeroUsize::new(limit).expect("lists hold something")
}

pub(super) fn answered<T: fmt::Debug>(what: &str, answer: Result<T, StoreError>) -> T {
    answer.unwrap_or_else(|error| panic!("{what} failed: {error:?}"))
}

/// A new request, held by the first gateway.
pub(super) async fn recorded(journal: &dyn RequestJournal, text: &str) -> RequestClaim {
    recorded_for(journal, text, LONG).await
}

pub(super) async fn recorded_for(
    journal: &dyn RequestJournal,
    text: &str,
    term: Duration,
) -> RequestClaim {
    match answered("recording", journal.record(&new(text), &node(1), term).await) {
        Recorded::New(claim) => claim,
        Recorded::Found(found) => panic!("the journal holds it already: {found:?}"),
    }
}

pub(super) fn done(side: Side) -> RequestNote {
    RequestNote::Answered { side, status: 201 }
}

pub(super) fn refusal(side: Side) -> RequestNote {
    RequestNote::Refused { side, status: 422 }
}

pub(super) fn doubt() -> RequestNote {
    RequestNote::Doubtful { side: Side::Legacy, why: Trouble::Late }
}

pub(super) fn retried() -> RequestNote {
    let (actor, reason) = (actor("ada"), reason(r#"it was "mended"; \n ''],}{$1%s--"#));
    RequestNote::Retried { actor, reason, however_old: false }
}

pub(super) fn resolved() -> RequestNote {
    let (actor, reason) = (actor("\u{202e}ada"), reason(" by hand \u{2028}\u{2029}\u{feff} é😀 "));
    RequestNote::Resolved { actor, reason }
}

pub(super) fn actor(text: &str) -> Actor {
    text.parse().expect("it is an actor")
}

pub(super) fn reason(text: &str) -> Reason {
    text.parse().expect("it is a reason")
}

pub(super) async fn note(
    journal: &dyn RequestJournal,
    claim: &RequestClaim,
    position: u32,
    note: &RequestNote,
) {
    answered("noting", journal.note(claim, &RequestAppend::new(position, note, LONG)).await);
}

/// Adds notes from the beginning, each under a claim of its own where the one before gave it back; answers the last claim.
pub(super) async fn noted(
    journal: &dyn RequestJournal,
    claim: RequestClaim,
    notes: &[RequestNote],
) -> RequestClaim {
    let mut claim = claim;
    for (position, next) in (0..).zip(notes) {
        if position > 0 && !notes[position as usize - 1].keeps_claim() {
            claim = claimed(journal, &claim.key, 1).await;
        }
        note(journal, &claim, position, next).await;
    }
    claim
}

/// A request that is over: both sides have done it.
pub(super) async fn closed(journal: &dyn RequestJournal, text: &str) -> RequestClaim {
    let claim = recorded(journal, text).await;
    noted(journal, claim, &[done(Side::Legacy), done(Side::Modern)]).await
}

pub(super) async fn parked(journal: &dyn RequestJournal, text: &str) -> RequestClaim {
    let claim = recorded(journal, text).await;
    noted(journal, claim, &[done(Side::Legacy), refusal(Side::Modern)]).await
}

pub(super) async fn withdrawn(journal: &dyn RequestJournal, text: &str) -> RequestClaim {
    let claim = recorded(journal, text).await;
    noted(journal, claim, &[RequestNote::Withdrawn]).await
}

/// A request that is open, due and free.
pub(super) async fn free(journal: &dyn RequestJournal, text: &str) -> RequestClaim {
    let claim = recorded(journal, text).await;
    noted(journal, claim, &[doubt()]).await
}

/// A request as it is, apart from how long ago it changed.
pub(super) async fn kept(journal: &dyn RequestJournal, key: &RequestKey) -> Option<RequestRecord> {
    answered("loading", journal.load(key).await).map(steady)
}

/// What does not change by itself.
pub(super) fn steady(mut record: RequestRecord) -> RequestRecord {
    (record.idle, record.due_in) = (Duration::ZERO, Duration::ZERO);
    record
}

/// With the times it says.
pub(super) async fn as_it_is(journal: &dyn RequestJournal, key: &RequestKey) -> RequestRecord {
    answered("loading", journal.load(key).await).expect("it is there")
}

pub(super) async fn loaded(journal: &dyn RequestJournal, key: &RequestKey) -> RequestRecord {
    kept(journal, key).await.expect("it is there")
}

/// A note that is a conflict and changes nothing.
pub(super) async fn refused(
    journal: &dyn RequestJournal,
    claim: &RequestClaim,
    position: u32,
    note: &RequestNote,
    why: &str,
) {
    let before = kept(journal, &claim.key).await;
    match journal.note(claim, &RequestAppend::new(position, note, LONG)).await {
        Err(error) => assert_eq!(error.kind(), StoreErrorKind::Conflict, "{why}: {error:?}"),
        Ok(()) => panic!("it was noted, though {why}"),
    }
    assert_eq!(kept(journal, &claim.key).await, before, "what was there, though {why}");
}

pub(super) async fn try_claim(
    journal: &dyn RequestJournal,
    key: &RequestKey,
    n: u32,
) -> Option<RequestClaim> {
    answered("claiming", journal.claim(key, &node(n), LONG).await)
}

pub(super) async fn claimed(
    journal: &dyn RequestJournal,
    key: &RequestKey,
    n: u32,
) -> RequestClaim {
    let claim = try_claim(journal, key, n).await.expect("it is free, or one's own");
    assert_eq!(claim.key, *key, "the request of a claim");
    claim
}

pub(super) async fn holder(journal: &dyn RequestJournal, key: &RequestKey) -> Option<NodeId> {
    loaded(journal, key).await.holder
}

/// What a gateway takes, in its order.
pub(super) async fn taken(
    journal: &dyn RequestJournal,
    n: u32,
    most: usize,
) -> Vec<(RequestClaim, RequestRecord)> {
    answered("taking", journal.take(&node(n), limit(most), LONG).await)
}

pub(super) async fn keys_taken(journal: &dyn RequestJournal, n: u32, most: usize) -> Vec<String> {
    let taken = taken(journal, n, most).await;
    taken.into_iter().map(|(claim, _)| claim.key.key().to_owned()).collect()
}

pub(super) async fn listed(
    journal: &dyn RequestJournal,
    shelf: Shelf,
    after: Option<&RequestKey>,
    most: usize,
) -> Vec<String> {
    let found = answered("listing", journal.list(shelf, after, limit(most)).await);
    found.into_iter().map(|record| record.new.key.key().to_owned()).collect()
}

pub(super) async fn purged(
    journal: &dyn RequestJournal,
    content: Duration,
    key: Duration,
    most: usize,
) -> usize {
    let retention = RequestRetention::default().with_content(content).with_key(key);
    answered("purging", journal.purge(retention, limit(most)).await)
}

/// Two handles on a journal.
pub(super) async fn handles<F: RequestJournalFixture>(fixture: &F) -> [Journal; 2] {
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
