//! Bugs of ours, each found by a test that failed.

use std::num::NonZeroU32;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::join;
use strangler_fig::error::StoreError;
use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::Share;
use strangler_fig::resilience::{
    BreakerConfig, BreakerState, Bulkhead, CallError, CircuitBreaker, Exponential, Health, Judged,
    Judgement, Policy, Refused, Retry, RetryBudget,
};
use tokio::time::{Instant, sleep};

use crate::support::ms;

fn n(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_first_try_that_queued_is_not_held_against_the_side() {
    let breaker = CircuitBreaker::new("b", BreakerConfig::default());
    let policy = Policy::new("p")
        .with_deadline(ms(1_000))
        .with_breaker(breaker.clone())
        .with_bulkhead(Bulkhead::new("b", n(1)).with_queue(10, ms(1_000)))
        .with_try_deadline(ms(900));
    // The side always answers within 600 ms, well within a try's deadline.
    for _ in 0..20 {
        let call = || {
            policy.call(|| async {
                sleep(ms(600)).await;
                Ok::<_, StoreError>(())
            })
        };
        drop(join(call(), call()).await);
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_callers_own_is_no_failure_of_the_side() {
    let breaker = CircuitBreaker::new("b", BreakerConfig::default());
    let policy = Policy::new("p").with_breaker(breaker.clone());
    for _ in 0..20 {
        let well = policy.call(|| async {
            sleep(ms(5)).await;
            Ok::<_, StoreError>(())
        });
        let task = join(well, async {
            sleep(ms(1)).await;
            panic!("a bug of the caller")
        });
        let _ = AssertUnwindSafe(task).catch_unwind().await;
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[derive(Debug)]
struct PanicsOnce(AtomicBool);
impl Observer for PanicsOnce {
    fn on_event(&self, event: &Event) {
        if let Event::BreakerTurned { to: "half_open", .. } = event {
            assert!(self.0.swap(true, Ordering::SeqCst), "an observer that panics");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_that_panics_leaks_no_probe() {
    let config = BreakerConfig::default()
        .with_calls_min(n(1))
        .with_probes(n(1))
        .with_observer(Arc::new(PanicsOnce(AtomicBool::new(false))));
    let breaker = CircuitBreaker::new("b", config);
    breaker.acquire().unwrap().settle(Health::Sick);
    sleep(ms(5_000)).await;
    assert!(std::panic::catch_unwind(AssertUnwindSafe(|| drop(breaker.acquire()))).is_err());
    assert!(breaker.acquire().is_ok(), "{:?}", breaker.acquire());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_beside_probes_does_not_ask_for_half_a_minute() {
    let breaker = CircuitBreaker::new("b", BreakerConfig::default());
    (0..20).for_each(|_| breaker.acquire().unwrap().settle(Health::Sick));
    sleep(ms(5_000)).await;
    let probes = [(); 3].map(|()| breaker.acquire().unwrap());
    let refused = breaker.acquire().unwrap_err();
    for probe in probes {
        probe.settle(Health::Well);
    }
    assert!(breaker.acquire().is_ok(), "closed a moment later");
    assert!(matches!(refused, Refused::Open { retry_after: None, .. }), "{refused:?}");
}

/// The crowd that all wait for an open breaker.
#[tokio::test(start_paused = true)]
async fn a_refusal_in_a_store_error_is_not_retried_either() {
    let breaker = CircuitBreaker::new("b", BreakerConfig::default());
    (0..20).for_each(|_| breaker.acquire().unwrap().settle(Health::Sick));
    let outer = Retry::new(Exponential::default());
    let outer_breaker = CircuitBreaker::new("outer", BreakerConfig::default().with_calls_min(n(4)));
    let began = Instant::now();
    let adapter = || async {
        outer_breaker
            .call(|| async {
                breaker.call(|| async { Ok::<_, StoreError>(()) }).await.map_err(StoreError::from)
            })
            .await
            .map_err(StoreError::from)
    };
    let answer = outer.call(adapter).await;
    assert_eq!(began.elapsed(), Duration::ZERO, "waited for an open breaker, {answer:?}");
}

#[tokio::test(start_paused = true)]
async fn refused_calls_pay_nothing_into_the_budget() {
    let budget = RetryBudget::new(Share::percent(20)).with_reserve(0);
    let policy = Policy::new("p")
        .with_retry(Retry::new(Exponential::default()).with_budget(budget.clone()))
        .with_breaker(CircuitBreaker::new("b", BreakerConfig::default()));
    policy.breaker().unwrap().force_open();
    for _ in 0..1_000 {
        let _ = policy.call(|| async { Ok::<_, StoreError>(()) }).await;
    }
    let retries = (0..1_000).filter(|_| budget.withdraw()).count();
    assert_eq!(retries, 0, "no call was made");
}

#[tokio::test(start_paused = true)]
async fn a_later_slow_try_cut_short_by_the_whole_is_slow() {
    struct Muted;
    impl Judged for Muted {
        fn judgement(&self) -> Judgement {
            Judgement::failed().definite().retryable().ignored()
        }
    }
    let config =
        BreakerConfig::default().with_calls_min(n(4)).with_slow_calls(ms(100), Share::percent(50));
    let breaker = CircuitBreaker::new("b", config);
    let policy = Policy::new("p")
        .with_deadline(ms(1_000))
        .with_retry(Retry::new(|| std::iter::once(ms(1))))
        .with_breaker(breaker.clone());
    for _ in 0..20 {
        let mut first = true;
        let _ = policy
            .call(|| {
                let was_first = std::mem::replace(&mut first, false);
                async move {
                    if was_first {
                        Err(Muted)
                    } else {
                        std::future::pending::<Result<(), Muted>>().await
                    }
                }
            })
            .await;
    }
    assert_eq!(breaker.state(), BreakerState::Open);
}

#[tokio::test(start_paused = true)]
async fn whenever_a_side_that_hung_heals_it_is_used_again_within_one_open_for() {
    let mut worst = (Duration::ZERO, 0);
    for offset in 0..30 {
        let policy = Policy::standard("p");
        let sick = Arc::new(AtomicBool::new(true));
        let traffic = {
            let (policy, sick) = (policy.clone(), sick.clone());
            tokio::spawn(async move {
                loop {
                    let (policy, sick) = (policy.clone(), sick.clone());
                    tokio::spawn(async move {
                        let _ = policy
                            .call(|| {
                                let sick = sick.load(Ordering::SeqCst);
                                async move {
                                    if sick {
                                        std::future::pending::<()>().await;
                                    }
                                    Ok::<_, StoreError>(())
                                }
                            })
                            .await;
                    });
                    sleep(ms(50)).await;
                }
            })
        };
        sleep(ms(60_000 + 200 * offset)).await;
        sick.store(false, Ordering::SeqCst);
        let healed = Instant::now();
        while policy.breaker().unwrap().state() != BreakerState::Closed {
            sleep(ms(10)).await;
        }
        worst = worst.max((healed.elapsed(), offset));
        traffic.abort();
    }
    // Calls, and so probes, come 50 ms apart.
    assert!(worst.0 <= ms(5_000 + 100), "{worst:?}");
}

#[tokio::test(start_paused = true)]
async fn the_time_of_the_whole_is_told_when_the_whole_timed_out() {
    let policy = Policy::new("p")
        .with_deadline(ms(2_000))
        .with_retry(Retry::new(|| std::iter::once(ms(1_900))));
    let mut first = true;
    let late = policy
        .call(|| {
            let f = std::mem::replace(&mut first, false);
            async move {
                if f {
                    Err(StoreError::unavailable("busy"))
                } else {
                    std::future::pending::<Result<(), StoreError>>().await
                }
            }
        })
        .await;
    let Err(CallError::TimedOut(late)) = late else { panic!("{late:?}") };
    assert_eq!(late.to_string(), "no answer within 2s");
}

/// A try that was given up may have had its effect: made again, it happens twice.
#[tokio::test(start_paused = true)]
async fn a_try_that_was_given_up_is_made_again_only_where_that_is_said() {
    #[derive(Debug)]
    struct Own;
    impl Judged for Own {
        fn judgement(&self) -> Judgement {
            Judgement::failed().retryable()
        }
    }
    let retry = Retry::new(|| std::iter::repeat_n(ms(1), 2));
    let once = Policy::new("p").with_retry(retry.clone()).with_try_deadline(ms(10));
    let again = once.clone().with_retry(retry.with_timeouts());
    let judge = |_: &Result<(), Own>| Judgement::failed().retryable();
    for (policy, tries) in [(&once, 1), (&again, 3)] {
        let made = AtomicU32::new(0);
        let hangs = || {
            made.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<Result<(), Own>>()
        };
        policy.call(hangs).await.unwrap_err();
        policy.call_judged(judge, hangs).await.unwrap_err();
        assert_eq!(made.load(Ordering::SeqCst), 2 * tries);
    }
    let made = AtomicU32::new(0);
    let store = || {
        made.fetch_add(1, Ordering::SeqCst);
        std::future::pending::<Result<(), StoreError>>()
    };
    once.call(store).await.unwrap_err();
    assert_eq!(made.into_inner(), 3, "every contract of this crate bears the repeat");
}

#[tokio::test(start_paused = true)]
async fn who_has_queued_asks_the_breaker_again() {
    let breaker = CircuitBreaker::new("b", BreakerConfig::default());
    let policy = Policy::new("p")
        .with_breaker(breaker.clone())
        .with_bulkhead(Bulkhead::new("b", n(1)).with_queue(1, ms(1_000)));
    let place = policy.bulkhead().unwrap().acquire().await.unwrap();
    let queued = policy.call(async || Ok::<_, StoreError>(()));
    let (answer, ()) = join(queued, async {
        sleep(ms(10)).await;
        breaker.force_open();
        drop(place);
    })
    .await;
    assert!(matches!(answer, Err(CallError::Refused(Refused::Open { .. }))), "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn who_queues_keeps_nobody_from_probing() {
    let breaker = CircuitBreaker::new("b", BreakerConfig::default().with_probes(n(1)));
    let policy = Policy::new("p")
        .with_breaker(breaker.clone())
        .with_bulkhead(Bulkhead::new("b", n(1)).with_queue(1, ms(60_000)));
    (0..20).for_each(|_| breaker.acquire().unwrap().settle(Health::Sick));
    sleep(ms(5_000)).await;
    let place = policy.bulkhead().unwrap().acquire().await.unwrap();
    let queued = policy.call(async || Ok::<_, StoreError>(()));
    let (answer, ()) = join(queued, async {
        sleep(ms(10)).await;
        breaker.acquire().unwrap().settle(Health::Well);
        drop(place);
    })
    .await;
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_try_around_another_primitive_is_made_again_as_its_error_says() {
    let retry = Retry::new(|| std::iter::repeat_n(ms(1), 2));
    let policy = Policy::new("p").with_retry(retry).with_try_deadline(ms(10));
    let breaker = CircuitBreaker::new("b", BreakerConfig::default());
    let made = AtomicU32::new(0);
    let guarded = || {
        made.fetch_add(1, Ordering::SeqCst);
        breaker.call(std::future::pending::<Result<(), StoreError>>)
    };
    policy.call(guarded).await.unwrap_err();
    assert_eq!(made.into_inner(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_side_that_is_slow_and_well_is_let_in_again() {
    let breaker = CircuitBreaker::new("reports", BreakerConfig::default());
    (0..20).for_each(|_| breaker.acquire().unwrap().settle(Health::Sick));
    for _ in 0..60 {
        let breaker = breaker.clone();
        tokio::spawn(async move {
            let slow = async || {
                sleep(ms(20_000)).await;
                Ok::<_, StoreError>(())
            };
            breaker.call(slow).await
        });
        sleep(ms(1_000)).await;
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}
