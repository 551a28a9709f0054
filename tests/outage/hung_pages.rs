//! One call that is never answered holds up no worker for good.

use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::backfill::{BackfillConfig, Backfiller};
use strangler_fig::consistency::{CheckerConfig, ConsistencyChecker};
use strangler_fig::memory::{InMemoryCheckpointStore, InMemoryRepairQueue, InMemoryRepository};
use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Phase, PhaseTracker};
use strangler_fig::reconcile::{Sweep, SweepConfig};
use strangler_fig::repository::MigrationRepository;
use strangler_fig::testkit::faults::{Fault, FaultyRepository};
use tokio::time::Instant;

type Store = FaultyRepository<InMemoryRepository<u32, (u32, &'static str)>>;

const DEADLINE: Duration = Duration::from_secs(7);
/// Well beyond a few deadlines and pauses.
const SOON: Duration = Duration::from_secs(60);

/// Ten rows in legacy, in `Cutover`.
fn rows() -> MigrationRepository<Store, Store> {
    let [legacy, modern] =
        [(); 2].map(|()| Store::new(InMemoryRepository::new(|row: &(u32, &str)| row.0)));
    (0..10).for_each(|key| legacy.inner().plant((key, "fig")));
    let state = MigrationState::new("rows".parse().unwrap());
    let (step, fleet) = (Move::to(Phase::Cutover), Fleet::default());
    let state = state.transition(&step, MoveId::fixed(1), &fleet).unwrap();
    MigrationRepository::new(legacy, modern, PhaseTracker::detached(state)).unwrap()
}

fn three() -> NonZeroUsize {
    NonZeroUsize::new(3).unwrap()
}

/// Where a call hangs: a page of legacy, one of modern, a record on its way to modern.
fn hang(rows: &MigrationRepository<Store, Store>, at: usize) {
    for fault in [None, Some(Fault::Hang)] {
        match at {
            0 => rows.legacy().push_scan(fault),
            1 => rows.modern().push_scan(fault),
            _ => rows.modern().push_apply(fault),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_sweep_asks_again() {
    for at in 0..3 {
        let rows = rows();
        hang(&rows, at);
        let config = SweepConfig::default().with_page_size(three()).with_call_deadline(DEADLINE);
        let ticket = rows.tracker().state().begin_sweep(&Fleet::default());
        let began = Instant::now();
        let report = Sweep::new(&rows).with_config(config).run(ticket, pending()).await.unwrap();
        assert!(report.is_clean(), "{at}: {report}");
        assert!((DEADLINE..SOON).contains(&began.elapsed()), "{at}: {:?}", began.elapsed());
        assert_eq!(rows.modern().inner().records(), rows.legacy().inner().records());
    }
}

#[tokio::test(start_paused = true)]
async fn a_backfill_asks_again() {
    for at in [0, 2] {
        let rows = rows();
        hang(&rows, at);
        let config = BackfillConfig::default().with_call_deadline(DEADLINE);
        let (checkpoints, repairs) = (
            Arc::new(InMemoryCheckpointStore::default()),
            Arc::new(InMemoryRepairQueue::default()),
        );
        let backfiller = Backfiller::new(&rows, checkpoints, repairs, "rows".parse().unwrap());
        let began = Instant::now();
        let report = backfiller.with_config(config).run(pending()).await.unwrap();
        assert!(report.is_done && report.failed == 0, "{at}: {report}");
        assert!(began.elapsed() < SOON, "{at}: {:?}", began.elapsed());
        assert_eq!(rows.modern().inner().records(), rows.legacy().inner().records());
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_asks_again() {
    for at in [0, 1] {
        let rows = rows();
        hang(&rows, at);
        let config = CheckerConfig::default().with_page_size(three()).with_call_deadline(DEADLINE);
        let began = Instant::now();
        let report = ConsistencyChecker::new(&rows).with_config(config).full(pending()).await;
        assert_eq!((report.keys, report.differences.total(), report.uncovered), (10, 10, 0));
        assert!((DEADLINE..SOON).contains(&began.elapsed()), "{at}: {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_answers_is_a_failure_in_the_end() {
    let rows = rows();
    rows.modern().always(Fault::Hang);
    let config = SweepConfig::default().with_call_deadline(DEADLINE);
    let ticket = rows.tracker().state().begin_sweep(&Fleet::default());
    let sweep = Sweep::new(&rows).with_config(config);
    let failed = tokio::time::timeout(SOON, sweep.run(ticket, pending())).await.unwrap();
    assert!(failed.unwrap_err().to_string().contains("modern"));
}
