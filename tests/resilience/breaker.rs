//! When a circuit breaker opens, and what it counts.

use std::num::{NonZeroU16, NonZeroU32};
use std::time::Duration;

use strangler_fig::phase::Share;
use strangler_fig::resilience::Health::{Ignored, Sick, Well};
use strangler_fig::resilience::{
    BreakerConfig, BreakerState, CallError, CallWindow, CircuitBreaker, Judgement, Refused,
};
use tokio::time::advance;

use crate::support::{Fault, Script, answers, end, fails, is_refused, lasts, ms};

/// Judges by the last four calls, of which half must have failed; tries again after a
/// tenth of a second, with two probes.
pub(crate) fn config() -> BreakerConfig {
    BreakerConfig::default()
        .with_window(CallWindow::Calls(NonZeroU16::new(4).unwrap()))
        .with_calls_min(NonZeroU32::new(4).unwrap())
        .with_failure_rate(Share::percent(50))
        .with_open_for(ms(100))
        .with_probes(NonZeroU32::new(2).unwrap())
        .with_probe_deadline(ms(1_000))
}

pub(crate) fn breaker(config: BreakerConfig) -> CircuitBreaker {
    CircuitBreaker::new("modern", config)
}

fn of_the_last(span: Duration) -> CircuitBreaker {
    breaker(config().with_window(CallWindow::Time(span)))
}

#[tokio::test(start_paused = true)]
async fn it_opens_when_its_share_of_the_last_calls_has_failed() {
    let breaker = breaker(config());
    end(&breaker, [Well, Sick, Well]);
    assert_eq!(breaker.state(), BreakerState::Closed);
    end(&breaker, [Sick]);
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn it_does_not_judge_before_it_has_seen_enough() {
    let breaker = breaker(config());
    end(&breaker, [Sick; 3]);
    assert_eq!(breaker.state(), BreakerState::Closed);
    end(&breaker, [Well]);
    assert_eq!(breaker.state(), BreakerState::Open, "the success is the fourth call");
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_the_last_so_many_are_forgotten() {
    let breaker = breaker(config());
    for _ in 0..100 {
        end(&breaker, [Sick, Well, Well, Well]);
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn failures_of_long_ago_are_forgotten_and_fresh_ones_are_not() {
    for (pause, state) in [(100, BreakerState::Closed), (30, BreakerState::Open)] {
        let breaker = of_the_last(ms(100));
        end(&breaker, [Sick, Sick]);
        advance(ms(pause)).await;
        end(&breaker, [Well, Well]);
        assert_eq!(breaker.state(), state, "after {pause} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_span_of_time_holds_any_number_of_calls() {
    let breaker = of_the_last(ms(100));
    end(&breaker, [Well; 1_000]);
    end(&breaker, [Sick; 999]);
    assert_eq!(breaker.state(), BreakerState::Closed);
    end(&breaker, [Sick]);
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn the_minimum_holds_for_a_span_of_time_too() {
    let breaker = of_the_last(ms(100));
    for _ in 0..20 {
        end(&breaker, [Sick; 3]);
        advance(ms(100)).await;
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn slow_calls_open_it_though_they_succeed() {
    let breaker = breaker(config().with_slow_calls(ms(50), Share::percent(75)));
    for took in [50, 49, 60] {
        breaker.call(|| lasts(took)).await.unwrap();
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
    breaker.call(|| lasts(50)).await.unwrap();
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_no_call_is_slow() {
    let breaker = breaker(config());
    for _ in 0..10 {
        breaker.call(|| lasts(100_000)).await.unwrap();
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn ignored_calls_neither_open_it_nor_count_as_calls() {
    let breaker = breaker(config());
    end(&breaker, [Sick; 3]);
    end(&breaker, [Ignored; 100]);
    assert_eq!(breaker.state(), BreakerState::Closed);
    end(&breaker, [Sick]);
    assert_eq!(breaker.state(), BreakerState::Open, "they did not push the others out");
}

#[tokio::test(start_paused = true)]
async fn an_ignored_call_is_not_slow() {
    let breaker = breaker(config().with_slow_calls(ms(10), Share::percent(25)));
    for _ in 0..10 {
        let permit = breaker.acquire().unwrap();
        advance(ms(20)).await;
        permit.settle(Ignored);
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_error_of_a_call_says_what_it_counts_as() {
    let told = [
        (Fault::Busy, BreakerState::Open),
        (Fault::Lost, BreakerState::Open),
        (Fault::Broken, BreakerState::Open),
        (Fault::Denied, BreakerState::Closed),
        (Fault::Muted, BreakerState::Closed),
    ];
    for (fault, state) in told {
        let (breaker, script) = (breaker(config()), Script::failing(fault));
        for _ in 0..4 {
            let answer = breaker.call(|| script.play()).await;
            assert_eq!(answer, Err(CallError::Failed(fault)));
        }
        assert_eq!(breaker.state(), state, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_closure_may_say_what_a_call_counts_as() {
    let breaker = breaker(config());
    let judge = |answer: &Result<u16, ()>| match answer {
        Ok(500..) => Judgement::failed(),
        _ => Judgement::success(),
    };
    for _ in 0..4 {
        assert_eq!(breaker.call_judged(judge, async || Ok(500)).await, Ok(500));
    }
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn open_it_makes_no_call_and_says_for_how_long() {
    let (breaker, script) = (breaker(config()), Script::new([answers(1)]));
    end(&breaker, [Sick; 4]);
    for left in [100, 60, 20] {
        let refused = breaker.call(|| script.play()).await.unwrap_err();
        let open = Refused::Open { breaker: "modern", retry_after: Some(ms(left)) };
        assert_eq!(refused, CallError::Refused(open));
        advance(ms(40)).await;
    }
    assert_eq!(script.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn it_stays_open_for_its_time_and_not_a_moment_longer() {
    let breaker = breaker(config());
    end(&breaker, [Sick; 4]);
    advance(Duration::from_nanos(99_999_999)).await;
    assert!(breaker.acquire().is_err());
    advance(Duration::from_nanos(1)).await;
    assert!(breaker.acquire().is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_it_counted_before_it_opened_is_forgotten_when_it_has_closed() {
    let breaker = breaker(config());
    end(&breaker, [Sick; 4]);
    advance(ms(100)).await;
    end(&breaker, [Well, Well]);
    assert_eq!(breaker.state(), BreakerState::Closed);
    end(&breaker, [Sick, Sick, Sick]);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn clones_are_one_breaker() {
    let breaker = breaker(config());
    let script = Script::new([fails(Fault::Busy)]);
    for _ in 0..4 {
        breaker.clone().call(|| script.play()).await.unwrap_err();
    }
    let clone = breaker.clone();
    assert_eq!((clone.state(), clone.generation()), (BreakerState::Open, 1));
    clone.reset();
    assert_eq!((breaker.state(), breaker.generation()), (BreakerState::Closed, 2));
    assert!(!is_refused(&breaker.call(|| script.play()).await));
}
