//! Messages, and what a relay does with them.

use std::collections::BTreeMap;
use std::fmt;
use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use super::OutboxFixture;
use crate::error::{StoreError, StoreErrorKind};
use crate::event::{
    EventEnvelope, EventPayload, FetchLimit, Lane, LaneClaim, LaneClaims, Message, OutboxDepth,
    OutboxPosition, OutboxRow, OutboxStore, ParkedRow, RowEnd,
};
use crate::phase::{Incarnation, NodeId};

pub(super) const NOW: Duration = Duration::ZERO;
/// A term or a delay that is waited for.
pub(super) const SHORT: Duration = Duration::from_millis(500);
/// After which a short one is over.
pub(super) const LONGER: Duration = Duration::from_millis(700);
pub(super) const LONG: Duration = Duration::from_secs(600);

pub(super) fn answered<T: fmt::Debug>(what: &str, answer: Result<T, StoreError>) -> T {
    answer.unwrap_or_else(|error| panic!("{what} failed: {error:?}"))
}

pub(super) fn node(n: u32) -> NodeId {
    NodeId {
        name: format!("relay-{n}").parse().expect("it is a name"),
        incarnation: Incarnation::fixed(u128::from(n)),
    }
}

pub(super) fn message(key: &str, id: &str) -> Message {
    let [source, event_type, topic] = ["/conformance", "order.created", "orders"];
    EventEnvelope::new(
        id.parse().expect("it is an id"),
        source.parse().expect("it is a source"),
        event_type.parse().expect("it is a type"),
        key.parse().expect("it is a key"),
        EventPayload::json(id).expect("it is JSON"),
    )
    .to(topic.parse().expect("it is a topic"))
}

pub(super) fn messages(pairs: &[(&str, &str)]) -> Vec<Message> {
    pairs.iter().map(|(key, id)| message(key, id)).collect()
}

pub(super) async fn begin<F: OutboxFixture>(fixture: &F) -> F::Transaction {
    let begun = fixture.begin().await;
    begun.unwrap_or_else(|error| panic!("no transaction was begun: {error:?}"))
}

pub(super) async fn stage<F: OutboxFixture>(
    fixture: &F,
    transaction: &mut F::Transaction,
    pairs: &[(&str, &str)],
) {
    answered("staging", fixture.outbox().stage(transaction, &messages(pairs)).await);
}

pub(super) async fn commit<F: OutboxFixture>(fixture: &F, transaction: F::Transaction) {
    answered("committing", fixture.commit(transaction).await);
}

/// Stages messages, keys and ids, in a transaction that commits.
pub(super) async fn staged<F: OutboxFixture>(fixture: &F, pairs: &[(&str, &str)]) {
    staged_messages(fixture, &messages(pairs)).await;
}

pub(super) async fn staged_messages<F: OutboxFixture>(fixture: &F, messages: &[Message]) {
    let mut transaction = begin(fixture).await;
    answered("staging", fixture.outbox().stage(&mut transaction, messages).await);
    commit(fixture, transaction).await;
}

pub(super) async fn claim(
    store: &dyn OutboxStore,
    relay: &NodeId,
    wanted: u16,
    term: Duration,
) -> LaneClaims {
    let wanted = NonZeroU16::new(wanted).expect("something is wanted");
    let claims = answered("claiming", store.claim(relay, wanted, term).await);
    assert!(claims.held.is_sorted_by_key(|claim| claim.lane), "in the order of lanes: {claims:?}");
    assert!(claims.held.iter().all(|claim| claim.lane.0 < claims.lanes.get()), "{claims:?}");
    claims
}

/// All lanes, for the relay `n`.
pub(super) async fn all(store: &dyn OutboxStore, n: u32) -> Vec<LaneClaim> {
    let claims = claim(store, &node(n), u16::MAX, LONG).await;
    assert_eq!(claims.held.len(), usize::from(claims.lanes.get()), "nobody else holds any");
    claims.held
}

pub(super) fn lanes_of(claims: &[LaneClaim]) -> Vec<Lane> {
    claims.iter().map(|claim| claim.lane).collect()
}

pub(super) fn limit(rows: usize, bytes: usize) -> FetchLimit {
    let at_least_one = |n| NonZeroUsize::new(n).expect("a limit is not 0");
    FetchLimit { rows: at_least_one(rows), bytes: at_least_one(bytes) }
}

/// What is to be sent, as much as there is.
pub(super) async fn fetched(store: &dyn OutboxStore, claims: &[LaneClaim]) -> Vec<OutboxRow> {
    fetched_within(store, claims, limit(1000, usize::MAX >> 1)).await
}

pub(super) async fn fetched_within(
    store: &dyn OutboxStore,
    claims: &[LaneClaim],
    limit: FetchLimit,
) -> Vec<OutboxRow> {
    answered("fetching", store.fetch(claims, limit).await)
}

/// The ids of readable rows.
pub(super) fn ids(rows: &[OutboxRow]) -> Vec<&str> {
    let readable = rows.iter().filter_map(|row| row.message.as_ref().ok());
    readable.map(|message| message.event.id.as_str()).collect()
}

/// In the order of the alphabet: rows of several keys may come in any.
pub(super) fn sorted_ids(rows: &[OutboxRow]) -> Vec<&str> {
    let mut ids = ids(rows);
    ids.sort_unstable();
    ids
}

/// What comes by now.
pub(super) async fn coming(store: &dyn OutboxStore, claims: &[LaneClaim]) -> Vec<String> {
    sorted_ids(&fetched(store, claims).await).into_iter().map(str::to_owned).collect()
}

pub(super) fn row<'r>(rows: &'r [OutboxRow], id: &str) -> &'r OutboxRow {
    let is_it = |row: &&OutboxRow| ids(std::slice::from_ref(*row)) == [id];
    rows.iter().find(is_it).unwrap_or_else(|| panic!("{id} is not among {:?}", ids(rows)))
}

pub(super) fn claim_of(claims: &[LaneClaim], lane: Lane) -> LaneClaim {
    *claims.iter().find(|claim| claim.lane == lane).expect("a fetched row's lane was claimed")
}

pub(super) async fn settle(
    store: &dyn OutboxStore,
    claims: &[LaneClaim],
    row: &OutboxRow,
    end: RowEnd,
) {
    let claim = claim_of(claims, row.lane);
    answered("settling", store.settle(&claim, &[(row.position, end)]).await);
}

/// Fetches, and ends the row of this id.
pub(super) async fn end(store: &dyn OutboxStore, claims: &[LaneClaim], id: &str, end: RowEnd) {
    let rows = fetched(store, claims).await;
    settle(store, claims, row(&rows, id), end).await;
}

/// Settles rows as sent, a call for each lane.
pub(super) async fn send(store: &dyn OutboxStore, claims: &[LaneClaim], rows: &[OutboxRow]) {
    let mut lanes = BTreeMap::<Lane, Vec<(OutboxPosition, RowEnd)>>::new();
    for row in rows {
        lanes.entry(row.lane).or_default().push((row.position, RowEnd::Sent));
    }
    for (lane, ends) in lanes {
        answered("settling", store.settle(&claim_of(claims, lane), &ends).await);
    }
}

pub(super) fn retry(delay: Duration) -> RowEnd {
    RowEnd::Retry { delay, error: "no such \"topic\"\n".to_owned() }
}

pub(super) fn refuse(delay: Duration) -> RowEnd {
    RowEnd::Refused { delay, error: "no such \"topic\"\n".to_owned() }
}

pub(super) fn park() -> RowEnd {
    RowEnd::Parked { reason: "rejected: it's é \u{1F4A9}".to_owned() }
}

pub(super) async fn parked(store: &dyn OutboxStore) -> Vec<ParkedRow> {
    parked_after(store, None, 1000).await
}

pub(super) async fn parked_after(
    store: &dyn OutboxStore,
    after: Option<OutboxPosition>,
    most: usize,
) -> Vec<ParkedRow> {
    let most = NonZeroUsize::new(most).expect("a limit is not 0");
    answered("listing", store.parked(after, most).await)
}

pub(super) async fn depth(store: &dyn OutboxStore) -> OutboxDepth {
    answered("counting", store.depth().await)
}

pub(super) async fn purged(store: &dyn OutboxStore, age: Duration, most: usize) -> usize {
    let most = NonZeroUsize::new(most).expect("a limit is not 0");
    answered("purging", store.purge(age, most).await)
}

/// Asserts that it is a conflict.
pub(super) fn is_conflict(answer: Result<(), StoreError>, why: &str) {
    match answer {
        Err(error) => assert_eq!(error.kind(), StoreErrorKind::Conflict, "{why}: {error:?}"),
        Ok(()) => panic!("it was settled, though {why}"),
    }
}

/// Two keys that share a lane, and one of another if there are several lanes. What was staged to find them is settled.
pub(super) async fn neighbours<F: OutboxFixture>(
    fixture: &F,
    claims: &[LaneClaim],
) -> ([String; 2], Option<String>) {
    let store = fixture.store();
    let keys: Vec<_> = (0..100).map(|n| format!("neighbour-{n}")).collect();
    let found: Vec<_> = keys.iter().map(|key| message(key, "probe")).collect();
    staged_messages(fixture, &found).await;
    let rows = fetched(&*store, claims).await;
    send(&*store, claims, &rows).await;
    let mut lanes = BTreeMap::<Lane, Vec<String>>::new();
    for row in rows {
        lanes.entry(row.lane).or_default().push(row.key.as_str().to_owned());
    }
    let (lane, together) =
        lanes.iter().find(|(_, keys)| keys.len() > 1).expect("of 100 keys two share a lane");
    let other = lanes.iter().find(|(other, _)| *other != lane);
    ([together[0].clone(), together[1].clone()], other.map(|(_, keys)| keys[0].clone()))
}
