//! `Unstamped` behind a policy: bugs of ours, each found by a test that failed.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::{InMemoryPlainRepository, InMemoryRepository, in_memory_tables};
use strangler_fig::phase::{MigrationState, PhaseTracker, Scopes, Side, TrackerConfig};
use strangler_fig::repository::{MigrationConfig, MigrationRepository, Repository, Unstamped};
use strangler_fig::resilience::{Policy, Retry};
use strangler_fig::stamp::{StampClock, StampScope};
use tokio::time::{sleep, timeout};

use crate::support::{KEY, NEW, OLD, Row, ms, timed};

fn stubborn() -> Policy {
    Policy::new("legacy")
        .with_retry(Retry::new(|| std::iter::repeat_n(ms(1_000), 2)))
        .with_try_deadline(ms(100))
}

/// What no [`Lossy`] takes.
pub(crate) const REFUSED: Row = (KEY, "refused");

/// A plain repository that does its work and loses so many answers; or hangs.
#[derive(Clone)]
pub(crate) struct Lossy {
    rows: InMemoryPlainRepository<u32, Row>,
    pub(crate) losses: Arc<AtomicU32>,
    hangs: Arc<AtomicBool>,
    under_way: Arc<AtomicUsize>,
}

struct Under(Arc<AtomicUsize>);
impl Drop for Under {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Lossy {
    pub(crate) fn new() -> Self {
        Self {
            rows: in_memory_tables(|row: &Row| row.0).0,
            losses: Arc::default(),
            hangs: Arc::default(),
            under_way: Arc::default(),
        }
    }

    async fn fate(&self) -> Result<(), StoreError> {
        if self.hangs.load(Ordering::SeqCst) {
            self.under_way.fetch_add(1, Ordering::SeqCst);
            let _under = Under(self.under_way.clone());
            std::future::pending::<()>().await;
        }
        if self
            .losses
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |it| it.checked_sub(1))
            .is_ok()
        {
            return Err(StoreError::unknown("the answer was lost"));
        }
        Ok(())
    }
}

#[async_trait]
impl Repository for Lossy {
    type Key = u32;
    type Entity = Row;

    fn key(&self, row: &Row) -> u32 {
        row.0
    }

    async fn find(&self, key: &u32) -> Result<Option<Row>, StoreError> {
        self.rows.find(key).await
    }

    async fn save(&self, row: Row) -> Result<(), StoreError> {
        if row == REFUSED {
            return Err(StoreError::rejected("nobody takes it"));
        }
        self.rows.save(row).await?;
        self.fate().await
    }

    async fn delete(&self, key: &u32) -> Result<(), StoreError> {
        self.rows.delete(key).await?;
        self.fate().await
    }
}

type Modern = InMemoryRepository<u32, Row>;

fn unstamped(
    lossy: &Lossy,
    capacity: usize,
    policy: Policy,
) -> MigrationRepository<Unstamped<Lossy>, Modern> {
    let scopes = Scopes { legacy: StampScope::Process, ..Scopes::default() };
    let state = MigrationState::new("rows".parse().unwrap());
    let tracker = PhaseTracker::detached_with(state, TrackerConfig::default().with_scopes(scopes));
    let stamps = Arc::new(StampClock::new().unwrap());
    let legacy = Unstamped::new(lossy.clone(), Side::Legacy, tracker.clone(), &stamps)
        .with_capacity(NonZeroUsize::new(capacity).unwrap());
    MigrationRepository::with_parts(
        legacy,
        Modern::new(|row| row.0),
        tracker,
        stamps,
        MigrationConfig::default().with_policy(Side::Legacy, policy),
    )
    .unwrap()
}

/// W1 = "old" is in doubt and pauses; it is read; W2 = "new" is written; it is read; then W1
/// is made again. A register may not go old, new, old by one write of "old".
#[tokio::test(start_paused = true)]
async fn a_repeat_through_unstamped_does_not_bring_back_what_was_overwritten_in_doubt() {
    let lossy = Lossy::new();
    let rows = unstamped(&lossy, 100, stubborn());
    lossy.losses.store(1, Ordering::SeqCst);
    let first = tokio::spawn({
        let rows = rows.clone();
        async move { rows.save(OLD).await }
    });
    sleep(ms(10)).await;
    assert_eq!(rows.find(&KEY).await.unwrap(), Some(OLD));
    // Another client, whose call is dropped after its effect or answers Unknown.
    lossy.losses.store(1, Ordering::SeqCst);
    let second = timeout(ms(10), rows.save(NEW)).await;
    assert!(!matches!(second, Ok(Ok(()))), "in doubt, too");
    assert_eq!(rows.find(&KEY).await.unwrap(), Some(NEW));
    let first = first.await.unwrap();
    let last = rows.find(&KEY).await.unwrap();
    assert!(!(first.is_ok() && last == Some(OLD)), "old, new, old: {first:?} {last:?}");
}

/// The same with an acknowledged W2, whose stamp was evicted meanwhile.
#[tokio::test(start_paused = true)]
async fn a_repeat_through_unstamped_does_not_overwrite_what_was_acknowledged_after_it_was_read() {
    let lossy = Lossy::new();
    let rows = unstamped(&lossy, 4, stubborn());
    lossy.losses.store(1, Ordering::SeqCst);
    let first = tokio::spawn({
        let rows = rows.clone();
        async move { rows.save(OLD).await }
    });
    sleep(ms(10)).await;
    assert_eq!(rows.find(&KEY).await.unwrap(), Some(OLD));
    rows.save(NEW).await.unwrap();
    assert_eq!(rows.find(&KEY).await.unwrap(), Some(NEW));
    for key in 10..20 {
        rows.save((key, "x")).await.unwrap();
    }
    let first = first.await.unwrap();
    assert_eq!(
        rows.find(&KEY).await.unwrap(),
        Some(NEW),
        "an acknowledged write is gone: {first:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_hour_of_a_hang_behind_unstamped_leaves_no_more_under_way_than_its_limit() {
    let lossy = Lossy::new();
    let rows = unstamped(&lossy, 100, Policy::standard("legacy"));
    lossy.hangs.store(true, Ordering::SeqCst);
    for key in 0..3_600 * 4 {
        let rows = rows.clone();
        tokio::spawn(async move { rows.save((key, "x")).await });
        sleep(ms(250)).await;
    }
    let under_way = lossy.under_way.load(Ordering::SeqCst);
    assert!(under_way <= 256, "{under_way} saves of the store are under way");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_well_takes_as_many_saves_as_come() {
    let rows = unstamped(&Lossy::new(), 1_000, Policy::new("legacy"));
    let saves = (0..1_000).map(|key| {
        let rows = rows.clone();
        async move { rows.save((key, "x")).await }
    });
    assert!(join_all(saves).await.iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn a_doubt_where_stamps_are_forgotten_is_answered_at_once() {
    let lossy = Lossy::new();
    let rows = unstamped(&lossy, 100, stubborn());
    lossy.losses.store(1, Ordering::SeqCst);
    let (saved, took) = timed(rows.save(NEW)).await;
    assert_eq!((saved.unwrap_err().kind(), took), (StoreErrorKind::Unknown, Duration::ZERO));
}
