//! Reads of several keys: what one side answers alone is asked for in calls of many keys.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::observe::{Comparison, Event, Operation, Outcome};
use strangler_fig::phase::{self, Move, Phase, Share};
use strangler_fig::repository::{Applied, MigrationConfig, MigrationRepository, StampedRepository};
use strangler_fig::stamp::Record;
use strangler_fig::testkit::faults::{Fault, Pause};
use tokio::task::JoinHandle;

use crate::policies::{stubborn, touchy};
use crate::support::{Ears, NEW, OLD, Row, Side, World, behind, kind, stamp, timed};

const ONE_SIDED: [Phase; 6] = [
    Phase::LegacyOnly,
    Phase::DualWrite,
    Phase::Shadow,
    Phase::Live,
    Phase::RampDown,
    Phase::ModernOnly,
];

const NO_CALLS: [Vec<usize>; 2] = [vec![], vec![]];

/// A side that remembers for how many keys each of its calls was, and may answer for fewer or more.
#[derive(Debug, Clone)]
struct Batched {
    inner: Side,
    calls: Arc<Mutex<Vec<usize>>>,
    /// How many answers it gives, if not one for each key.
    answers: Option<usize>,
    /// Whether it does not know what has become of a read.
    unknown: Arc<AtomicBool>,
    /// Whether each key fails with a text of its own, and the key 1 asks for a pause of 2 s.
    says_wait: Arc<AtomicBool>,
}

#[async_trait]
impl StampedRepository for Batched {
    type Key = u32;
    type Entity = Row;

    fn key(&self, row: &Row) -> u32 {
        row.0
    }

    async fn read(&self, key: &u32) -> Result<Record<Row>, StoreError> {
        self.inner.read(key).await
    }

    async fn apply(&self, key: &u32, record: &Record<Row>) -> Result<Applied, StoreError> {
        self.inner.apply(key, record).await
    }

    fn read_batch(&self) -> NonZeroUsize {
        NonZeroUsize::new(128).unwrap()
    }

    async fn read_many(&self, keys: &[u32]) -> Vec<Result<Record<Row>, StoreError>> {
        self.calls.lock().unwrap().push(keys.len());
        if self.unknown.load(Ordering::Relaxed) {
            return keys.iter().map(|_| Err(StoreError::unknown("who knows"))).collect();
        }
        if self.says_wait.load(Ordering::Relaxed) {
            let failed = |key: &u32| {
                let error = StoreError::unavailable(format!("key {key}"));
                Err(if *key == 1 { error.with_retry_after(Duration::from_secs(2)) } else { error })
            };
            return keys.iter().map(failed).collect();
        }
        let mut answers = self.inner.read_many(keys).await;
        if let Some(count) = self.answers {
            answers.resize_with(count, || Ok(Record::live(stamp(9), (9, "nobody's"))));
        }
        answers
    }
}

/// A world whose sides read many keys in a call.
struct Batches {
    world: World,
    legacy: Batched,
    modern: Batched,
    rows: MigrationRepository<Batched, Batched>,
    ears: Arc<Ears>,
}

impl Batches {
    fn new(phase: Phase) -> Self {
        Self::with(phase, MigrationConfig::default().with_shadow_share(Share::NONE))
    }

    fn with(phase: Phase, config: MigrationConfig) -> Self {
        Self::of(World::new(phase), config, None)
    }

    fn of(world: World, config: MigrationConfig, answers: Option<usize>) -> Self {
        let side = |side: &Side| Batched {
            inner: side.clone(),
            calls: Arc::default(),
            answers,
            unknown: Arc::default(),
            says_wait: Arc::default(),
        };
        let (legacy, modern) = (side(&world.legacy), side(&world.modern));
        let ears = Arc::new(Ears::default());
        let config = config.with_observer(ears.clone());
        let (tracker, stamps) = (world.tracker.clone(), world.rows.stamps().clone());
        let rows = MigrationRepository::with_parts(
            legacy.clone(),
            modern.clone(),
            tracker,
            stamps,
            config,
        );
        Self { world, legacy, modern, rows: rows.unwrap(), ears }
    }

    /// So many rows in both sides.
    async fn fill(&self, keys: u32) {
        for key in 0..keys {
            let record = Record::live(stamp(1), (key, "row"));
            for side in [&self.world.legacy, &self.world.modern] {
                side.inner().apply(&key, &record).await.unwrap();
            }
        }
    }

    async fn found(&self, keys: &[u32]) -> Vec<Option<Row>> {
        self.rows.find_many(keys).await.into_iter().map(Result::unwrap).collect()
    }

    fn finding(&self, keys: &'static [u32]) -> JoinHandle<Vec<Result<Option<Row>, StoreError>>> {
        let rows = self.rows.clone();
        tokio::spawn(async move { rows.find_many(keys).await })
    }

    /// For how many keys the calls of the sides were, the largest first.
    fn calls(&self) -> [Vec<usize>; 2] {
        [&self.legacy, &self.modern].map(|side| {
            let mut calls = side.calls.lock().unwrap().clone();
            calls.sort_unstable_by(|a, b| b.cmp(a));
            calls
        })
    }
}

fn side_of(phase: Phase) -> usize {
    usize::from(phase.family() == Some(phase::Family::Modern))
}

#[tokio::test(start_paused = true)]
async fn the_side_that_answers_is_asked_for_many_keys_in_a_call() {
    for phase in ONE_SIDED {
        let batches = Batches::new(phase);
        batches.fill(200).await;
        let keys: Vec<u32> = (0..300).rev().collect();
        let found = batches.found(&keys).await;
        let expected: Vec<_> =
            keys.iter().map(|&key| (key < 200).then_some((key, "row"))).collect();
        assert_eq!(found, expected, "{phase}");
        let mut calls = [vec![], vec![]];
        calls[side_of(phase)] = vec![128, 128, 44];
        assert_eq!(batches.calls(), calls, "{phase}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_key_no_key_and_a_key_twice() {
    let batches = Batches::new(Phase::DualWrite);
    batches.fill(3).await;
    assert_eq!(batches.found(&[]).await, []);
    assert_eq!(batches.found(&[2]).await, [Some((2, "row"))]);
    assert_eq!(batches.calls(), NO_CALLS, "a plain read");
    let twice = batches.found(&[2, 7, 2]).await;
    assert_eq!(twice, [Some((2, "row")), None, Some((2, "row"))]);
}

/// Where both are read each key is joined, and the side that lags is brought up.
#[tokio::test(start_paused = true)]
async fn in_cutover_keys_are_joined_one_by_one() {
    let batches = Batches::new(Phase::Cutover);
    for key in 0..20 {
        let record = Record::live(stamp(1), (key, "row"));
        batches.world.legacy.inner().apply(&key, &record).await.unwrap();
    }
    let keys: Vec<u32> = (0..20).collect();
    assert!(batches.found(&keys).await.iter().all(Option::is_some));
    assert_eq!(batches.calls(), NO_CALLS);
    assert_eq!(batches.world.modern.inner().records().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn each_key_goes_to_the_side_of_its_cohort() {
    let world = World::new(Phase::DualWrite);
    world.take(Move::StartCohort { share: Share::percent(50) });
    world.take(Move::cohort_to(Phase::Cutover));
    world.take(Move::Complete(world.ticket().finish(0, 0)));
    world.take(Move::cohort_to(Phase::Live));
    let batches =
        Batches::of(world, MigrationConfig::default().with_shadow_share(Share::NONE), None);
    let keys: Vec<u32> = (0..100).collect();
    for key in &keys {
        let [old, new] = ["old", "new"].map(|text| Record::live(stamp(1), (*key, text)));
        batches.world.legacy.inner().apply(key, &old).await.unwrap();
        batches.world.modern.inner().apply(key, &new).await.unwrap();
    }
    let found = batches.found(&keys).await;
    let [legacy, modern] = batches.calls();
    assert!(legacy[0] > 25 && modern[0] > 25 && legacy[0] + modern[0] == 100);
    for (key, row) in keys.iter().zip(found) {
        assert_eq!(row, batches.rows.find(key).await.unwrap(), "as alone");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_whose_phase_has_moved_meanwhile_are_read_again() {
    let batches = Batches::new(Phase::DualWrite);
    let world = &batches.world;
    world.put(&world.legacy, stamp(1), Some(OLD)).await;
    let gate = world.legacy.pause_next_read(Pause::AfterEffect);
    let finding = batches.finding(&[OLD.0, 7]);
    gate.reached().await;
    world.go(Phase::Cutover);
    world.go(Phase::Live);
    world.put(&world.modern, stamp(2), Some(NEW)).await;
    gate.open();
    let found: Vec<_> = finding.await.unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(found, [Some(NEW), None]);
    let is_rerun = |event: &Event| matches!(event, Event::Rerun { .. });
    assert_eq!(batches.ears.count(is_rerun), 2);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_closed_meanwhile_answers_none_of_them() {
    let batches = Batches::new(Phase::DualWrite);
    let gate = batches.world.legacy.pause_next_read(Pause::AfterEffect);
    let finding = batches.finding(&[1, 2]);
    gate.reached().await;
    batches.world.tracker.release().await.unwrap();
    gate.open();
    for answer in finding.await.unwrap() {
        assert_eq!(kind(answer), StoreErrorKind::Unavailable);
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_that_cannot_be_read_fails_alone() {
    let batches = Batches::new(Phase::DualWrite);
    batches.fill(3).await;
    batches.world.legacy.push_read(None);
    batches.world.legacy.push_read(Fault::Refuse(StoreErrorKind::Rejected));
    let found = batches.rows.find_many(&[0, 1, 2]).await;
    assert!(found[0].is_ok() && found[2].is_ok(), "{found:?}");
    assert_eq!(found[1].as_ref().unwrap_err().kind(), StoreErrorKind::Rejected);
}

#[tokio::test(start_paused = true)]
async fn a_policy_asks_again_for_what_was_not_answered_and_for_nothing_else() {
    let config = behind(&[(phase::Side::Legacy, stubborn("legacy"))]);
    let batches = Batches::with(Phase::DualWrite, config);
    batches.fill(4).await;
    batches.world.legacy.push_read(None);
    batches.world.legacy.push_read(Fault::Refuse(StoreErrorKind::Unavailable));
    batches.world.legacy.push_read(Fault::Refuse(StoreErrorKind::Rejected));
    let found = batches.rows.find_many(&[0, 1, 2, 3]).await;
    let kinds: Vec<_> = found.into_iter().map(|row| row.err().map(|error| error.kind())).collect();
    assert_eq!(kinds, [None, None, Some(StoreErrorKind::Rejected), None]);
    assert_eq!(batches.calls(), [vec![4, 1], vec![]]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_is_asked_as_often_as_the_policy_says_and_not_once_more_for_each_key()
{
    let config = behind(&[(phase::Side::Legacy, stubborn("legacy"))]);
    let batches = Batches::with(Phase::DualWrite, config);
    batches.world.legacy.always_read(Fault::Refuse(StoreErrorKind::Unavailable));
    let found = batches.rows.find_many(&[0, 1, 2]).await;
    assert!(found.into_iter().all(|row| kind(row) == StoreErrorKind::Unavailable));
    assert_eq!(batches.calls(), [vec![3, 3, 3], vec![]]);
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_is_given_up_in_time_and_its_breaker_opens() {
    let config = behind(&[(phase::Side::Legacy, touchy("legacy"))]);
    let batches = Batches::with(Phase::DualWrite, config);
    batches.world.legacy.always_read(Fault::Hang);
    for _ in 0..2 {
        let found = batches.rows.find_many(&[0, 1, 2]).await;
        assert!(found.into_iter().all(|row| kind(row) == StoreErrorKind::Unavailable));
        assert_eq!(batches.calls()[0].len(), 1, "a call for all, and no more once it is open");
    }
}

#[tokio::test(start_paused = true)]
async fn the_other_side_stands_in_with_one_call_for_all_that_are_missing() {
    let config = MigrationConfig::default().with_fallback_reads();
    let batches = Batches::with(Phase::DualWrite, config.with_shadow_share(Share::NONE));
    batches.fill(4).await;
    batches.world.legacy.push_read(None);
    batches.world.legacy.push_read(Fault::Refuse(StoreErrorKind::Rejected));
    batches.world.legacy.always_read(Fault::Refuse(StoreErrorKind::Unavailable));
    let found = batches.rows.find_many(&[0, 1, 2, 3]).await;
    let kinds: Vec<_> = found.into_iter().map(|row| row.err().map(|error| error.kind())).collect();
    assert_eq!(kinds, [None, Some(StoreErrorKind::Rejected), None, None]);
    assert_eq!(batches.calls(), [vec![4], vec![2]]);
    let is_so = |outcome| {
        move |event: &Event| {
            let read = Operation::Read;
            matches!(event, Event::Operated { operation, outcome: it, .. } if *operation == read && *it == outcome)
        }
    };
    let counts = [Outcome::Done, Outcome::Refused, Outcome::FellBack];
    assert_eq!(counts.map(|outcome| batches.ears.count(is_so(outcome))), [1, 1, 2], "a key each");
}

/// Two wrongs of an adapter: neither may show one key the row of another, or end the caller.
#[tokio::test(start_paused = true)]
async fn an_adapter_that_answers_for_fewer_or_more_keys_is_not_believed() {
    for (answers, right) in [(0, 0), (2, 2), (5, 3)] {
        let config = MigrationConfig::default().with_shadow_share(Share::NONE);
        let batches = Batches::of(World::new(Phase::DualWrite), config, Some(answers));
        batches.fill(3).await;
        let found = batches.rows.find_many(&[0, 1, 2]).await;
        assert_eq!(found.len(), 3);
        for (key, row) in (0..).zip(found) {
            match row {
                Ok(row) => assert_eq!(row, Some((key, "row"))),
                Err(error) => {
                    assert!(key >= right, "{answers}");
                    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_of_them_may_be_compared_with_the_other_side() {
    let config = MigrationConfig::default().with_shadow_share(Share::WHOLE);
    let batches = Batches::with(Phase::Shadow, config);
    batches.fill(5).await;
    batches.found(&[0, 1, 2, 3, 4]).await;
    batches.rows.drained().await;
    let is_match =
        |event: &Event| matches!(event, Event::Compared { result: Comparison::Match, .. });
    assert_eq!(batches.ears.count(is_match), 5);
}

/// What halts meanwhile is waited for once, and not once for each key.
#[tokio::test(start_paused = true)]
async fn a_phase_that_halts_is_waited_out_once_for_all_keys() {
    for meanwhile in [true, false] {
        let config = MigrationConfig::default()
            .with_shadow_share(Share::NONE)
            .with_batch_concurrency(NonZeroUsize::new(2).unwrap())
            .with_halted_wait(Duration::from_secs(5));
        let batches = Batches::with(Phase::Live, config);
        let gate = batches.world.modern.pause_next_read(Pause::AfterEffect);
        if !meanwhile {
            batches.world.go(Phase::Halted);
        }
        let rows = batches.rows.clone();
        let finding = tokio::spawn(async move {
            let keys: Vec<u32> = (0..100).collect();
            timed(rows.find_many(&keys)).await
        });
        if meanwhile {
            gate.reached().await;
            batches.world.go(Phase::Halted);
            gate.open();
        }
        let (found, took) = finding.await.unwrap();
        assert!(found.into_iter().all(|row| kind(row) == StoreErrorKind::Unavailable));
        assert!(took <= Duration::from_secs(10), "{took:?}, {meanwhile}");
    }
}

/// A row that cannot be read just now is no sick store.
#[tokio::test(start_paused = true)]
async fn a_breaker_counts_a_call_that_brought_something_as_no_failure() {
    let config = behind(&[(phase::Side::Legacy, touchy("legacy"))]);
    let batches = Batches::with(Phase::DualWrite, config);
    batches.fill(3).await;
    for _ in 0..5 {
        batches.world.legacy.push_read(None);
        batches.world.legacy.push_read(Fault::Refuse(StoreErrorKind::Unavailable));
        batches.world.legacy.push_read(None);
        let found = batches.rows.find_many(&[0, 1, 2]).await;
        assert!(found[0].is_ok() && found[1].is_err() && found[2].is_ok(), "{found:?}");
    }
    batches.world.legacy.always_read(Fault::Refuse(StoreErrorKind::Unavailable));
    batches.rows.find_many(&[0, 1, 2]).await;
    let calls = batches.calls()[0].len();
    batches.rows.find_many(&[0, 1, 2]).await;
    assert_eq!(batches.calls()[0].len(), calls, "one that brought nothing is");
}

/// Without batches of its own a side is read key by key, each within its own deadline, and no more at once than is said.
#[tokio::test(start_paused = true)]
async fn a_side_without_batches_is_read_key_by_key() {
    let config = behind(&[(phase::Side::Legacy, stubborn("legacy"))]);
    let config = config.with_batch_concurrency(NonZeroUsize::new(4).unwrap());
    let world = World::with(Phase::DualWrite, config);
    world.legacy.always_read(Fault::Delay(Duration::from_millis(60)));
    let keys: Vec<u32> = (0..40).collect();
    let (found, took) = timed(world.rows.find_many(&keys)).await;
    assert!(found.iter().all(Result::is_ok), "{found:?}");
    assert_eq!(took, Duration::from_millis(600));
}

/// A read has no effect, whatever an adapter thinks.
#[tokio::test(start_paused = true)]
async fn what_an_adapter_calls_unknown_is_unavailable() {
    let batches = Batches::new(Phase::DualWrite);
    batches.legacy.unknown.store(true, Ordering::Relaxed);
    for row in batches.rows.find_many(&[1, 2]).await {
        assert_eq!(kind(row), StoreErrorKind::Unavailable);
    }
}

/// Errors, hints and what is asked again are each key's own.
#[tokio::test(start_paused = true)]
async fn keys_keep_errors_of_their_own_and_the_longest_pause_is_kept() {
    let config = behind(&[(phase::Side::Legacy, stubborn("legacy"))]);
    let batches = Batches::with(Phase::DualWrite, config);
    batches.legacy.says_wait.store(true, Ordering::Relaxed);
    let (found, took) = timed(batches.rows.find_many(&[0, 1, 2])).await;
    let told: Vec<_> = found.into_iter().map(|row| row.unwrap_err().with_causes()).collect();
    assert_eq!(told.len(), 3);
    for (key, told) in told.iter().enumerate() {
        assert!(told.ends_with(&format!("key {key}")), "{told}");
    }
    assert!(took >= Duration::from_secs(2), "key 1 has asked for it: {took:?}");
}
