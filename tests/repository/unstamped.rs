//! `Unstamped` by itself: its pages, and calls that end in an odd way.

use std::future::pending;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::{InMemoryPlainRepository, in_memory_tables};
use strangler_fig::phase::{MigrationState, PhaseTracker, Scopes, Side, TrackerConfig};
use strangler_fig::repository::{
    MigrationConfig, MigrationRepository, Repository, ScanRepository, StampedRepository, Unstamped,
};
use strangler_fig::resilience::BreakerState;
use strangler_fig::stamp::{Record, Stamp, StampClock, StampScope};
use strangler_fig::testkit::faults::{Fault, FaultyRepository};

use crate::policies::touchy;
use crate::support::{KEY, NEW, Row, Store, kind};

const FORGETS: Scopes = Scopes { legacy: StampScope::Process, modern: StampScope::Store };

fn tracker() -> Arc<PhaseTracker> {
    let state = MigrationState::new("rows".parse().unwrap());
    PhaseTracker::detached_with(state, TrackerConfig::default().with_scopes(FORGETS))
}

fn plain() -> InMemoryPlainRepository<u32, Row> {
    in_memory_tables(|row: &Row| row.0).0
}

fn side<R: Repository<Key = u32, Entity = Row>>(rows: R) -> Unstamped<R> {
    Unstamped::new(rows, Side::Legacy, tracker(), &StampClock::new().unwrap())
}

#[tokio::test]
async fn a_page_of_rows_that_is_just_full_is_not_the_last() {
    let rows = plain();
    for key in 0..4 {
        rows.save((key, "never written through the wrapper")).await.unwrap();
    }
    let (side, two) = (side(rows), NonZeroUsize::new(2).unwrap());
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = side.scan(after.as_ref(), two).await.unwrap();
        found.extend(page.records.iter().map(|(key, _)| *key));
        after = page.records.last().map(|(key, _)| *key);
        if page.is_last {
            break;
        }
    }
    assert_eq!(found, [0, 1, 2, 3]);
}

/// A repository whose saves panic, or never end.
struct Odd {
    panics: bool,
}

#[async_trait]
impl Repository for Odd {
    type Key = u32;
    type Entity = Row;

    fn key(&self, row: &Row) -> u32 {
        row.0
    }

    async fn find(&self, _key: &u32) -> Result<Option<Row>, StoreError> {
        Ok(None)
    }

    async fn save(&self, _row: Row) -> Result<(), StoreError> {
        assert!(!self.panics, "injected");
        pending().await
    }

    async fn delete(&self, _key: &u32) -> Result<(), StoreError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_panic_of_the_repository_is_the_callers() {
    let (side, record) = (side(Odd { panics: true }), Record::live(Stamp::MAX, NEW));
    let applied = AssertUnwindSafe(side.apply(&KEY, &record)).catch_unwind().await;
    let panic = applied.unwrap_err();
    assert!(panic.downcast_ref::<&str>().is_some_and(|text| text.contains("injected")));
}

#[test]
fn a_call_that_ends_with_its_runtime_is_in_doubt() {
    let (side, record) = (side(Odd { panics: false }), Record::live(Stamp::MAX, NEW));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut applied = side.apply(&KEY, &record);
    {
        let _within = runtime.enter();
        assert!(applied.as_mut().now_or_never().is_none());
    }
    drop(runtime);
    let answer = applied.now_or_never().expect("it has ended with its task");
    assert_eq!(kind(answer), StoreErrorKind::Unknown);
}

#[tokio::test(start_paused = true)]
async fn what_its_store_refuses_by_its_own_rules_opens_no_breaker() {
    let (tracker, stamps) = (tracker(), Arc::new(StampClock::new().unwrap()));
    let legacy = Unstamped::new(plain(), Side::Legacy, tracker.clone(), &stamps);
    let (legacy, modern) =
        (FaultyRepository::new(legacy), FaultyRepository::new(Store::new(|row: &Row| row.0)));
    let policy = touchy("legacy");
    let config = MigrationConfig::default().with_policy(Side::Legacy, policy.clone());
    let rows = MigrationRepository::with_parts(legacy, modern, tracker, stamps, config).unwrap();
    rows.legacy().push_apply(Fault::Refuse(StoreErrorKind::Rejected));
    assert_eq!(kind(rows.save(NEW).await), StoreErrorKind::Rejected);
    assert_eq!(policy.breaker().unwrap().state(), BreakerState::Closed);
    rows.legacy().push_apply(Fault::Refuse(StoreErrorKind::Unknown));
    assert_eq!(kind(rows.save(NEW).await), StoreErrorKind::Unknown);
    assert_eq!(policy.breaker().unwrap().state(), BreakerState::Open, "a doubt does");
}
