//! Values that nobody should choose break nothing.

use std::num::{NonZeroU16, NonZeroU32};
use std::time::Duration;

use strangler_fig::phase::Share;
use strangler_fig::resilience::Health::{Sick, Well};
use strangler_fig::resilience::{
    BreakerConfig, BreakerState, Bulkhead, CallWindow, CircuitBreaker, Exponential, Fallback,
    Policy, Retry, RetryBudget,
};
use tokio::time::advance;

use crate::breaker::{breaker, config};
use crate::support::{Fault, Script, answers, end, fails, is_given_up, is_refused, ms, takes};

fn policy(duration: Duration, number: NonZeroU32, share: Share) -> Policy {
    let budget = RetryBudget::new(share).with_capacity(number).with_reserve(number.get());
    let pauses = Exponential::between(duration, duration).with_factor(number).with_count(3);
    let breaker = BreakerConfig::default()
        .with_window(CallWindow::Time(duration))
        .with_calls_min(number)
        .with_failure_rate(share)
        .with_slow_calls(duration, share)
        .with_open_for(duration)
        .with_probes(number)
        .with_probe_deadline(duration);
    Policy::new("absurd")
        .with_deadline(duration)
        .with_retry(
            Retry::new(pauses).with_hint_max(duration).with_budget(budget).with_deadline(duration),
        )
        .with_breaker(CircuitBreaker::new("absurd", breaker))
        .with_bulkhead(Bulkhead::new("absurd", number).with_queue(number.get(), duration))
        .with_try_deadline(duration)
}

#[tokio::test(start_paused = true)]
async fn the_largest_of_everything_lets_a_call_through() {
    let policy = policy(Duration::MAX, NonZeroU32::MAX, Share::WHOLE);
    let script = Script::new([takes(1_000), fails(Fault::Denied)]);
    assert_eq!(policy.call(|| script.play()).await, Ok(1));
    for _ in 0..1_000 {
        policy.call(|| script.play()).await.unwrap_err();
    }
    assert_eq!(policy.breaker().unwrap().state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_least_of_everything_lets_a_call_through_that_answers_at_once() {
    let policy = policy(Duration::ZERO, NonZeroU32::MIN, Share::NONE);
    let script = Script::new([answers(1), fails(Fault::Busy), takes(1)]);
    assert_eq!(policy.call(|| script.play()).await, Ok(1));
    for _ in 0..10 {
        let _ = policy.call(|| script.play()).await;
    }
    assert_eq!(policy.bulkhead().unwrap().under_way(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_policy_of_no_time_gives_up_what_is_not_there() {
    let script = Script::new([takes(1)]);
    let policy = Policy::new("absurd").with_deadline(Duration::ZERO);
    assert!(is_given_up(&policy.call(|| script.play()).await));
    assert_eq!(script.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn pauses_of_no_time_are_made() {
    let script = Script::new([fails(Fault::Busy), fails(Fault::BusyFor(Duration::ZERO)), takes(1)]);
    let retry = Retry::new(|| std::iter::repeat(Duration::ZERO));
    assert_eq!(retry.call(|| script.play()).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_no_clock_reaches_ends_a_call_with_a_deadline() {
    let script = Script::failing(Fault::Busy);
    let retry = Retry::new(|| std::iter::repeat(Duration::MAX)).with_deadline(ms(1_000));
    retry.call(|| script.play()).await.unwrap_err();
    assert_eq!((script.count(), script.elapsed()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_stays_open_for_ever_says_no_time() {
    let breaker = breaker(config().with_open_for(Duration::MAX));
    end(&breaker, [Sick; 4]);
    advance(Duration::from_secs(1_000_000_000)).await;
    assert_eq!(breaker.state(), BreakerState::Open);
    let script = Script::new([answers(1)]);
    let policy = Policy::new("absurd").with_breaker(breaker.clone());
    assert!(is_refused(&policy.call(|| script.play()).await));
    breaker.reset();
    assert_eq!(policy.call(|| script.play()).await, Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_stays_open_for_no_time_still_asks_its_probes() {
    let breaker = breaker(config().with_open_for(Duration::ZERO));
    end(&breaker, [Sick; 4]);
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    end(&breaker, [Well, Sick]);
    end(&breaker, [Well, Well]);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn probes_without_any_time_are_given_up_at_once_and_replaced() {
    let breaker = breaker(config().with_open_for(ms(1)).with_probe_deadline(Duration::ZERO));
    end(&breaker, [Sick; 4]);
    for _ in 0..10 {
        advance(ms(1)).await;
        let _stuck = [(); 2].map(|()| breaker.acquire().unwrap());
        assert!(breaker.acquire().is_err());
        assert_eq!(breaker.state(), BreakerState::Open);
    }
}

#[tokio::test(start_paused = true)]
async fn windows_of_no_time_and_of_all_time_count_calls() {
    for span in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
        let breaker = breaker(config().with_window(CallWindow::Time(span)));
        end(&breaker, [Sick; 4]);
        assert_eq!(breaker.state(), BreakerState::Open, "{span:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_largest_window_of_calls_counts_them_all() {
    let window = CallWindow::Calls(NonZeroU16::MAX);
    let breaker = breaker(config().with_window(window).with_calls_min(NonZeroU32::MAX));
    end(&breaker, (0..u16::MAX - 1).map(|_| Sick));
    assert_eq!(breaker.state(), BreakerState::Closed);
    end(&breaker, [Sick]);
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn of_no_share_one_failure_is_enough_and_of_the_whole_only_all() {
    let one = NonZeroU32::MIN;
    let never = breaker(config().with_failure_rate(Share::NONE).with_calls_min(one));
    end(&never, [Well; 100]);
    assert_eq!(never.state(), BreakerState::Closed);
    end(&never, [Sick]);
    assert_eq!(never.state(), BreakerState::Open);
    let all = breaker(config().with_failure_rate(Share::WHOLE));
    end(&all, [Sick, Sick, Sick, Well, Sick, Sick, Sick]);
    assert_eq!(all.state(), BreakerState::Closed);
    end(&all, [Sick]);
    assert_eq!(all.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_slow_from_the_start_is_slow() {
    let breaker = breaker(config().with_slow_calls(Duration::ZERO, Share::WHOLE));
    end(&breaker, [Well; 4]);
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_queue_of_nobody_and_a_wait_of_no_time_refuse() {
    for (queue, wait) in [(0, Duration::MAX), (9, Duration::ZERO)] {
        let bulkhead = Bulkhead::new("absurd", NonZeroU32::MIN).with_queue(queue, wait);
        let place = bulkhead.acquire().await.unwrap();
        assert!(bulkhead.acquire().await.is_err());
        drop(place);
        assert!(bulkhead.acquire().await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn the_largest_bulkhead_holds_calls() {
    let bulkhead = Bulkhead::new("absurd", NonZeroU32::MAX).with_queue(u32::MAX, Duration::MAX);
    let mut places = Vec::new();
    for _ in 0..1_000 {
        places.push(bulkhead.acquire().await.unwrap());
    }
    assert_eq!(bulkhead.under_way(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn a_fallback_of_a_fallback_answers() {
    let down = async || Err(Fault::Busy);
    let inner = async || {
        let answered = Fallback::default().call(down, async || Err(Fault::Busy)).await?;
        Ok::<u32, _>(answered.value)
    };
    let answer = Fallback::default().call(inner, async || Ok(3)).await.unwrap();
    assert_eq!((answer.value, answer.instead_of), (3, Some(Err(Fault::Busy))));
}

/// The clock of the machine, where there is no runtime; nothing is waited for.
#[test]
fn a_breaker_and_a_budget_need_no_runtime() {
    let breaker = breaker(config());
    end(&breaker, [Sick; 4]);
    assert!(breaker.acquire().is_err());
    assert!(RetryBudget::default().withdraw());
}
