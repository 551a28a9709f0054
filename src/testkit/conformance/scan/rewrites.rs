use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::yield_now;

use super::StampedFixture;
use super::shelf::Records;
use crate::repository::StampedRepository;
use crate::testkit::conformance::pace::persist;
use crate::testkit::conformance::stamped::Subject;

/// How often each key is rewritten, at most.
const ROUNDS: u32 = 500;

/// Tells whoever writes meanwhile when there is no more to see.
#[derive(Debug, Clone, Default)]
pub(super) struct AtOnce(Arc<AtomicBool>);

impl AtOnce {
    pub(super) async fn until_done<T>(&self, work: impl Future<Output = T>) -> T {
        let done = work.await;
        self.0.store(true, Ordering::Relaxed);
        done
    }

    fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Values for some keys, round after round; the first of each is there.
pub(super) struct Rewrites<F: StampedFixture> {
    repository: Arc<F::Repository>,
    pub(super) records: Records<F>,
}

impl<F: StampedFixture> Rewrites<F> {
    pub(super) async fn of(fixture: &F, keys: u32) -> Self {
        let (mut subjects, mut records) = (Vec::new(), Vec::new());
        for n in 0..keys {
            let subject = Subject::of(fixture, n).await;
            let mut first = subject.read().await;
            if first.value.is_none() {
                first = subject.live(1);
                subject.stores(&first).await;
            }
            records.push((subject.key.clone(), first));
            subjects.push(subject);
        }
        for step in 1..=ROUNDS {
            let round = subjects.iter();
            records.extend(round.map(|subject| (subject.key.clone(), subject.live(step))));
        }
        let repository = Arc::clone(&subjects[0].other);
        Self { repository, records }
    }

    pub(super) async fn until(self, work: AtOnce) {
        for (key, record) in &self.records {
            if work.is_over() {
                break;
            }
            persist(|| self.repository.apply(key, record)).await;
            yield_now().await;
        }
    }
}
