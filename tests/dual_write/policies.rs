//! Breakers, bulkheads and retries around the sides.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::gateway::dual::{
    DualWriteJudge, RequestStatus, SideAnswer, StatusJudge, Verdict,
};
use strangler_fig::phase::Side;
use strangler_fig::resilience::{BreakerConfig, CircuitBreaker, Exponential, Policy, Retry};

use crate::named::{LENIENT, STRICT, bench};
use crate::process::config;
use crate::scenario::Fault;

fn open() -> Policy {
    let breaker = CircuitBreaker::new("side", BreakerConfig::default());
    breaker.force_open();
    Policy::new("side").with_breaker(breaker)
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_of_the_first_side_withdraws_the_write() {
    let mut bench = bench(Fault::Answers, Fault::Answers);
    bench.writer = bench.writer.with_policy(Side::Legacy, open());
    assert_eq!(bench.asks("pears", STRICT).await, 503);
    assert_eq!(bench.status("pears").await, Some(RequestStatus::Withdrawn));
    assert!(bench.legacy.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_of_the_other_side_leaves_nothing_half_done() {
    let mut bench = bench(Fault::Answers, Fault::Answers);
    bench.writer = bench.writer.with_policy(Side::Modern, open());
    assert_eq!((bench.asks("pears", STRICT).await, bench.done()), (201, [1, 1]));
}

#[tokio::test(start_paused = true)]
async fn what_was_retried_is_never_withdrawn() {
    let retry = Retry::new(Exponential::default().with_count(2));
    let mut bench = bench(Fault::BreaksAfter, Fault::Answers);
    bench.writer = bench.writer.with_policy(Side::Legacy, Policy::new("legacy").with_retry(retry));
    assert_eq!((bench.asks("pears", STRICT).await, bench.done()), (201, [1, 1]));
    assert_eq!(bench.legacy.calls().len(), 2, "under one key, so that it is done once");
}

#[tokio::test(start_paused = true)]
async fn what_goes_on_aside_has_a_bound() {
    let mut bench = bench(Fault::Answers, Fault::Hangs);
    bench.writer = bench.writer.with_config(config(&bench.heard).with_asides_max(NonZeroU32::MIN));
    assert_eq!(bench.asks("pears", LENIENT).await, 201);
    bench.modern.set(Fault::Hangs);
    assert_eq!(bench.asks("plums", LENIENT).await, 201);
    tokio::time::sleep(Duration::from_millis(1)).await;
    let report = bench.writer.replayer().drain(std::future::pending()).await.unwrap();
    assert_eq!(report.done, 1, "the second was left to the replayer at once");
    bench.replays().await;
    assert_eq!(bench.done(), [2, 2]);
}

#[tokio::test(start_paused = true)]
async fn writes_have_a_bound() {
    let mut bench = bench(Fault::Hangs, Fault::Answers);
    bench.writer = bench.writer.with_config(config(&bench.heard).with_writes_max(NonZeroU32::MIN));
    let second = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        bench.asks("plums", STRICT).await
    };
    assert_eq!(futures::join!(bench.asks("pears", STRICT), second), (504, 503));
    assert_eq!(bench.status("plums").await, None);
}

/// A modern side that says 422 of what it holds already.
#[derive(Debug)]
struct Ours;

impl DualWriteJudge for Ours {
    fn judge(&self, answer: &SideAnswer<'_>) -> Verdict {
        match (answer.side, answer.status.as_u16()) {
            (Side::Modern, 422) => Verdict::Done,
            _ => StatusJudge.judge(answer),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_judge_may_know_an_answer_better() {
    let mut bench = bench(Fault::Answers, Fault::Refuses);
    bench.writer = bench.writer.with_config(config(&bench.heard).with_judge(Arc::new(Ours)));
    assert_eq!(bench.asks("pears", STRICT).await, 201);
    assert_eq!(bench.status("pears").await, Some(RequestStatus::Done));
}
