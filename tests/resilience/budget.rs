//! How a budget holds back a crowd.

use std::num::NonZeroU32;
use std::time::Duration;

use futures::future::join_all;
use strangler_fig::phase::Share;
use strangler_fig::resilience::{CallError, Policy, Retry, RetryBudget};

use crate::support::{Fault, Script, ms, pauses};

/// How many tries 10,000 calls make within a minute, when all of them fail.
async fn storm(retry: &Retry) -> usize {
    let script = Script::failing(Fault::Busy);
    let call = async |number: u64| {
        tokio::time::sleep(ms(number * 6)).await;
        retry.call(|| script.play()).await.unwrap_err();
    };
    join_all((0..10_000).map(call)).await;
    script.count()
}

#[tokio::test(start_paused = true)]
async fn without_a_budget_a_storm_is_four_times_the_load() {
    assert_eq!(storm(&Retry::new(pauses([10, 20, 40]))).await, 40_000);
}

#[tokio::test(start_paused = true)]
async fn in_a_storm_retries_are_a_share_of_the_calls_and_the_reserve() {
    let retry = Retry::new(pauses([10, 20, 40])).with_budget(RetryBudget::default());
    let retries = storm(&retry).await - 10_000;
    // A fifth of the calls; ten for each of sixty seconds, and ten at once before.
    assert!((2_500..=2_000 + 600 + 10).contains(&retries), "{retries}");
}

#[tokio::test(start_paused = true)]
async fn without_a_reserve_the_share_is_all() {
    let budget = RetryBudget::new(Share::percent(5)).with_reserve(0);
    let retry = Retry::new(pauses([10, 20, 40])).with_budget(budget);
    assert_eq!(storm(&retry).await, 10_500);
}

#[tokio::test(start_paused = true)]
async fn without_a_share_the_reserve_is_all() {
    let budget = RetryBudget::new(Share::NONE).with_reserve(2);
    let retries = storm(&Retry::new(pauses([10, 20, 40])).with_budget(budget)).await - 10_000;
    assert!((118..=122).contains(&retries), "{retries}");
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_budget_left_fails_at_once_with_its_own_error() {
    let budget = RetryBudget::new(Share::NONE).with_reserve(0);
    let script = Script::failing(Fault::Lost);
    let answer = Retry::new(pauses([50])).with_budget(budget).call(|| script.play()).await;
    assert_eq!(answer, Err(CallError::Failed(Fault::Lost)));
    assert_eq!((script.count(), script.elapsed()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn retries_of_several_policies_come_out_of_one_budget() {
    let budget = RetryBudget::new(Share::NONE).with_reserve(3);
    let script = Script::failing(Fault::Busy);
    let retry = Retry::new(pauses([1, 1])).with_budget(budget.clone());
    retry.call(|| script.play()).await.unwrap_err();
    let policy = Policy::new("prices").with_retry(retry.clone());
    policy.call(|| script.play()).await.unwrap_err();
    assert_eq!(script.count(), 5, "two retries, then one");
    assert!(!budget.withdraw());
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_cannot_be_made_costs_nothing() {
    let budget = RetryBudget::new(Share::NONE).with_reserve(1);
    let retry = Retry::new(pauses([500])).with_budget(budget.clone()).with_deadline(ms(100));
    let script = Script::failing(Fault::Busy);
    retry.call(|| script.play()).await.unwrap_err();
    let denied = Script::failing(Fault::Denied);
    retry.call(|| denied.play()).await.unwrap_err();
    assert!(budget.withdraw());
}

#[tokio::test(start_paused = true)]
async fn a_good_hour_pays_for_no_storm() {
    let capacity = NonZeroU32::new(10).unwrap();
    let budget = RetryBudget::new(Share::percent(20)).with_capacity(capacity).with_reserve(0);
    (0..100_000).for_each(|_| budget.deposit());
    let retry = Retry::new(|| std::iter::repeat(Duration::ZERO)).with_budget(budget);
    let script = Script::failing(Fault::Busy);
    retry.call(|| script.play()).await.unwrap_err();
    assert_eq!(script.count(), 11);
}
