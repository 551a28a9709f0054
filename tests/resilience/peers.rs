//! What has gone wrong in libraries of this kind, each by name, from a caller's side.

use std::future::pending;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::future::join_all;
use strangler_fig::error::StoreError;
use strangler_fig::resilience::Health::{Sick, Well};
use strangler_fig::resilience::{
    BreakerState, Bulkhead, CircuitBreaker, Exponential, Fallback, Jitter, Policy, Retry,
};
use tokio::time::{advance, sleep};

use crate::breaker::{breaker, config};
use crate::support::{Fault, Script, Step, end, is_refused, ms, takes};

/// A policy whose breaker lets two probes through.
async fn half_open() -> (Policy, CircuitBreaker) {
    let breaker = breaker(config());
    end(&breaker, [Sick; 4]);
    advance(ms(100)).await;
    (Policy::new("prices").with_breaker(breaker.clone()), breaker)
}

/// Half open meant: everybody may try.
#[tokio::test(start_paused = true)]
async fn half_open_does_not_admit_without_limit() {
    let (policy, breaker) = half_open().await;
    let stuck: Vec<_> = (0..100).filter_map(|_| breaker.acquire().ok()).collect();
    assert_eq!(stuck.len(), 2);
    let script = Script::new([takes(1)]);
    assert!(is_refused(&policy.call(|| script.play()).await));
}

/// Between the look at the state and the count of the probe, others came through.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_at_the_same_moment_are_not_all_probes() {
    for _ in 0..50 {
        let breaker = breaker(config().with_open_for(Duration::ZERO));
        end(&breaker, [Sick; 4]);
        let [made, refused] = [(); 2].map(|()| Arc::new(AtomicU32::new(0)));
        let calls = (0..16).map(|_| (breaker.clone(), made.clone(), refused.clone()));
        let calls = calls.map(|(breaker, made, refused)| async move {
            let never_ends = async || {
                made.fetch_add(1, Ordering::SeqCst);
                pending::<Result<(), Fault>>().await
            };
            breaker.call(never_ends).await.unwrap_err();
            refused.fetch_add(1, Ordering::SeqCst);
        });
        let calls = calls.map(tokio::spawn).collect::<Vec<_>>();
        while made.load(Ordering::SeqCst) + refused.load(Ordering::SeqCst) < 16 {
            tokio::task::yield_now().await;
        }
        calls.iter().for_each(tokio::task::JoinHandle::abort);
        assert_eq!(made.load(Ordering::SeqCst), 2);
    }
}

/// The probe hung, its place was never free again, and the breaker never closed.
#[tokio::test(start_paused = true)]
async fn a_probe_that_never_settles_does_not_keep_it_half_open_for_ever() {
    let (policy, breaker) = half_open().await;
    let hangs = Script::new([Step::Hang]);
    let _stuck = [(); 2].map(|()| breaker.acquire().unwrap());
    advance(ms(1_000)).await;
    assert!(is_refused(&policy.call(|| hangs.play()).await), "it opens, ");
    advance(ms(100)).await;
    let well = Script::new([takes(0)]);
    policy.call(|| well.play()).await.unwrap();
    policy.call(|| well.play()).await.unwrap();
    assert_eq!(breaker.state(), BreakerState::Closed, "and closes");
}

/// Errors that were to be ignored were ignored only while it was closed.
#[tokio::test(start_paused = true)]
async fn ignored_errors_do_not_trip_half_open() {
    let (policy, breaker) = half_open().await;
    let muted = Script::failing(Fault::Muted);
    for _ in 0..20 {
        policy.call(|| muted.play()).await.unwrap_err();
    }
    assert_eq!((breaker.state(), muted.count()), (BreakerState::HalfOpen, 20));
}

/// Calls of before it opened ended badly when it had closed, and opened it again.
#[tokio::test(start_paused = true)]
async fn a_late_result_does_not_flip_the_state_of_a_later_time() {
    let breaker = breaker(config());
    let policy = Policy::new("prices").with_breaker(breaker.clone());
    let late = Script::new([Step::End(ms(500), Err(Fault::Lost))]);
    let late = join_all((0..8).map(|_| policy.call(|| late.play())));
    let turns = async {
        end(&breaker, [Sick; 4]);
        sleep(ms(100)).await;
        end(&breaker, [Well, Well]);
        assert_eq!(breaker.state(), BreakerState::Closed);
    };
    let (late, ()) = futures::future::join(late, turns).await;
    assert!(late.iter().all(Result::is_err));
    assert_eq!((breaker.state(), breaker.generation()), (BreakerState::Closed, 3));
}

/// Jitter was added to what had been cut to the limit.
#[tokio::test(start_paused = true)]
async fn no_jitter_makes_a_pause_longer_than_its_limit() {
    for jitter in [Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
        let pauses = Exponential::between(ms(400), ms(500)).with_jitter(jitter).with_count(50);
        let script = Script::failing(Fault::Busy);
        Retry::new(pauses.with_seed(3)).call(|| script.play()).await.unwrap_err();
        let tries = script.calls();
        let longest = tries.windows(2).map(|two| two[1] - two[0]).max().unwrap();
        // A timer's millisecond is rounded up.
        assert!((400..=501).contains(&longest), "{jitter:?}: {longest}");
    }
}

/// The fallback was asked whenever there was no success.
#[tokio::test(start_paused = true)]
async fn a_fallback_does_not_answer_for_a_definite_no() {
    let denied = async || Err::<&str, _>(StoreError::rejected("no such article"));
    let another = async || Ok("another article");
    assert!(Fallback::without_effect().call(denied, another).await.is_err());
}

/// The fallback wrote a second time what had been written.
#[tokio::test(start_paused = true)]
async fn a_fallback_does_not_repeat_a_write_in_doubt() {
    let written = std::cell::Cell::new(0);
    let write = async || {
        written.set(written.get() + 1);
        Err(StoreError::unknown("the connection broke"))
    };
    let elsewhere = async || {
        written.set(written.get() + 1);
        Ok(())
    };
    Fallback::default().call(write, elsewhere).await.unwrap_err();
    assert_eq!(written.get(), 1);
}

/// It read the clock of the machine, and no test could wait for it.
#[tokio::test(start_paused = true)]
async fn the_breaker_follows_the_clock_of_the_test() {
    let (day, moment) = (Duration::from_secs(86_400), Duration::from_nanos(1));
    let breaker = breaker(config().with_open_for(day).with_probe_deadline(day));
    end(&breaker, [Sick; 4]);
    advance(day.saturating_sub(moment)).await;
    assert_eq!(breaker.state(), BreakerState::Open);
    advance(moment).await;
    assert_eq!(breaker.state(), BreakerState::HalfOpen);
    let _stuck = [(); 2].map(|()| breaker.acquire().unwrap());
    advance(day).await;
    assert_eq!(breaker.state(), BreakerState::Open);
}

/// Three tries of everybody were three times the load.
#[tokio::test(start_paused = true)]
async fn retries_do_not_triple_the_load_of_a_side_that_is_down() {
    let policy = Policy::standard("prices");
    policy.breaker().unwrap().disable();
    let script = Script::failing(Fault::Busy);
    for _ in 0..1_000 {
        policy.call(|| script.play()).await.unwrap_err();
        sleep(ms(1)).await;
    }
    let seconds = usize::try_from(script.elapsed() / 1_000).unwrap();
    let most = 1_000 + 200 + 10 * (seconds + 2);
    assert!(script.count() <= most, "{} of {most}", script.count());
}

/// A retry held its place while it paused, and starved the others.
#[tokio::test(start_paused = true)]
async fn retries_do_not_fill_a_bulkhead_with_pauses() {
    let policy = Policy::new("prices")
        .with_bulkhead(Bulkhead::new("prices", NonZeroU32::MIN))
        .with_retry(Retry::new(|| std::iter::once(ms(1_000))));
    let (failing, well) = (Script::failing(Fault::Busy), Script::new([takes(1)]));
    let others = async {
        for _ in 0..100 {
            sleep(ms(1)).await;
            policy.call(|| well.play()).await.unwrap();
        }
    };
    let (failed, ()) = futures::future::join(policy.call(|| failing.play()), others).await;
    failed.unwrap_err();
    assert_eq!((well.count(), failing.calls()), (100, vec![0, 1_000]));
}
