//! What is kept, under what, and until when.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use super::ReplyStoreFixture;
use crate::error::StoreError;
use crate::event::{EventId, Reply, ReplyStore};
use crate::saga::Payload;

const LONG: Duration = Duration::from_secs(3600);
const LIMIT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(999);

fn answered<T>(what: &str, answer: Result<T, StoreError>) -> T {
    answer.unwrap_or_else(|error| panic!("{what} failed: {error:?}"))
}

fn id(text: &str) -> EventId {
    text.parse().expect("it is an id")
}

fn done(json: &str) -> Reply {
    Reply::Done(Payload::parse(json).expect("it is JSON"))
}

async fn put(store: &Arc<dyn ReplyStore>, correlation: &str, reply: &Reply) -> bool {
    answered("putting", store.put(&id(correlation), reply).await)
}

async fn get(store: &Arc<dyn ReplyStore>, correlation: &str) -> Option<Reply> {
    answered("getting", store.get(&id(correlation)).await)
}

async fn purge(store: &Arc<dyn ReplyStore>, age: Duration, limit: NonZeroUsize) -> usize {
    answered("purging", store.purge(age, limit).await)
}

/// Contracts 1 and 2.
pub(super) async fn the_first_reply_is_kept<F: ReplyStoreFixture>(fixture: &F) {
    let store = fixture.replies();
    assert!(put(&store, "c", &done("1")).await, "it was the first");
    assert_eq!(get(&store, "c").await, Some(done("1")));
}

/// Contract 1: whether it is the same or another.
pub(super) async fn a_later_reply_changes_nothing<F: ReplyStoreFixture>(fixture: &F) {
    let store = fixture.replies();
    put(&store, "c", &done("1")).await;
    for later in [done("2"), Reply::Refused("no".to_owned()), done("1")] {
        assert!(!put(&store, "c", &later).await, "it was not the first");
        assert_eq!(get(&store, "c").await, Some(done("1")));
    }
}

/// Contract 2: and once it has come, it is.
pub(super) async fn nothing_is_answered_before_it_has_come<F: ReplyStoreFixture>(fixture: &F) {
    let store = fixture.replies();
    assert_eq!(get(&store, "c").await, None);
    put(&store, "c", &Reply::done()).await;
    assert_eq!(get(&store, "c").await, Some(Reply::done()));
}

/// Contract 1: durably.
pub(super) async fn another_process_finds_it<F: ReplyStoreFixture>(fixture: &F) {
    assert!(put(&fixture.replies(), "c", &done("1")).await);
    let other = fixture.reopened().await;
    assert_eq!(get(&other, "c").await, Some(done("1")));
    assert!(!put(&other, "c", &done("2")).await, "it was not the first");
}

/// Contract 3.
pub(super) async fn of_several_at_once_one_is_first<F: ReplyStoreFixture>(fixture: &F) {
    let store = fixture.replies();
    for round in 0..20 {
        let correlation = format!("c{round}");
        let puts = (0..8).map(|n| {
            let (store, correlation) = (Arc::clone(&store), correlation.clone());
            tokio::spawn(async move { put(&store, &correlation, &done(&n.to_string())).await })
        });
        let firsts = join_all(puts).await.into_iter().map(|put| put.expect("it does not panic"));
        let firsts: Vec<_> = (0..8).zip(firsts).filter(|(_, first)| *first).collect();
        let [(first, _)] = firsts[..] else { panic!("{} were the first", firsts.len()) };
        assert_eq!(get(&store, &correlation).await, Some(done(&first.to_string())));
    }
}

/// Contract 4.
pub(super) async fn correlations_differ_by_bytes<F: ReplyStoreFixture>(fixture: &F) {
    let store = fixture.replies();
    let long = "x".repeat(255);
    let [longest, other] = [format!("{long}a"), format!("{long}b")];
    let correlations = [
        "order:1/pay#execute",
        "order:1/Pay#execute",
        "order:1/pay#execute ",
        " order:1/pay#execute",
        "order:1/pay#",
        "order:1/pay_#execute",
        "order:1/pay%",
        "caf\u{e9}",
        "cafe\u{301}",
        "cafe",
        &longest,
        &other,
    ];
    for (n, correlation) in correlations.iter().enumerate() {
        assert!(put(&store, correlation, &done(&n.to_string())).await, "{correlation:?}");
    }
    for (n, correlation) in correlations.iter().enumerate() {
        assert_eq!(get(&store, correlation).await, Some(done(&n.to_string())), "{correlation:?}");
    }
    for absent in ["order:1/pay", "ORDER:1/PAY#EXECUTE", "order:1/pay#execute~", "caf", "%"] {
        assert_eq!(get(&store, absent).await, None, "{absent:?}");
    }
}

/// Contract 4.
pub(super) async fn replies_come_back_as_they_were<F: ReplyStoreFixture>(fixture: &F) {
    let store = fixture.replies();
    let long = format!("\"{}\"", "x".repeat(100_000));
    let replies = [
        done("{ \"b\": 1,\n\t\"a\": [ ],\r\n\"a\": 2 }"),
        done("1e400"),
        done("12345678901234567890123456789012345678901234567890"),
        done("\"\\u00e9 \u{e9} e\u{301} \\/ it's \u{1F4A9}\""),
        done("null"),
        done("\"refused\""),
        done(&long),
        Reply::Refused(String::new()),
        Reply::Refused("it's a \"no\"\n\u{1F4A9} ".to_owned()),
        Reply::Refused("null".to_owned()),
    ];
    for (n, reply) in replies.iter().enumerate() {
        put(&store, &n.to_string(), reply).await;
    }
    for (n, reply) in replies.iter().enumerate() {
        let found = get(&store, &n.to_string()).await;
        assert!(found.as_ref() == Some(reply), "{reply:?} came back as {found:?}");
    }
}

/// Contract 5.
pub(super) async fn what_is_old_is_purged<F: ReplyStoreFixture>(fixture: &F) {
    let store = fixture.replies();
    put(&store, "c", &done("1")).await;
    assert_eq!(purge(&store, Duration::ZERO, LIMIT).await, 1);
    assert_eq!(get(&store, "c").await, None);
    assert!(put(&store, "c", &done("2")).await, "nothing is left of the first");
    assert_eq!(get(&store, "c").await, Some(done("2")));
}

/// Contract 5.
pub(super) async fn what_is_young_is_not_purged<F: ReplyStoreFixture>(fixture: &F) {
    let store = fixture.replies();
    put(&store, "c", &done("1")).await;
    assert_eq!(purge(&store, LONG, LIMIT).await, 0);
    assert_eq!(get(&store, "c").await, Some(done("1")));
}

/// Contract 5.
pub(super) async fn no_more_than_the_limit_are_purged_at_once<F: ReplyStoreFixture>(fixture: &F) {
    let store = fixture.replies();
    for n in 0..5 {
        put(&store, &n.to_string(), &Reply::done()).await;
    }
    let two = NonZeroUsize::MIN.saturating_add(1);
    for expected in [2, 2, 1, 0] {
        assert_eq!(purge(&store, Duration::ZERO, two).await, expected);
    }
}
