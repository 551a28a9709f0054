//! What becomes of a message with its transaction.

use std::num::NonZeroU32;
use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;

use super::OutboxFixture;
use super::samples::{
    LONG, all, answered, begin, coming, commit, depth, end, fetched, ids, message, messages, park,
    retry, row, send, sorted_ids, stage, staged, staged_messages,
};
use crate::error::StoreErrorKind;
use crate::event::{EventPayload, EventTime, Message, PAYLOAD_MAX};
use crate::saga::Payload;

/// Long enough for a call that waits for nobody, and short for a test.
const A_WHILE: Duration = Duration::from_millis(200);
/// What no call takes that waits for nobody.
const TOO_LONG: Duration = Duration::from_secs(4);

/// Contract 1.
pub(super) async fn a_commit_shows_and_a_rollback_does_not<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let mut open = begin(fixture).await;
    stage(fixture, &mut open, &[("a", "1"), ("b", "2")]).await;
    assert_eq!(coming(&*store, &claims).await, [""; 0], "it has not committed");
    assert_eq!(depth(&*store).await.pending, 0);
    drop(open);
    staged(fixture, &[("a", "3")]).await;
    assert_eq!(coming(&*store, &claims).await, ["3"]);
}

/// Contract 1: in every process.
pub(super) async fn what_was_committed_is_there<F: OutboxFixture>(fixture: &F) {
    staged(fixture, &[("a", "1"), ("b", "2")]).await;
    let store = fixture.reopened().await;
    let claims = all(&*store, 1).await;
    assert_eq!(coming(&*store, &claims).await, ["1", "2"]);
    assert_eq!(coming(&*fixture.store(), &claims).await, ["1", "2"]);
}

/// Contract 2.
pub(super) async fn a_call_stages_all_in_order<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let mut transaction = begin(fixture).await;
    stage(fixture, &mut transaction, &[("a", "3"), ("b", "9"), ("a", "1"), ("a", "2")]).await;
    stage(fixture, &mut transaction, &[]).await;
    stage(fixture, &mut transaction, &[("a", "0"), ("b", "8")]).await;
    commit(fixture, transaction).await;
    let rows = fetched(&*store, &claims).await;
    let of = |key| {
        let rows: Vec<_> = rows.iter().filter(|row| row.key.as_str() == key).cloned().collect();
        assert!(rows.is_sorted_by(|one, next| one.position < next.position), "{rows:?}");
        ids(&rows).join(" ")
    };
    assert_eq!([of("a"), of("b")], ["3 1 2 0", "9 8"]);
}

/// Contract 3: in the order of their commits.
pub(super) async fn two_transactions_of_a_key_follow_each_other<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let mut first = begin(fixture).await;
    stage(fixture, &mut first, &[("a", "1")]).await;
    second(fixture, commit(fixture, first)).await;
    staged(fixture, &[("a", "3")]).await;
    let rows = fetched(&*store, &claims).await;
    assert_eq!(ids(&rows), ["1", "2", "3"]);
    assert!(rows.is_sorted_by(|one, next| one.position < next.position), "{rows:?}");
}

/// Contract 3.
pub(super) async fn who_waits_for_a_rollback_goes_on<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let mut first = begin(fixture).await;
    stage(fixture, &mut first, &[("a", "1")]).await;
    second(fixture, async { drop(first) }).await;
    assert_eq!(coming(&*store, &claims).await, ["2"]);
}

/// Stages of a key of which another transaction has staged; that one ends when it was seen to wait.
async fn second<F: OutboxFixture>(fixture: &F, first_ends: impl Future<Output = ()>) {
    let outbox = fixture.outbox();
    let mut second = begin(fixture).await;
    let again = messages(&[("a", "2")]);
    let waited = {
        let mut call = pin!(outbox.stage(&mut second, &again));
        match timeout(A_WHILE, call.as_mut()).await {
            Ok(Ok(())) => panic!("it did not wait for the transaction before"),
            Ok(Err(error)) => {
                first_ends.await;
                Err(error)
            }
            Err(_) => {
                first_ends.await;
                call.await
            }
        }
    };
    match waited {
        Ok(()) => commit(fixture, second).await,
        Err(error) => {
            let kind = error.kind();
            let is_again = matches!(kind, StoreErrorKind::Unavailable | StoreErrorKind::Conflict);
            assert!(is_again, "it is to be made again: {error:?}");
            drop(second);
            staged(fixture, &[("a", "2")]).await;
        }
    }
}

/// Contract 3.
pub(super) async fn other_keys_do_not_wait_for_an_open_transaction<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let mut open = begin(fixture).await;
    stage(fixture, &mut open, &[("a", "1"), ("b", "2")]).await;
    let others = async {
        for n in 0..40 {
            staged(fixture, &[(&format!("other-{n}"), "3")]).await;
        }
    };
    assert!(timeout(TOO_LONG, others).await.is_ok(), "they wait for a key that is not theirs");
    assert_eq!(fetched(&*store, &claims).await.len(), 40);
    commit(fixture, open).await;
}

/// Contract 4: though later ones were sent, and settled, before.
pub(super) async fn what_commits_late_is_sent<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let mut slow = begin(fixture).await;
    stage(fixture, &mut slow, &[("slow", "1"), ("slow", "2")]).await;
    for n in 0..20 {
        staged(fixture, &[(&format!("quick-{n}"), "quick")]).await;
    }
    let quick = fetched(&*store, &claims).await;
    assert_eq!(quick.len(), 20);
    send(&*store, &claims, &quick).await;
    assert_eq!(coming(&*store, &claims).await, [""; 0]);
    commit(fixture, slow).await;
    staged(fixture, &[("quick-0", "3")]).await;
    assert_eq!(coming(&*store, &claims).await, ["1", "2", "3"]);
}

/// Contract 5.
pub(super) async fn events_come_back_equal<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let wanted = samples();
    staged_messages(fixture, &wanted).await;
    let rows = fetched(&*store, &claims).await;
    assert_eq!(rows.len(), wanted.len());
    for wanted in &wanted {
        let found = row(&rows, wanted.event.id.as_str());
        assert_eq!(found.key, wanted.event.key);
        assert_eq!(found.attempts, 0);
        let is_equal = found.message.as_ref() == Ok(wanted);
        assert!(is_equal, "{wanted:?} became {:?}", found.message);
    }
}

fn samples() -> Vec<Message> {
    let json = |text: &str| {
        let payload = Payload::parse(text).expect("it is JSON");
        EventPayload::from_json(payload).expect("it is not too large")
    };
    let bytes = |bytes: Vec<u8>| {
        EventPayload::bytes("application/x; a=\"b\"", bytes).expect("it is not too large")
    };
    let payloads = [
        EventPayload::default(),
        json("{ \"b\": 1,\n\t\"a\": [ ],\r\n\"a\": 1.50, \"c\": 12345678901234567890123 }"),
        json("\"\\u00e9 \u{e9} e\u{301} \\/ it's \u{1F4A9} \\\\ %s ? $1\""),
        json("null"),
        bytes((0..=255).collect()),
        bytes(Vec::new()),
        bytes(vec![0xFF; PAYLOAD_MAX]),
    ];
    let with = |(n, payload): (usize, EventPayload)| {
        let mut message = message(&format!("key \"{n}'\\ \u{1F4A9}"), &n.to_string());
        message.event.payload = payload;
        message
    };
    let mut samples: Vec<_> = payloads.into_iter().enumerate().map(with).collect();
    samples.push(decorated());
    samples
}

/// One with all that an event may have.
fn decorated() -> Message {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let plain = message(&"\u{1F4A9}".repeat(64), "all");
    let event = plain
        .event
        .with_version(NonZeroU32::MAX)
        .with_time(EventTime::from_unix_millis(1_700_000_000_123).expect("it is a time"))
        .with_traceparent(trace.parse().expect("it is one"))
        .with_extension("replyto".parse().expect("it is a name"), " a \"b\" \u{1F4A9} ")
        .expect("it may be one");
    event.to("Shop.ORDERS_v-1".parse().expect("it is a topic"))
}

/// Contract 6.
pub(super) async fn the_same_event_twice_is_two_rows<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    staged(fixture, &[("a", "1"), ("a", "1")]).await;
    staged(fixture, &[("a", "1")]).await;
    let rows = fetched(&*store, &claims).await;
    assert_eq!(ids(&rows), ["1", "1", "1"]);
    send(&*store, &claims, &rows).await;
    staged(fixture, &[("a", "1")]).await;
    assert_eq!(coming(&*store, &claims).await, ["1"]);
}

/// Contract 6 of the store: what is one key is decided byte for byte.
pub(super) async fn keys_differ_by_bytes<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let keys = ["a", "A", "a ", " a", "\u{e1}", "a\u{301}"];
    let pairs: Vec<_> = keys.into_iter().zip(["1", "2", "3", "4", "5", "6"]).collect();
    staged(fixture, &pairs).await;
    end(&*store, &claims, "1", park()).await;
    end(&*store, &claims, "5", retry(LONG)).await;
    let rows = fetched(&*store, &claims).await;
    assert_eq!(sorted_ids(&rows), ["2", "3", "4", "6"]);
    for (key, id) in pairs.iter().filter(|(_, id)| !["1", "5"].contains(id)) {
        assert_eq!(row(&rows, id).key.as_str(), *key);
    }
    let mut open = begin(fixture).await;
    stage(fixture, &mut open, &[("a", "7")]).await;
    let others = staged(fixture, &[("A", "8"), ("a ", "9"), ("\u{e1}", "10")]);
    assert!(timeout(TOO_LONG, others).await.is_ok(), "they wait for a key that is not theirs");
    commit(fixture, open).await;
    let _ = answered("counting", store.depth().await);
}
