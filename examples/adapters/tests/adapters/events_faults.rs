//! Events where servers die, links break and locks are held.

use std::collections::BTreeMap;
use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use strangler_fig::error::StoreErrorKind::{Unavailable, Unknown};
use strangler_fig::event::{
    EventEnvelope, EventPayload, FetchLimit, LaneClaim, Message, OutboxRow, OutboxStore, RowEnd,
};
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::testkit::conformance::OutboxFixture;
use tokio::time::Instant;

use crate::proxy::{Link, Proxy};

const TERM: Duration = Duration::from_mins(10);

pub(crate) fn message(key: &str, id: &str) -> Message {
    let payload = EventPayload::json(id).expect("it is JSON");
    let parts = (id.parse(), "/faults".parse(), "order.created".parse(), key.parse());
    let (Ok(id), Ok(source), Ok(event_type), Ok(key)) = parts else { panic!("{key} of {id}") };
    EventEnvelope::new(id, source, event_type, key, payload)
        .to("orders".parse().expect("it is a topic"))
}

/// Messages of as many keys.
fn messages(count: usize) -> Vec<Message> {
    (0..count).map(|n| message(&format!("key-{n}"), &format!("{n}"))).collect()
}

async fn staged<F: OutboxFixture>(fixture: &F, messages: &[Message]) {
    let mut open = fixture.begin().await.expect("it begins");
    fixture.outbox().stage(&mut open, messages).await.expect("it is staged");
    fixture.commit(open).await.expect("it commits");
}

/// All lanes.
pub(crate) async fn claimed(store: &dyn OutboxStore) -> Vec<LaneClaim> {
    let name = "relay".parse().expect("it is a name");
    let relay = NodeId { name, incarnation: Incarnation::fixed(1) };
    store.claim(&relay, NonZeroU16::MAX, TERM).await.expect("it claims").held
}

async fn fetched(store: &dyn OutboxStore, claims: &[LaneClaim], rows: usize) -> Vec<OutboxRow> {
    let number = |n| NonZeroUsize::new(n).expect("it is not 0");
    let limit = FetchLimit { rows: number(rows), bytes: number(1 << 30) };
    store.fetch(claims, limit).await.expect("it fetches")
}

/// Sends what is there, as a relay does; answers the ids.
pub(crate) async fn sent(store: &dyn OutboxStore, claims: &[LaneClaim]) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let rows = fetched(store, claims, 1_000).await;
        if rows.is_empty() {
            return ids;
        }
        let mut lanes = BTreeMap::<_, Vec<_>>::new();
        for row in rows {
            lanes.entry(row.lane).or_default().push((row.position, RowEnd::Sent));
            ids.push(row.message.expect("it can be read").event.id.as_str().to_owned());
        }
        for (lane, ends) in lanes {
            let claim = claims.iter().find(|claim| claim.lane == lane).expect("it was claimed");
            store.settle(claim, &ends).await.expect("it is held");
        }
    }
}

/// A transaction that commits after two thousand rows were staged and sent behind it.
pub(crate) async fn a_commit_that_is_very_late_is_sent<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = claimed(&*store).await;
    let mut late = fixture.begin().await.expect("it begins");
    let two = [message("late", "first"), message("late", "second")];
    fixture.outbox().stage(&mut late, &two).await.expect("it is staged");
    for part in messages(2_000).chunks(1_000) {
        staged(fixture, part).await;
        assert_eq!(sent(&*store, &claims).await.len(), 1_000);
    }
    fixture.commit(late).await.expect("it commits");
    assert_eq!(sent(&*store, &claims).await, ["first", "second"]);
}

/// Each of two transactions stages a key, and then that of the other: one is told to begin anew, and everything is sent
/// in order.
pub(crate) async fn of_a_deadlock_one_is_made_again<F: OutboxFixture>(fixture: &F) {
    let (outbox, store) = (fixture.outbox(), fixture.store());
    let claims = claimed(&*store).await;
    let mut one = fixture.begin().await.expect("it begins");
    let mut other = fixture.begin().await.expect("it begins");
    outbox.stage(&mut one, &[message("a", "a1")]).await.expect("nobody has it");
    outbox.stage(&mut other, &[message("b", "b1")]).await.expect("nobody has it");
    let (b, a) = ([message("b", "b2")], [message("a", "a2")]);
    let crossed = async |open: F::Transaction, messages: &[Message]| {
        let mut open = open;
        let staged = outbox.stage(&mut open, messages).await;
        // The one that was refused lets go of what it has locked.
        match staged {
            Ok(()) => fixture.commit(open).await,
            Err(error) => Err(error),
        }
    };
    let answers = tokio::join!(crossed(one, &b), crossed(other, &a));
    let (refused, expected) = match answers {
        (Ok(()), Err(refused)) => (refused, ["a1", "b2"]),
        (Err(refused), Ok(())) => (refused, ["b1", "a2"]),
        both => panic!("one of them had to go: {both:?}"),
    };
    assert_eq!(refused.kind(), Unavailable, "{}", refused.with_causes());
    let mut ids = sent(&*store, &claims).await;
    ids.sort_unstable();
    let mut expected = expected.map(str::to_owned);
    expected.sort_unstable();
    assert_eq!(ids, expected);
}

/// A call whose answer is lost is in doubt, if it changes something, and was made; it may be made again.
pub(crate) async fn a_lost_answer_is_in_doubt<F: OutboxFixture>(
    fixture: &F,
    cut: &dyn OutboxStore,
    proxy: &Proxy,
) {
    let store = fixture.store();
    let number = |n| NonZeroUsize::new(n).expect("it is not 0");
    let limit = FetchLimit { rows: number(10), bytes: number(1 << 20) };
    for link in [Link::CutAtAnswer, Link::Silent] {
        staged(fixture, &messages(1)).await;
        let claims = claimed(&*store).await;
        // Prepares what is to be cut off.
        proxy.set(Link::Whole);
        let rows = cut.fetch(&claims, limit).await.expect("a whole link");
        let claim = claims.iter().find(|claim| claim.lane == rows[0].lane).expect("it was claimed");
        cut.settle(claim, &[]).await.expect("a whole link");

        let ends = [(rows[0].position, RowEnd::Sent)];
        // The answer of what is prepared arrives where it is asked for anew.
        proxy.set(link);
        let lost = cut.fetch(&claims, limit).await.expect_err("no answer");
        assert_eq!(lost.kind(), Unavailable, "{link:?}: {}", lost.with_causes());
        proxy.set(Link::Whole);
        cut.settle(claim, &[]).await.expect("a whole link");
        proxy.set(link);
        let lost = cut.settle(claim, &ends).await.expect_err("no answer");
        assert_eq!(lost.kind(), Unknown, "{link:?}: {}", lost.with_causes());
        proxy.set(Link::Whole);
        let until = Instant::now() + Duration::from_secs(10);
        while !fetched(&*store, &claims, 10).await.is_empty() {
            assert!(Instant::now() < until, "it arrived, and was done");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        cut.settle(claim, &ends).await.expect("again is harmless");
    }
}

/// How long it takes to find ten rows. What a machine that is busy takes is none of ours: the quickest of some counts.
async fn quickest(store: &dyn OutboxStore, claims: &[LaneClaim]) -> Duration {
    let mut quickest = Duration::MAX;
    for _ in 0..20 {
        let begin = Instant::now();
        assert_eq!(fetched(store, claims, 500).await.len(), 10);
        quickest = quickest.min(begin.elapsed());
    }
    quickest
}

/// A few rows are found as quickly among a great many that were sent, and kept, as alone.
/// One that was sent and is kept: so many rows are purged by whoever asks for all.
pub(crate) async fn what_was_sent_is_purged<F: OutboxFixture>(
    fixture: &F,
    keeping: &dyn OutboxStore,
    purged: usize,
) {
    staged(fixture, &messages(1)).await;
    let claims = claimed(keeping).await;
    assert_eq!(sent(keeping, &claims).await.len(), 1);
    let all = NonZeroUsize::MAX;
    let now = keeping.purge(Duration::ZERO, all).await.expect("it is purged");
    assert_eq!(now.min(1), purged);
}

pub(crate) async fn a_few_are_found_among_many_that_were_sent<F: OutboxFixture>(
    fixture: &F,
    a_hundred_thousand: impl Future<Output = ()>,
) {
    let store = fixture.store();
    let claims = claimed(&*store).await;
    staged(fixture, &messages(10)).await;
    // The plans of that almost empty table are kept.
    let alone = quickest(&*store, &claims).await;
    a_hundred_thousand.await;
    let among = quickest(&*store, &claims).await;
    assert!(among < alone * 3 + Duration::from_millis(10), "{among:?}, and {alone:?} alone");
}
