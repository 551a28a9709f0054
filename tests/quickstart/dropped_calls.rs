//! A caller may drop its future at any point. The connection must not stay in
//! an open transaction, nor be lost, nor a row be parted from its stamp.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::repository::{
    Access, Applied, ScanRepository, StampedRepository, TransactionalRepository,
};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::airport::Airport;
use crate::support::{Sides, dropped_after, entity, key, live};

/// Far more than any call takes, but for one that waits for ever.
const PATIENCE: Duration = Duration::from_secs(20);
/// More than a call has points to be dropped at.
const POINTS: usize = 10;

/// Drops applies, reads and scans at every point, then writes and reads on.
async fn survives_dropped_calls<S>(side: Arc<S>)
where
    S: ScanRepository<Key = String, Entity = Airport>,
{
    side.apply(&key(1), &live(1, 1)).await.unwrap();
    let mut variant = 0;
    for polls in (1..=POINTS).cycle().take(10 * POINTS) {
        variant += 2;
        dropped_after(polls, side.apply(&key(1), &live(1, variant))).await;
        dropped_after(polls, side.read(&key(1))).await;
        dropped_after(polls, side.scan(None, NonZeroUsize::MAX)).await;

        let seen = side.read(&key(1)).await.unwrap();
        assert!([variant - 1, variant].iter().any(|last| seen == live(1, *last)));
        let next = live(1, variant + 1);
        let answer = timeout(PATIENCE, side.apply(&key(1), &next)).await;
        assert_eq!(answer.unwrap().unwrap(), Applied::Stored);
        assert_eq!(side.read(&key(1)).await.unwrap(), next);
    }
}

/// The same from many tasks at once, that wait for each other.
async fn survives_dropped_calls_of_many<S>(side: Arc<S>)
where
    S: ScanRepository<Key = String, Entity = Airport>,
{
    let mut callers = JoinSet::new();
    for caller in 0..8 {
        let side = Arc::clone(&side);
        callers.spawn(async move {
            let mut random = fastrand::Rng::with_seed(u64::from(caller));
            for variant in 0..100 {
                let polls = random.usize(1..=POINTS);
                dropped_after(polls, side.apply(&key(caller), &live(caller, variant))).await;
                dropped_after(polls, side.read(&key(caller))).await;
            }
            let last = live(caller, 1_000);
            side.apply(&key(caller), &last).await.unwrap();
            assert_eq!(side.read(&key(caller)).await.unwrap(), last);
        });
    }
    timeout(PATIENCE, callers.join_all()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_legacy_side_survives_dropped_calls() {
    let sides = Sides::new();
    survives_dropped_calls(Arc::new(sides.legacy.clone())).await;
    survives_dropped_calls_of_many(Arc::new(sides.legacy.clone())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_modern_side_survives_dropped_calls() {
    let sides = Sides::new();
    survives_dropped_calls(Arc::new(sides.modern.clone())).await;
    survives_dropped_calls_of_many(Arc::new(sides.modern.clone())).await;
}

#[tokio::test]
async fn a_dropped_begin_leaves_the_writer_free() {
    let sides = Sides::new();
    let legacy = sides.legacy.inner();
    for polls in (1..=3).cycle().take(60) {
        dropped_after(polls, legacy.begin(Access::Write)).await;
        dropped_after(polls, legacy.begin(Access::Read)).await;
    }
    let open = timeout(PATIENCE, legacy.begin(Access::Write)).await;
    let mut open = open.unwrap().unwrap();
    legacy.save_in(&mut open, &entity(1, 1)).await.unwrap();
    legacy.commit(open).await.unwrap();
}
