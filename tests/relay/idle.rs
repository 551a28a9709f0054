//! What a relay costs that has nothing to do, and how soon it sees that there is something.

use std::time::Duration;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::event::{OutboxStore, RowEnd};
use strangler_fig::memory::InMemoryOutbox;

use super::order::ids;
use super::support::{Bus, Does, Running, SECOND, Store, config, limit, relay, stage};

#[tokio::test(start_paused = true)]
async fn an_idle_relay_asks_at_most_once_a_second() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    let stores = [Store::of(&outbox), Store::of(&outbox)];
    let default = strangler_fig::event::RelayConfig::default;
    let running = [1, 2].map(|n| {
        let relay = relay(&stores[n as usize - 1], &bus, n).with_config(default());
        Running::start(relay)
    });
    // They share the lanes first.
    tokio::time::sleep(60 * SECOND).await;
    for store in &stores {
        store.calls.lock().unwrap().clear();
    }
    tokio::time::sleep(3_600 * SECOND).await;
    for store in &stores {
        let calls: u32 = store.calls.lock().unwrap().values().sum();
        assert!(calls <= 3_600, "{calls} in an hour");
        assert!(calls > 1_000, "it is alive: {calls}");
    }
    for running in running {
        running.stop().await;
    }
}

/// With hints the poll may be rare, and so may be the cost.
#[tokio::test(start_paused = true)]
async fn where_hints_come_nothing_waits_for_the_poll() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    let store = Store::of(&outbox);
    let config = config().with_poll_interval(3_600 * SECOND);
    let running = Running::start(relay(&store, &bus, 1).with_config(config));
    tokio::time::sleep(60 * SECOND).await;
    for n in 0..20 {
        stage(&outbox, &[(&format!("key-{n}"), &n.to_string())]).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(bus.ids().len(), n + 1);
    }
    tokio::time::sleep(60 * SECOND).await;
    store.calls.lock().unwrap().clear();
    tokio::time::sleep(3_600 * SECOND).await;
    let calls: u32 = store.calls.lock().unwrap().values().sum();
    assert!(calls < 500, "{calls} in an hour");
    running.stop().await;
}

/// Where the outbox says that it tells, a look each minute is enough.
#[tokio::test(start_paused = true)]
async fn by_default_a_relay_that_is_told_asks_by_itself_once_a_minute() {
    assert!(InMemoryOutbox::default().notifies());
    for (notifies, most) in [(true, 600), (false, 3_600)] {
        let outbox = InMemoryOutbox::default();
        let (bus, store) = (Bus::taking(), Store::that_notifies(&outbox, notifies));
        let default = strangler_fig::event::RelayConfig::default();
        let running = Running::start(relay(&store, &bus, 1).with_config(default));
        tokio::time::sleep(60 * SECOND).await;
        store.calls.lock().unwrap().clear();
        tokio::time::sleep(3_600 * SECOND).await;
        let calls: u32 = store.calls.lock().unwrap().values().sum();
        assert!((most / 2..=most).contains(&calls), "{calls} in an hour");
        // Nothing waits for the poll: neither what is staged nor what is put off.
        bus.now(|message| match message.event.id.as_str() {
            "bad" => Does::Fail(StoreErrorKind::Rejected),
            _ => Does::Take,
        });
        stage(&outbox, &[("a", "1"), ("b", "bad")]).await;
        tokio::time::sleep(SECOND / 10).await;
        assert_eq!(bus.ids(), ids("1"));
        tokio::time::sleep(24 * SECOND).await;
        assert_eq!(outbox.depth().await.unwrap().parked, 1, "after its five refusals");
        running.stop().await;
    }
}

/// One that panics when it is to tell is asked again later, and until then polls find what is there.
#[tokio::test(start_paused = true)]
async fn an_outbox_that_panics_when_it_is_to_tell_ends_no_relay() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    let store = Store::that_notifies(&outbox, true);
    store.staged_panics.store(true, std::sync::atomic::Ordering::Relaxed);
    let default = strangler_fig::event::RelayConfig::default();
    let running = Running::start(relay(&store, &bus, 1).with_config(default));
    for n in 0..100_u32 {
        stage(&outbox, &[("a", &n.to_string())]).await;
        tokio::time::sleep(2 * SECOND).await;
        assert_eq!(bus.ids().len(), n as usize + 1, "the poll has found it");
    }
    store.staged_panics.store(false, std::sync::atomic::Ordering::Relaxed);
    tokio::time::sleep(60 * SECOND).await;
    stage(&outbox, &[("a", "told")]).await;
    tokio::time::sleep(SECOND / 10).await;
    assert_eq!(bus.ids().last().map(String::as_str), Some("told"));
    let errors = running.stop().await.store_errors;
    assert!((6..=9).contains(&errors), "each half a minute: {errors}");
}

/// A hint that comes while its lane is worked on.
#[tokio::test(start_paused = true)]
async fn a_hint_that_comes_during_the_work_is_not_lost() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::new(|_| Does::TakeSlowly));
    let config = config().with_poll_interval(3_600 * SECOND);
    let running = Running::start(relay(&Store::of(&outbox), &bus, 1).with_config(config));
    tokio::time::sleep(SECOND).await;
    for n in 0..100 {
        stage(&outbox, &[("a", &n.to_string())]).await;
        tokio::time::sleep(Duration::from_millis(37 * (n % 31))).await;
    }
    tokio::time::sleep(100 * SECOND).await;
    assert_eq!(bus.first_of("a").len(), 100);
    running.stop().await;
}

/// Whoever is about to wait when a parked message is let go is told as well.
#[tokio::test(start_paused = true)]
async fn what_is_let_go_is_told_to_who_asks_next() {
    for is_discarded in [false, true] {
        let outbox = InMemoryOutbox::default();
        stage(&outbox, &[("a", "1"), ("a", "2")]).await;
        outbox.staged().await;
        let soon = || tokio::time::timeout(SECOND, outbox.staged());
        assert!(soon().await.is_err(), "it was told once");
        let node = super::support::node(1);
        let claims = outbox.claim(&node, std::num::NonZeroU16::MAX, 30 * SECOND).await.unwrap();
        let rows = outbox.fetch(&claims.held, limit(1, 1)).await.unwrap();
        let claim = claims.held.iter().find(|claim| claim.lane == rows[0].lane).unwrap();
        let parked = RowEnd::Parked { reason: "as it was told".to_owned() };
        outbox.settle(claim, &[(rows[0].position, parked)]).await.unwrap();
        let was_parked = if is_discarded {
            outbox.discard(rows[0].position).await.unwrap()
        } else {
            outbox.retry(rows[0].position).await.unwrap()
        };
        assert!(was_parked && soon().await.is_ok(), "discarded: {is_discarded}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_hints_the_poll_finds_it() {
    let (outbox, bus) = (InMemoryOutbox::default(), Bus::taking());
    let slow = outbox.clone();
    let running = Running::start(
        strangler_fig::event::OutboxRelay::new(
            std::sync::Arc::new(Deaf(slow)),
            bus.clone(),
            super::support::node(1),
        )
        .with_config(config()),
    );
    tokio::time::sleep(SECOND).await;
    stage(&outbox, &[("a", "1")]).await;
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    assert_eq!(bus.ids(), ids("1"));
    running.stop().await;
}

/// An outbox that never says when something was staged.
#[derive(Debug)]
struct Deaf(InMemoryOutbox);

mod deaf {
    use std::num::{NonZeroU16, NonZeroUsize};
    use std::time::Duration;

    use async_trait::async_trait;
    use strangler_fig::error::StoreError;
    use strangler_fig::event::{
        FetchLimit, LaneClaim, LaneClaims, OutboxDepth, OutboxPosition, OutboxRow, OutboxStore,
        ParkedRow, RowEnd,
    };
    use strangler_fig::phase::NodeId;

    #[async_trait]
    impl OutboxStore for super::Deaf {
        async fn claim(
            &self,
            relay: &NodeId,
            wanted: NonZeroU16,
            term: Duration,
        ) -> Result<LaneClaims, StoreError> {
            self.0.claim(relay, wanted, term).await
        }

        async fn release(&self, claims: &[LaneClaim]) -> Result<(), StoreError> {
            self.0.release(claims).await
        }

        async fn fetch(
            &self,
            claims: &[LaneClaim],
            limit: FetchLimit,
        ) -> Result<Vec<OutboxRow>, StoreError> {
            self.0.fetch(claims, limit).await
        }

        async fn settle(
            &self,
            claim: &LaneClaim,
            ends: &[(OutboxPosition, RowEnd)],
        ) -> Result<(), StoreError> {
            self.0.settle(claim, ends).await
        }

        async fn parked(
            &self,
            after: Option<OutboxPosition>,
            limit: NonZeroUsize,
        ) -> Result<Vec<ParkedRow>, StoreError> {
            self.0.parked(after, limit).await
        }

        async fn retry(&self, position: OutboxPosition) -> Result<bool, StoreError> {
            self.0.retry(position).await
        }

        async fn discard(&self, position: OutboxPosition) -> Result<bool, StoreError> {
            self.0.discard(position).await
        }

        async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError> {
            self.0.purge(age, limit).await
        }

        async fn depth(&self) -> Result<OutboxDepth, StoreError> {
            self.0.depth().await
        }
    }
}
