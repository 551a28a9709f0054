//! What is promised of one dual write, each by its name.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::gateway::Upstream;
use strangler_fig::gateway::dual::{
    DualWriter, OperateError, ParkReason, RequestJournal, RequestKey, RequestStatus, Shelf,
};
use strangler_fig::memory::InMemoryRequestJournal;
use strangler_fig::phase::Side;
use strangler_fig::route::{DualWritePlan, IdSource};
use tokio::time::sleep;

use crate::crash::{request, run};
use crate::life::Life;
use crate::process::{Heard, ada, why, writer};
use crate::scenario::{Fate, Fault, Scenario};
use crate::service::Service;
use crate::verdict::judge;

/// A gateway, its journal and two sides, legacy first.
pub(crate) struct Bench {
    pub(crate) journal: InMemoryRequestJournal,
    pub(crate) legacy: Service,
    pub(crate) modern: Service,
    pub(crate) heard: Arc<Heard>,
    pub(crate) writer: DualWriter,
}

pub(crate) fn bench(legacy: Fault, modern: Fault) -> Bench {
    bench_with(legacy, modern, None)
}

pub(crate) fn bench_with(legacy: Fault, modern: Fault, fate: Option<Fate>) -> Bench {
    let journal = InMemoryRequestJournal::default();
    let (legacy, modern) = (Service::new(legacy), Service::new(modern));
    let heard = Arc::new(Heard::default());
    let sides: [Arc<dyn Upstream>; 2] = [Arc::new(legacy.clone()), Arc::new(modern.clone())];
    let own: Arc<dyn RequestJournal> = Arc::new(journal.clone());
    let writer = writer(1, &Life::new(fate), own, sides, &heard);
    Bench { journal, legacy, modern, heard, writer }
}

pub(crate) fn plan(strict: bool, ids: IdSource) -> DualWritePlan {
    let mut plan = DualWritePlan::new(Side::Legacy, ids);
    plan.is_strict = strict;
    plan
}

pub(crate) const STRICT: bool = true;
pub(crate) const LENIENT: bool = false;

impl Bench {
    pub(crate) async fn asks(&self, key: &str, strict: bool) -> u16 {
        let plan = plan(strict, IdSource::Gateway);
        self.writer.handle(request(key), plan, "orders").await.status().as_u16()
    }

    pub(crate) async fn status(&self, key: &str) -> Option<RequestStatus> {
        let key = RequestKey::new("", key).unwrap();
        self.journal.load(&key).await.unwrap().map(|record| record.state.status())
    }

    /// How often it was done by legacy, and by modern.
    pub(crate) fn done(&self) -> [usize; 2] {
        [self.legacy.effects().len(), self.modern.effects().len()]
    }

    /// Replays until nothing is due for a while.
    pub(crate) async fn replays(&self) {
        for _ in 0..40 {
            self.writer.replayer().drain(std::future::pending()).await.unwrap();
            sleep(Duration::from_secs(1)).await;
        }
    }
}

fn scenario(faults: [Fault; 2], fate: Fate) -> Scenario {
    let (strict, first, asks_again) = (false, Side::Legacy, false);
    Scenario { strict, first, faults, fate: Some(fate), asks_again, is_patient: true }
}

#[tokio::test(start_paused = true)]
async fn a_runner_that_stood_still_changes_nothing() {
    for act in 1..=5 {
        for fate in [Fate::StopsBefore(act), Fate::StopsAfter(act)] {
            let (_, ended) = run(scenario([Fault::Answers; 2], fate), None).await;
            assert_eq!(judge(&ended), Ok(()), "{fate:?}");
            let counts = [ended.effects[0].len(), ended.effects[1].len()];
            let expected = if fate == Fate::StopsBefore(1) { [0, 0] } else { [1, 1] };
            assert_eq!(counts, expected, "{fate:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_append_without_an_answer_is_read_back() {
    // Its acts: it is recorded, sent, noted, sent to the other side, noted.
    for act in [1, 3, 5] {
        let bench = bench_with(Fault::Answers, Fault::Answers, Some(Fate::AnswerLost(act)));
        assert_eq!(bench.asks("pears", STRICT).await, 201, "the answer to act {act} was lost");
        assert_eq!(bench.status("pears").await, Some(RequestStatus::Done));
        assert_eq!((bench.legacy.calls().len(), bench.modern.calls().len()), (1, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_the_intent_is_recorded() {
    for fate in [Fate::Refused(1), Fate::Full(1)] {
        let bench = bench_with(Fault::Answers, Fault::Answers, Some(fate));
        assert_eq!(bench.asks("pears", LENIENT).await, 503);
        bench.replays().await;
        assert_eq!((bench.done(), bench.status("pears").await), ([0, 0], None));
        assert!(bench.legacy.calls().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_in_doubt_is_no_503() {
    // No try has an answer, and none was written.
    let bench = bench_with(Fault::Answers, Fault::Answers, Some(Fate::Vanishes(1)));
    assert_eq!(bench.asks("pears", STRICT).await, 201, "it is written down once more");
}

#[tokio::test(start_paused = true)]
async fn a_full_journal_disk_sends_nothing() {
    let bench = bench_with(Fault::Answers, Fault::Answers, Some(Fate::Full(1)));
    for key in ["pears", "plums"] {
        assert_eq!(bench.asks(key, STRICT).await, 503);
    }
    assert!(bench.legacy.calls().is_empty() && bench.modern.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_lenient_caller_does_not_wait_for_a_side_that_hangs() {
    let bench = bench(Fault::Answers, Fault::Hangs);
    let began = tokio::time::Instant::now();
    assert_eq!(bench.asks("pears", LENIENT).await, 201);
    assert_eq!(began.elapsed(), Duration::from_millis(100));
    bench.writer.drained().await;
    assert_eq!(bench.status("pears").await, Some(RequestStatus::HalfDone));
    bench.replays().await;
    assert_eq!((bench.done(), bench.status("pears").await), ([1, 1], Some(RequestStatus::Done)));
}

#[tokio::test(start_paused = true)]
async fn a_strict_caller_is_answered_when_both_have_done_it() {
    let hanging = bench(Fault::Answers, Fault::Hangs);
    assert_eq!(hanging.asks("pears", STRICT).await, 504, "modern may have done it");
    hanging.replays().await;
    assert_eq!(hanging.done(), [1, 1]);
    let well = bench(Fault::Answers, Fault::Answers);
    assert_eq!((well.asks("pears", STRICT).await, well.done()), (201, [1, 1]));
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_was_overtaken_waits_for_both() {
    let bench = bench(Fault::Answers, Fault::Hangs);
    let plan = plan(LENIENT, IdSource::Gateway);
    let answer = bench.writer.handle_unless_moved(request("pears"), plan, "orders", || true).await;
    assert_eq!(answer.status(), 504, "the lenient plan is not in force any more");
    let answer = bench.writer.handle_unless_moved(request("plums"), plan, "orders", || true).await;
    assert_eq!((answer.status().as_u16(), bench.modern.effects().len()), (201, 1));
}

#[tokio::test(start_paused = true)]
async fn the_other_side_s_response_may_be_the_answer() {
    let bench = bench(Fault::Answers, Fault::Answers);
    let mut plan = plan(LENIENT, IdSource::Gateway);
    plan.answers = Side::Modern;
    assert_eq!(bench.writer.handle(request("pears"), plan, "orders").await.status(), 201);
    assert_eq!(bench.done(), [1, 1], "its caller has waited for both");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_stops_nothing() {
    let bench = bench(Fault::Answers, Fault::Answers);
    let plan = plan(STRICT, IdSource::Gateway);
    let call = bench.writer.handle(request("pears"), plan, "orders");
    assert!(tokio::time::timeout(Duration::ZERO, call).await.is_err(), "it goes away at once");
    bench.writer.drained().await;
    assert_eq!((bench.done(), bench.status("pears").await), ([1, 1], Some(RequestStatus::Done)));
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_request_is_never_replayed() {
    let bench = bench(Fault::Unsent, Fault::Answers);
    assert_eq!(bench.asks("pears", LENIENT).await, 503);
    assert_eq!(bench.status("pears").await, Some(RequestStatus::Withdrawn));
    bench.replays().await;
    assert_eq!((bench.done(), bench.legacy.calls().len()), ([0, 0], 1));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_by_the_first_side_is_the_answer_and_the_end() {
    let bench = bench(Fault::Refuses, Fault::Answers);
    assert_eq!(bench.asks("pears", LENIENT).await, 422);
    bench.replays().await;
    assert_eq!((bench.done(), bench.modern.calls().len()), ([0, 0], 0));
    assert_eq!(bench.status("pears").await, Some(RequestStatus::Refused(422)));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_by_the_other_side_is_parked_and_told() {
    let bench = bench(Fault::Answers, Fault::Refuses);
    assert_eq!(bench.asks("pears", STRICT).await, 504);
    let parked = RequestStatus::Parked(ParkReason::Refused(422));
    assert_eq!((bench.status("pears").await, bench.heard.parked()), (Some(parked), 1));
    bench.replays().await;
    assert_eq!(
        (bench.done(), bench.heard.parked()),
        ([1, 0], 1),
        "nobody tries, and it is told once"
    );
}

#[tokio::test(start_paused = true)]
async fn what_another_process_has_parked_is_told() {
    let bench = bench(Fault::Answers, Fault::Refuses);
    bench.asks("pears", STRICT).await;
    let heard = Arc::new(Heard::default());
    let other = bench.writer.clone().with_config(crate::process::config(&heard));
    for _ in 0..2 {
        other.replayer().drain(std::future::pending()).await.unwrap();
    }
    assert_eq!(heard.parked(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_operator_may_have_it_tried_again_or_settle_it() {
    let bench = bench(Fault::Answers, Fault::Refuses);
    bench.asks("pears", STRICT).await;
    let key = RequestKey::new("", "pears").unwrap();
    bench.modern.books.lock().unwrap().effects.clear();
    bench.writer.retry(&key, &ada(), &why("modern was mended")).await.unwrap();
    assert_eq!(bench.status("pears").await, Some(RequestStatus::HalfDone));
    bench.replays().await;
    assert_eq!(bench.heard.parked(), 2, "modern remembers that it has refused it");
    bench.writer.resolve(&key, &ada(), &why("by hand")).await.unwrap();
    assert_eq!(bench.status("pears").await, Some(RequestStatus::Resolved));
    let again = bench.writer.resolve(&key, &ada(), &why("by hand")).await.unwrap_err();
    assert!(matches!(again, OperateError::NotParked { status: RequestStatus::Resolved }));
    let none =
        bench.writer.retry(&RequestKey::new("", "plums").unwrap(), &ada(), &why("asked")).await;
    assert!(matches!(none, Err(OperateError::NotFound)));
    assert!(
        bench
            .journal
            .list(Shelf::Parked, None, std::num::NonZeroUsize::MAX)
            .await
            .unwrap()
            .is_empty()
    );
}
