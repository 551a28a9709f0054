//! Whether modern rejected a key.

use std::future::pending;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use strangler_fig::controller::{LiveSignals, RejectionsZero};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::memory::{InMemoryRepairQueue, InMemoryRepository};
use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Phase, PhaseTracker};
use strangler_fig::reconcile::{Reconciler, ReconcilerConfig, RepairPump, RepairQueue};
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::stamp::StampClock;
use strangler_fig::testkit::faults::{Fault, FaultyRepository};

use super::support::{MINUTE, Mode, Queue, World, closed, note, open, park};

type Row = (u32, &'static str);
type Store = FaultyRepository<InMemoryRepository<u32, Row>>;

async fn read(queue: Arc<dyn RepairQueue>) -> strangler_fig::controller::GateReading {
    World::of(1).read(&RejectionsZero::new(queue)).await
}

#[tokio::test(start_paused = true)]
async fn keys_that_differ_for_another_reason_leave_it_open() {
    let queue = Arc::new(InMemoryRepairQueue::default());
    open(&read(queue.clone()).await);
    for (key, reason) in ["mismatch", "lenient_failed", "rejected_by_legacy", "stale_in_modern"]
        .into_iter()
        .enumerate()
    {
        note(&*queue, &key.to_be_bytes(), reason).await;
    }
    park(&*queue, "gave up after 3 attempts: the sides differ and stay so").await;
    let saw = "0 keys in the queue were rejected, of 5 entries looked at";
    assert_eq!(open(&read(queue).await), saw, "the parked one is looked at twice");
}

#[tokio::test(start_paused = true)]
async fn each_reason_of_a_rejection_closes_it() {
    for reason in ["lenient_rejected", "rejected_by_modern", "backfill_failed"] {
        let queue = Arc::new(InMemoryRepairQueue::default());
        note(&*queue, &[1], "mismatch").await;
        note(&*queue, &[2], reason).await;
        assert_eq!(closed(&read(queue.clone()).await), "1 keys in the queue were rejected");
        let all = NonZeroUsize::new(9).unwrap();
        for taken in queue.take(all, MINUTE).await.unwrap() {
            queue.finish(&taken).await.unwrap();
        }
        open(&read(queue).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_backfill_of_a_row_is_none_once_a_repair_tells_another_cause() {
    let queue = Arc::new(InMemoryRepairQueue::default());
    note(&*queue, &[1], "backfill_failed").await;
    park(&*queue, "the store is unavailable; nothing was done: timeout").await;
    open(&read(queue).await);
}

#[tokio::test(start_paused = true)]
async fn the_first_and_the_last_of_many_pages_are_seen() {
    for rejected in [0_u32, 499, 500, 1_200] {
        let queue = Arc::new(InMemoryRepairQueue::default());
        for key in 0..=1_200_u32 {
            let reason = if key == rejected { "lenient_rejected" } else { "mismatch" };
            note(&*queue, &key.to_be_bytes(), reason).await;
        }
        assert_eq!(closed(&read(queue).await), "1 keys in the queue were rejected", "{rejected}");
    }
}

#[tokio::test(start_paused = true)]
async fn more_entries_than_are_looked_at_close_it() {
    let (queue, world) = (Arc::new(InMemoryRepairQueue::default()), World::of(1));
    for key in 0..10_u8 {
        note(&*queue, &[key], "mismatch").await;
    }
    let most = |entries| {
        RejectionsZero::new(queue.clone()).with_entries_max(NonZeroUsize::new(entries).unwrap())
    };
    open(&world.read(&most(10)).await);
    let saw = "the queue lists more than the 9 entries looked at";
    assert_eq!(closed(&world.read(&most(9)).await), saw);
}

#[tokio::test(start_paused = true)]
async fn a_list_without_an_end_ends_the_look() {
    let mut queue = Queue::new(Mode::Works);
    note(&queue, &[1], "mismatch").await;
    let first = queue.waiting(None, NonZeroUsize::MIN).await.unwrap();
    queue.on_list = Box::new(move |_, _| first.clone());
    let saw = "the queue does not list its keys in their order";
    assert_eq!(closed(&read(Arc::new(queue)).await), saw);
}

/// While a key goes back and forth between the lists, one of the three looks sees it.
#[tokio::test(start_paused = true)]
async fn a_key_that_changes_lists_meanwhile_is_seen() {
    let cases = [
        // parked, until after the first look
        [true, false, false],
        [false, true, false],
        // waiting, until after the look at those
        [false, false, true],
    ];
    for shows in cases {
        let mut queue = Queue::new(Mode::Works);
        note(&queue, &[1], "lenient_rejected").await;
        let entry = queue.waiting(None, NonZeroUsize::MIN).await.unwrap();
        queue.inner = Arc::default();
        let (lists, empty) = (AtomicUsize::new(0), AtomicUsize::new(0));
        // A look that shows the key lists it, and then that nothing follows.
        queue.on_list = Box::new(move |_, _| {
            let look = lists.load(Ordering::Relaxed);
            let lists_it = shows.get(look).copied().unwrap_or(false);
            if lists_it && empty.fetch_add(1, Ordering::Relaxed) == 0 {
                return entry.clone();
            }
            lists.fetch_add(1, Ordering::Relaxed);
            Vec::new()
        });
        assert_eq!(closed(&read(Arc::new(queue)).await), "1 keys in the queue were rejected");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_that_a_node_keeps_may_be_of_any_kind() {
    let gate = RejectionsZero::new(Arc::new(InMemoryRepairQueue::default()));
    let keeps = World::of(2).with_backlog(1, 2, false).read(&gate).await;
    assert!(closed(&keeps).contains("node-2"), "{keeps}");
    closed(&World::of(2).with_backlog(0, 0, true).read(&gate).await);
}

/// A migration in `DualWrite` whose modern store rejects every record.
struct Rejecting {
    users: MigrationRepository<Store, Store>,
    queue: Arc<InMemoryRepairQueue>,
    signals: Arc<LiveSignals>,
}

impl Rejecting {
    fn new() -> Self {
        let [legacy, modern] =
            [(); 2].map(|()| Store::new(InMemoryRepository::new(|row: &Row| row.0)));
        modern.always_apply(Fault::Refuse(StoreErrorKind::Rejected));
        let state = MigrationState::new("users".parse().unwrap());
        let step = Move::to(Phase::DualWrite);
        let state = state.transition(&step, MoveId::fixed(1), &Fleet::default()).unwrap();
        let signals = Arc::new(LiveSignals::default());
        let config = MigrationConfig::default().with_observer(signals.clone());
        let stamps = Arc::new(StampClock::new().unwrap());
        let tracker = PhaseTracker::detached(state);
        let users =
            MigrationRepository::with_parts(legacy, modern, tracker, stamps, config).unwrap();
        Self { users, queue: Arc::default(), signals }
    }
}

#[tokio::test(start_paused = true)]
async fn what_modern_rejects_in_dual_write_closes_it_from_the_note_to_the_mending() {
    let Rejecting { users, queue, signals } = Rejecting::new();
    users.save((1, "Ada")).await.unwrap();
    users.drained().await;
    assert_eq!(signals.last(MINUTE).unwrap().rejections, 1);
    RepairPump::new(users.sink(), queue.clone()).pump().await.unwrap();
    closed(&read(queue.clone()).await);

    let config = ReconcilerConfig::default().with_attempts_max(NonZeroU32::MIN);
    let reconciler = Reconciler::new(&users, queue.clone()).with_config(config);
    assert_eq!(reconciler.drain(pending()).await.unwrap().parked, 1);
    closed(&read(queue.clone()).await);

    users.modern().heal();
    queue.retry(&1_u32.to_be_bytes()).await.unwrap();
    assert_eq!(reconciler.drain(pending()).await.unwrap().copied, 1);
    open(&read(queue).await);
}

#[tokio::test(start_paused = true)]
async fn a_repair_that_was_rejected_closes_it_whatever_the_key_was_noted_for() {
    for attempts in 1..=2 {
        let Rejecting { users, queue, .. } = Rejecting::new();
        users.legacy().inner().plant((1, "Ada"));
        note(&*queue, &1_u32.to_be_bytes(), "mismatch").await;
        open(&read(queue.clone()).await);

        let config =
            ReconcilerConfig::default().with_attempts_max(NonZeroU32::new(attempts).unwrap());
        let reconciler = Reconciler::new(&users, queue.clone()).with_config(config);
        let report = reconciler.drain(pending()).await.unwrap();
        assert_eq!(report.parked, u64::from(attempts == 1), "else it is put off");
        assert_eq!(closed(&read(queue).await), "1 keys in the queue were rejected");
    }
}
