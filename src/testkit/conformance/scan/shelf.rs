use std::num::NonZeroUsize;
use std::sync::Arc;

use super::StampedFixture;
use crate::repository::{Page, ScanRepository, StampedRepository};
use crate::stamp::{Record, StampScope};
use crate::testkit::conformance::stamped::{EntityOf, KeyOf, Subject};

pub(crate) type Records<F> = Vec<(KeyOf<F>, Record<EntityOf<F>>)>;

/// A store with records of every kind, and walks over it.
pub(crate) struct Shelf<F: StampedFixture> {
    repository: Arc<F::Repository>,
}

impl<F: StampedFixture<Repository: ScanRepository>> Shelf<F> {
    pub(crate) fn of(fixture: &F) -> Self {
        let repository = fixture.repository();
        Self { repository }
    }

    /// Fills `count` keys: with values, tombstones, unstamped rows, rows that
    /// were stamped later, tombstones of such, and values after a tombstone.
    pub(crate) async fn filled(fixture: &F, count: u32) -> Self {
        for n in 0..count {
            Self::fill(fixture, n, n).await;
        }
        Self::of(fixture)
    }

    /// Fills the `n`-th key with a record of the kind `kind % 6`.
    pub(crate) async fn fill(fixture: &F, n: u32, kind: u32) {
        let kind = kind % 6;
        let is_planted = matches!(kind, 2..=4) && fixture.plant(fixture.entity(n, 0)).await;
        let subject = Subject::of(fixture, n).await;
        match kind {
            0 => subject.takes(&subject.live(1)).await,
            1 | 4 => subject.takes(&subject.tombstone(1)).await,
            2 if is_planted => {}
            2 | 3 => subject.takes(&subject.live(2)).await,
            _ => {
                subject.takes(&subject.tombstone(1)).await;
                subject.takes(&subject.live(2)).await;
            }
        }
    }

    pub(crate) async fn page(
        &self,
        after: Option<&KeyOf<F>>,
        limit: usize,
    ) -> Page<KeyOf<F>, EntityOf<F>> {
        let limit = NonZeroUsize::new(limit).expect("pages hold something");
        let page = self.repository.scan(after, limit).await;
        page.unwrap_or_else(|error| panic!("a scan after {after:?} failed: {error:?}"))
    }

    pub(crate) async fn last_key(&self) -> Option<KeyOf<F>> {
        let last = self.repository.last_key().await;
        last.unwrap_or_else(|error| panic!("looking for the last key failed: {error:?}"))
    }

    /// Page after page to the end.
    pub(crate) async fn walk(&self, limit: usize) -> Records<F> {
        let mut walked: Records<F> = Vec::new();
        loop {
            let after = walked.last().map(|(key, _)| key.clone());
            let page = self.page(after.as_ref(), limit).await;
            let is_progress = page.is_last || !page.records.is_empty();
            assert!(is_progress, "an empty page that is not the last");
            in_order::<F>(after.as_ref(), &page.records);
            walked.extend(page.records);
            if page.is_last {
                return walked;
            }
        }
    }

    /// What a walk over the first `count` keys must show, by single reads.
    pub(crate) async fn expected(&self, fixture: &F, count: u32) -> Records<F> {
        let mut keys: Vec<_> = (0..count).map(|n| fixture.key(n)).collect();
        keys.sort();
        let mut records = Vec::new();
        for key in keys {
            let record = self.repository.read(&key).await.expect("a read succeeds");
            records.push((key, record));
        }
        records
    }

    /// The same, without what only a store can remember.
    pub(crate) fn comparable(&self, mut records: Records<F>) -> Records<F> {
        if self.repository.scope() == StampScope::Process {
            records.retain(|(_, record)| record.value.is_some());
        }
        records
    }
}

fn in_order<F: StampedFixture>(after: Option<&KeyOf<F>>, records: &Records<F>) {
    let keys: Vec<_> = after.into_iter().chain(records.iter().map(|(key, _)| key)).collect();
    let is_rising = keys.is_sorted_by(|one, next| one < next);
    assert!(
        is_rising,
        "the keys of a page after {after:?} do not rise, as `Ord` compares them: {keys:?}"
    );
}
