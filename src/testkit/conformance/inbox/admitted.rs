//! One after the other.

use std::num::NonZeroU32;

use super::InboxFixture;
use super::samples::{admit, admitted, begin, commit, event};
use crate::event::{Arrival, EventPayload};

/// Contract 1.
pub(super) async fn the_first_time_is_first_and_then_again<F: InboxFixture>(fixture: &F) {
    let event = event("/shop", "1");
    assert_eq!(admitted(fixture, "billing", &event).await, Arrival::First);
    for _ in 0..3 {
        assert_eq!(admitted(fixture, "billing", &event).await, Arrival::Again);
    }
}

/// Contract 2.
pub(super) async fn a_rollback_was_not_seen<F: InboxFixture>(fixture: &F) {
    let event = event("/shop", "1");
    for _ in 0..2 {
        let mut transaction = begin(fixture).await;
        let arrival = admit(fixture, &mut transaction, "billing", &event).await;
        assert_eq!(arrival, Arrival::First, "the transaction before was rolled back");
        drop(transaction);
    }
    assert_eq!(admitted(fixture, "billing", &event).await, Arrival::First);
}

/// What "seen" means.
pub(super) async fn a_transaction_sees_its_own<F: InboxFixture>(fixture: &F) {
    let event = event("/shop", "1");
    let mut transaction = begin(fixture).await;
    assert_eq!(admit(fixture, &mut transaction, "billing", &event).await, Arrival::First);
    assert_eq!(admit(fixture, &mut transaction, "billing", &event).await, Arrival::Again);
    commit(fixture, transaction).await;
    assert_eq!(admitted(fixture, "billing", &event).await, Arrival::Again);
}

/// Contract 2: all of them, with its commit.
pub(super) async fn events_share_a_transaction<F: InboxFixture>(fixture: &F) {
    let mut transaction = begin(fixture).await;
    for id in ["1", "2", "3"] {
        let arrival = admit(fixture, &mut transaction, "billing", &event("/shop", id)).await;
        assert_eq!(arrival, Arrival::First);
    }
    commit(fixture, transaction).await;
    for id in ["1", "2", "3"] {
        assert_eq!(admitted(fixture, "billing", &event("/shop", id)).await, Arrival::Again);
    }
}

/// Contract 4.
pub(super) async fn consumers_sources_and_ids_differ_by_bytes<F: InboxFixture>(fixture: &F) {
    let long = "\u{1F4A9}".repeat(63);
    let ids = ["a", "A", "a ", " a", "\u{e1}", "a\u{301}", "a\\", "a%", "a_", &long];
    let mut calls: Vec<_> = ids.map(|id| ("billing", event("/shop", id))).into();
    calls.push(("billing", event("/shop", &format!("{long}\u{1F4A9}"))));
    calls.push(("shipping", event("/shop", "a")));
    calls.extend(["/Shop", "/shop/", "/sho", "/shopa"].map(|it| ("billing", event(it, "a"))));
    // The same letters, cut elsewhere.
    calls.push(("billing", event("/sho", "pa")));
    calls.push(("billing-", event("/shop", "a")));
    for expected in [Arrival::First, Arrival::Again] {
        for (consumer, event) in &calls {
            let arrival = admitted(fixture, consumer, event).await;
            assert_eq!(arrival, expected, "{} of {} at {consumer}", event.id, event.source);
        }
    }
}

/// Contract 5.
pub(super) async fn content_does_not_count<F: InboxFixture>(fixture: &F) {
    let first = event("/shop", "1");
    assert_eq!(admitted(fixture, "billing", &first).await, Arrival::First);
    let mut other = first.with_version(NonZeroU32::MAX);
    other.payload = EventPayload::default();
    other.key = "another".parse().expect("it is a key");
    other.event_type = "order.changed".parse().expect("it is a type");
    assert_eq!(admitted(fixture, "billing", &other).await, Arrival::Again);
}
