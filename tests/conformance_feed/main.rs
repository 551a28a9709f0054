//! The contract of a change feed on the reference, with hints and with records, and on feeds that break it: each is
//! caught, by exactly the facts that name what it breaks.

mod broken;
mod controls;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use strangler_fig::async_trait;
use strangler_fig::key::KeyExt;
use strangler_fig::memory::{InMemoryChangeFeed, InMemoryChanges};
use strangler_fig::stamp::{Record, Stamp};
use strangler_fig::testkit::conformance::ChangeFeedFixture;

/// A row and its content.
pub(crate) type Row = (u32, u32);

/// The reference, told hints or records.
struct InMemory {
    feed: Arc<InMemoryChangeFeed<u32, Row>>,
    stamps: Option<AtomicU64>,
}

impl InMemory {
    fn of_hints() -> Self {
        Self { feed: Arc::default(), stamps: None }
    }

    fn of_records() -> Self {
        Self { feed: Arc::default(), stamps: Some(AtomicU64::new(100)) }
    }

    fn change(&self, open: &mut InMemoryChanges<u32, Row>, n: u32, value: Option<Row>) {
        match &self.stamps {
            None => open.hint(n),
            Some(stamps) => open.record(n, Record { stamp: next(stamps), value }),
        }
    }
}

/// A stamp above every other.
pub(crate) fn next(stamps: &AtomicU64) -> Stamp {
    Stamp::from_bytes(u128::from(stamps.fetch_add(1, Ordering::Relaxed)).to_be_bytes())
}

#[async_trait]
impl ChangeFeedFixture for InMemory {
    type Feed = InMemoryChangeFeed<u32, Row>;
    type Transaction = InMemoryChanges<u32, Row>;

    fn feed(&self) -> Arc<Self::Feed> {
        Arc::clone(&self.feed)
    }

    fn key(&self, n: u32) -> u32 {
        n
    }

    fn entity(&self, n: u32, variant: u32) -> Row {
        (n, variant)
    }

    async fn begin(&self) -> InMemoryChanges<u32, Row> {
        self.feed.begin()
    }

    async fn write(&self, open: &mut InMemoryChanges<u32, Row>, n: u32, variant: u32) {
        self.change(open, n, Some((n, variant)));
    }

    async fn delete(&self, open: &mut InMemoryChanges<u32, Row>, n: u32) {
        self.change(open, n, None);
    }

    async fn rename(&self, open: &mut InMemoryChanges<u32, Row>, from: u32, to: u32) {
        self.change(open, from, None);
        self.change(open, to, Some((to, 1)));
    }

    async fn commit(&self, open: InMemoryChanges<u32, Row>) {
        open.commit();
    }

    async fn spoil(&self, open: &mut InMemoryChanges<u32, Row>, n: u32) -> bool {
        open.spoil(n.to_bytes(), "no such column");
        true
    }

    async fn detach(&self) -> bool {
        self.feed.lose();
        true
    }
}

mod hints {
    use super::InMemory;

    strangler_fig::change_feed_conformance!(async { InMemory::of_hints() });
}

mod records {
    use super::InMemory;

    strangler_fig::change_feed_conformance!(async { InMemory::of_records() });
}
