//! `SideStamped` and `Unstamped`: sides made of plain repositories.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::{
    InMemoryPlainRepository, InMemoryStateService, InMemoryTransaction, in_memory_tables,
};
use strangler_fig::phase::{
    Bucket, Family, MigrationName, MigrationState, MigrationStateService, Move, MoveError, Phase,
    PhaseTracker, Refused, Scopes, Side, TrackerConfig, primary, take_step,
};
use strangler_fig::reconcile::Sweep;
use strangler_fig::repository::{
    Access, Applied, BuildError, MigrationConfig, MigrationRepository, Repository, ScanRepository,
    SideStamped, StampedRepository, TransactionalRepository, Unstamped,
};
use strangler_fig::stamp::{Record, Stamp, StampClock, StampScope};
use tokio::sync::Notify;

use crate::support::{KEY, NEW, OLD, Row, World};

type Plain = InMemoryPlainRepository<u32, Row>;

const PROCESS: Scopes = Scopes { legacy: StampScope::Process, modern: StampScope::Process };

fn plain() -> Plain {
    in_memory_tables(|row: &Row| row.0).0
}

fn clock() -> Arc<StampClock> {
    Arc::new(StampClock::new().unwrap())
}

#[tokio::test]
async fn a_key_the_process_forgot_is_as_new_as_its_start_on_the_primary_and_base_elsewhere() {
    for phase in [Phase::DualWrite, Phase::Cutover, Phase::Live] {
        let tracker = World::new(phase).tracker;
        let word = tracker.word();
        let counts = primary(word.phase_of(Bucket::FIRST), word.entered_from(Bucket::FIRST));
        for side in [Side::Legacy, Side::Modern] {
            let (rows, stamps) = (plain(), clock());
            rows.save(OLD).await.unwrap();
            let before = stamps.now();
            let side_of = Unstamped::new(rows.clone(), side, tracker.clone(), &stamps);
            let read = side_of.read(&KEY).await.unwrap();
            assert_eq!(read.value, Some(OLD));
            if side == counts {
                assert!(read.stamp > before, "{phase} {side}");
                assert!(side_of.read(&9).await.unwrap().is_tombstone(), "what is gone is gone");
            } else {
                assert_eq!(read.stamp, Stamp::BASE, "{phase} {side}");
                assert_eq!(side_of.read(&9).await.unwrap(), Record::absent());
            }
        }
    }
}

#[tokio::test]
async fn a_restart_forgets_stamps_and_tombstones_but_not_who_is_right() {
    let (tracker, stamps) = (World::new(Phase::DualWrite).tracker, clock());
    let (legacy, modern) = (plain(), plain());
    let sides = |stamps: &StampClock| {
        [(&legacy, Side::Legacy), (&modern, Side::Modern)]
            .map(|(rows, side)| Unstamped::new(rows.clone(), side, tracker.clone(), stamps))
    };
    let [before, _] = sides(&stamps);
    before.apply(&KEY, &Record::live(stamps.now(), OLD)).await.unwrap();
    before.apply(&KEY, &Record::tombstone(stamps.now())).await.unwrap();
    modern.save(OLD).await.unwrap();

    let [left, right] = sides(&stamps);
    let config = TrackerConfig::default().with_scopes(PROCESS);
    let node = PhaseTracker::detached_with((*tracker.state()).clone(), config);
    let rows =
        MigrationRepository::with_parts(left, right, node, stamps, MigrationConfig::default())
            .unwrap();
    rows.join(&KEY).await.unwrap();
    assert_eq!(modern.find(&KEY).await.unwrap(), None, "legacy is the primary: it is deleted");
}

/// A plain repository whose saves wait for a sign.
#[derive(Clone)]
struct Gated {
    rows: Plain,
    go: Arc<Notify>,
}

#[async_trait]
impl Repository for Gated {
    type Key = u32;
    type Entity = Row;

    fn key(&self, row: &Row) -> u32 {
        row.0
    }

    async fn find(&self, key: &u32) -> Result<Option<Row>, StoreError> {
        self.rows.find(key).await
    }

    async fn save(&self, row: Row) -> Result<(), StoreError> {
        self.go.notified().await;
        self.rows.save(row).await
    }

    async fn delete(&self, key: &u32) -> Result<(), StoreError> {
        self.rows.delete(key).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_dropped_apply_keeps_its_lock_until_the_store_has_answered() {
    let gated = Gated { rows: plain(), go: Arc::default() };
    let (tracker, stamps) = (World::new(Phase::LegacyOnly).tracker, clock());
    let side = Arc::new(Unstamped::new(gated.clone(), Side::Legacy, tracker, &stamps));
    let (low, high) = (stamps.now(), stamps.now());

    let first = Record::live(low, OLD);
    let dropped = tokio::time::timeout(Duration::from_secs(1), side.apply(&KEY, &first)).await;
    assert!(dropped.is_err());

    let later = Arc::clone(&side);
    let second = tokio::spawn(async move { later.apply(&KEY, &Record::live(high, NEW)).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    gated.go.notify_one();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(gated.rows.find(&KEY).await.unwrap(), Some(OLD), "one at a time");
    gated.go.notify_one();
    assert_eq!(second.await.unwrap().unwrap(), Applied::Stored);
    assert_eq!(side.read(&KEY).await.unwrap(), Record::live(high, NEW));
}

#[tokio::test]
async fn a_scan_of_an_unstamped_side_shows_rows_and_remembered_deletions() {
    let (tracker, stamps) = (World::new(Phase::DualWrite).tracker, clock());
    let rows = plain();
    for key in [1, 3, 5] {
        rows.save((key, "old")).await.unwrap();
    }
    let side = Unstamped::new(rows, Side::Modern, tracker, &stamps);
    let deleted = stamps.now();
    for key in [2, 3, 9] {
        side.apply(&key, &Record::tombstone(deleted)).await.unwrap();
    }
    for size in 1..7 {
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let page = side.scan(after.as_ref(), NonZeroUsize::new(size).unwrap()).await.unwrap();
            assert!(page.records.len() <= size);
            after = page.records.last().map(|(key, _)| *key);
            seen.extend(page.records.into_iter().map(|(key, record)| (key, record.value)));
            if page.is_last {
                break;
            }
        }
        let expected =
            [(1, Some((1, "old"))), (2, None), (3, None), (5, Some((5, "old"))), (9, None)];
        assert_eq!(seen, expected, "{size}");
    }
}

#[tokio::test]
async fn a_lease_that_claims_other_scopes_than_the_sides_have_is_not_built_on() {
    let (tracker, stamps) = (World::new(Phase::LegacyOnly).tracker, clock());
    let side = |side| Unstamped::new(plain(), side, tracker.clone(), &stamps);
    let built = MigrationRepository::new(side(Side::Legacy), side(Side::Modern), tracker.clone());
    assert!(matches!(built, Err(BuildError::Scopes { found: PROCESS, .. })), "{built:?}");
}

#[tokio::test]
async fn one_process_crosses_with_forgotten_stamps_if_its_operator_says_so() {
    let name: MigrationName = "rows".parse().unwrap();
    let service = Arc::new(InMemoryStateService::default());
    service.create(&MigrationState::new(name.clone())).await.unwrap();
    let config = TrackerConfig::default().with_scopes(PROCESS);
    let node = "node-1".parse().unwrap();
    let tracker = PhaseTracker::start(service.clone(), name.clone(), node, config).await.unwrap();
    let (legacy, modern, stamps) = (plain(), plain(), clock());
    let left = Unstamped::new(legacy.clone(), Side::Legacy, tracker.clone(), &stamps);
    let right = Unstamped::new(modern.clone(), Side::Modern, tracker.clone(), &stamps);
    let config = MigrationConfig::default();
    let rows =
        MigrationRepository::with_parts(left, right, tracker.clone(), stamps, config).unwrap();
    legacy.save(OLD).await.unwrap();

    let cutover = Move::to(Phase::Cutover);
    let refused = take_step(&*service, &name, &cutover, None).await.unwrap_err();
    assert!(matches!(refused, MoveError::Refused(Refused::ProcessScope { .. })), "{refused:?}");
    let node = || Some("node-1".parse().unwrap());
    take_step(&*service, &name, &cutover, node()).await.unwrap();
    tracker.poll().await.unwrap();
    rows.save((2, "new")).await.unwrap();
    Sweep::new(&rows).establish(&*service, std::future::pending()).await.unwrap();
    for phase in [Phase::Live, Phase::RampDown, Phase::ModernOnly] {
        tracker.poll().await.unwrap();
        take_step(&*service, &name, &Move::to(phase), node()).await.unwrap();
    }
    tracker.poll().await.unwrap();
    assert_eq!(tracker.state().base().entered_from, Family::Modern);
    assert_eq!(rows.find(&KEY).await.unwrap(), Some(OLD));
    assert_eq!(modern.find(&2).await.unwrap(), Some((2, "new")));
}

#[tokio::test]
async fn a_row_that_other_code_changed_under_side_stamped_is_a_conflict_not_a_loss() {
    let (rows, stamps) = in_memory_tables(|row: &Row| row.0);
    let side = SideStamped::new(rows.clone(), stamps);
    let stamp = StampClock::new().unwrap().now();
    side.apply(&KEY, &Record::live(stamp, OLD)).await.unwrap();
    rows.save(NEW).await.unwrap();
    assert_eq!(side.read(&KEY).await.unwrap(), Record::live(stamp, NEW));
    rows.delete(&KEY).await.unwrap();
    assert_eq!(side.read(&KEY).await.unwrap(), Record::tombstone(stamp));
}

#[tokio::test]
async fn what_fails_before_the_commit_has_surely_had_no_effect() {
    let (rows, stamps) = in_memory_tables(|row: &Row| row.0);
    let side = SideStamped::new(Doubtful(rows.clone()), stamps);
    let record = Record::live(StampClock::new().unwrap().now(), NEW);
    let error = side.apply(&KEY, &record).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert_eq!(rows.find(&KEY).await.unwrap(), None);
}

/// Loses its connection in the middle of every transaction.
struct Doubtful(Plain);

#[async_trait]
impl Repository for Doubtful {
    type Key = u32;
    type Entity = Row;

    fn key(&self, row: &Row) -> u32 {
        row.0
    }

    async fn find(&self, key: &u32) -> Result<Option<Row>, StoreError> {
        self.0.find(key).await
    }

    async fn save(&self, row: Row) -> Result<(), StoreError> {
        self.0.save(row).await
    }

    async fn delete(&self, key: &u32) -> Result<(), StoreError> {
        self.0.delete(key).await
    }
}

#[async_trait]
impl TransactionalRepository for Doubtful {
    type Transaction = InMemoryTransaction<u32, Row>;

    async fn begin(&self, access: Access) -> Result<Self::Transaction, StoreError> {
        self.0.begin(access).await
    }

    async fn commit(&self, transaction: Self::Transaction) -> Result<(), StoreError> {
        self.0.commit(transaction).await
    }

    async fn find_in(
        &self,
        transaction: &mut Self::Transaction,
        key: &u32,
    ) -> Result<Option<Row>, StoreError> {
        self.0.find_in(transaction, key).await
    }

    async fn save_in(
        &self,
        transaction: &mut Self::Transaction,
        row: &Row,
    ) -> Result<(), StoreError> {
        self.0.save_in(transaction, row).await?;
        Err(StoreError::unknown("connection lost"))
    }

    async fn delete_in(
        &self,
        transaction: &mut Self::Transaction,
        key: &u32,
    ) -> Result<(), StoreError> {
        self.0.delete_in(transaction, key).await
    }

    async fn list_in(
        &self,
        transaction: &mut Self::Transaction,
        after: Option<&u32>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Row>, StoreError> {
        self.0.list_in(transaction, after, limit).await
    }

    async fn last_key_in(
        &self,
        transaction: &mut Self::Transaction,
    ) -> Result<Option<u32>, StoreError> {
        self.0.last_key_in(transaction).await
    }
}
