use std::sync::Arc;

use super::{EntityOf, KeyOf, StampedFixture};
use crate::error::StoreErrorKind;
use crate::repository::{Applied, StampedRepository};
use crate::stamp::{Record, Stamp, StampScope};
use crate::testkit::conformance::pace::persist;

/// A stamp as clocks make them today.
const TODAY: Stamp =
    Stamp::from_bytes(0x0190_f3c2_a1b4_0003_8000_0000_0000_00ff_u128.to_be_bytes());

/// The stamp `steps` after another.
pub(crate) fn later(stamp: Stamp, steps: u128) -> Stamp {
    let bits = u128::from_be_bytes(stamp.to_bytes());
    Stamp::from_bytes(bits.saturating_add(steps).to_be_bytes())
}

/// One key of the store under test, and the records to try on it.
pub(crate) struct Subject<'a, F: StampedFixture> {
    fixture: &'a F,
    pub(crate) n: u32,
    pub(crate) repository: Arc<F::Repository>,
    /// The same store through other connections.
    pub(crate) other: Arc<F::Repository>,
    pub(crate) key: KeyOf<F>,
    /// What a new stamp must be above.
    pub(crate) floor: Stamp,
}

impl<'a, F: StampedFixture> Subject<'a, F> {
    /// The `n`-th key, as it stands.
    pub(crate) async fn of(fixture: &'a F, n: u32) -> Self {
        let repository = fixture.repository();
        let key = fixture.key(n);
        let (other, floor) = match repository.scope() {
            StampScope::Store => (fixture.reopened().await, TODAY),
            // Such a side begins with the time of its process.
            StampScope::Process => {
                let found = repository.read(&key).await.expect("a read succeeds");
                (Arc::clone(&repository), found.stamp)
            }
        };
        Self { fixture, n, repository, other, key, floor }
    }

    pub(crate) fn is_process_scoped(&self) -> bool {
        self.repository.scope() == StampScope::Process
    }

    /// The `step`-th stamp: each is one above the one before.
    pub(crate) fn stamp(&self, step: u32) -> Stamp {
        later(self.floor, u128::from(step))
    }

    /// A value of its own at the `step`-th stamp.
    pub(crate) fn live(&self, step: u32) -> Record<EntityOf<F>> {
        Record::live(self.stamp(step), self.entity(step))
    }

    /// A deletion at the `step`-th stamp.
    pub(crate) fn tombstone(&self, step: u32) -> Record<EntityOf<F>> {
        Record::tombstone(self.stamp(step))
    }

    pub(crate) fn entity(&self, variant: u32) -> EntityOf<F> {
        self.fixture.entity(self.n, variant)
    }

    pub(crate) async fn read(&self) -> Record<EntityOf<F>> {
        let found = self.repository.read(&self.key).await;
        found.unwrap_or_else(|error| panic!("reading {:?} failed: {error:?}", self.key))
    }

    pub(crate) async fn apply(&self, record: &Record<EntityOf<F>>) -> Applied {
        let answer = self.repository.apply(&self.key, record).await;
        answer.unwrap_or_else(|error| panic!("applying {record:?} failed: {error:?}"))
    }

    /// The record is taken, in spite of refusals.
    pub(crate) async fn takes(&self, record: &Record<EntityOf<F>>) {
        let answer = persist(|| self.repository.apply(&self.key, record)).await;
        let again = answer.is_doubtful && answer.value == Applied::Stale(record.stamp);
        let is_taken = answer.value == Applied::Stored || again;
        assert!(is_taken, "{record:?} was answered {:?}", answer.value);
    }

    /// The record is stored at the first attempt.
    pub(crate) async fn stores(&self, record: &Record<EntityOf<F>>) {
        let answer = self.apply(record).await;
        assert_eq!(answer, Applied::Stored, "the answer to {record:?}");
    }

    /// The record is stale; the answer names the stamp that is there.
    pub(crate) async fn is_stale(&self, record: &Record<EntityOf<F>>, stored: Stamp) {
        let answer = self.apply(record).await;
        let expected = Applied::Stale(stored);
        assert_eq!(answer, expected, "the answer to {record:?}");
    }

    /// The record is refused for good.
    pub(crate) async fn rejects(&self, record: &Record<EntityOf<F>>) {
        let answer = self.repository.apply(&self.key, record).await;
        let kind = answer.map_err(|error| error.kind());
        let expected = Err(StoreErrorKind::Rejected);
        assert_eq!(kind, expected, "the answer to {record:?}");
    }

    /// The key reads as `record`.
    pub(crate) async fn holds(&self, record: &Record<EntityOf<F>>) {
        assert_eq!(self.read().await, *record, "what {:?} holds", self.key);
    }
}
