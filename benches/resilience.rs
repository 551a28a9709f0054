//! What each resilience primitive costs a call that goes well, alone and together:
//! CPU time of the thread, and allocations.
//!
//! Two kinds of calls: one that answers at once, so that nothing but the primitive is
//! measured, and one that waits once, as whatever waits for a network does, so that
//! timers are armed. Besides criterion's tables it prints lines `figure NAME VALUE UNIT`.

use std::cell::RefCell;
use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use measure::{NoOp, Row, Samples, Small, state_in};
use strangler_fig::error::StoreError;
use strangler_fig::phase::{Phase, PhaseTracker, Share, Side};
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::resilience::{
    BreakerConfig, Bulkhead, CallWindow, CircuitBreaker, Deadline, Exponential, Fallback, Policy,
    Retry, RetryBudget,
};
use strangler_fig::stamp::StampClock;

const SECOND: Duration = Duration::from_secs(1);

/// One benchmark: criterion's table, and the medians as figures.
fn measured(c: &mut Criterion, name: &str, mut operation: impl AsyncFnMut()) {
    let samples = RefCell::new(Samples::default());
    c.bench_function(&format!("resilience.{name}"), |bencher| {
        bencher.iter_custom(|times| samples.borrow_mut().take(times, &mut operation).cpu);
    });
    samples.into_inner().print(&format!("resilience.{name}"));
}

type Answer = Result<u64, StoreError>;

/// A call that answers at once, not inlined, as a real one would not be.
#[inline(never)]
async fn at_once() -> Answer {
    Ok(black_box(7))
}

/// A call that waits once.
#[inline(never)]
async fn after_a_wait() -> Answer {
    tokio::task::yield_now().await;
    Ok(black_box(7))
}

fn retry() -> Retry {
    Retry::new(Exponential::default()).with_budget(RetryBudget::default())
}

fn breaker(window: CallWindow) -> CircuitBreaker {
    let config = BreakerConfig::default().with_window(window);
    CircuitBreaker::new("bench", config.with_slow_calls(SECOND, Share::percent(80)))
}

fn bulkhead() -> Bulkhead {
    Bulkhead::new("bench", NonZeroU32::new(64).expect("it is not zero")).with_queue(64, SECOND)
}

fn all() -> Policy {
    Policy::new("bench")
        .with_deadline(5 * SECOND)
        .with_retry(retry())
        .with_breaker(breaker(CallWindow::Time(60 * SECOND)))
        .with_bulkhead(bulkhead())
        .with_try_deadline(SECOND)
}

macro_rules! each {
    ($c:ident, $guard:expr, $name:literal) => {
        let guard = $guard;
        measured($c, $name, async || {
            black_box(guard.call(at_once).await).expect("nothing fails");
        });
        measured($c, concat!($name, ".waiting"), async || {
            black_box(guard.call(after_a_wait).await).expect("nothing fails");
        });
    };
}

fn primitives(c: &mut Criterion) {
    measured(c, "none", async || {
        black_box(at_once().await).expect("nothing fails");
    });
    measured(c, "none.waiting", async || {
        black_box(after_a_wait().await).expect("nothing fails");
    });
    let last = NonZeroU32::new(100).and_then(|it| it.try_into().ok()).expect("it fits");
    each!(c, retry(), "retry");
    each!(c, breaker(CallWindow::Calls(last)), "breaker_calls");
    each!(c, breaker(CallWindow::Time(60 * SECOND)), "breaker_time");
    each!(c, bulkhead(), "bulkhead");
    each!(c, Deadline::after(SECOND), "deadline");
    each!(c, all(), "all");

    let fallback = Fallback::default();
    measured(c, "fallback", async || {
        black_box(fallback.call(at_once, at_once).await).expect("nothing fails");
    });

    let open = all();
    open.breaker().expect("it has one").force_open();
    measured(c, "refused", async || {
        black_box(open.call(at_once).await).expect_err("it is open");
    });
}

/// A read and a write of one side through a migration repository, whose adapters do
/// nothing, without policies and with.
fn repository(c: &mut Criterion) {
    for (ending, policy) in [("", None), (".guarded", Some(all()))] {
        let config = MigrationConfig::default();
        let config = match policy {
            Some(policy) => config.with_policy(Side::Legacy, policy),
            None => config,
        };
        let tracker = PhaseTracker::detached(state_in(Phase::LegacyOnly));
        let stamps = Arc::new(StampClock::new().expect("there is entropy"));
        let [legacy, modern] = [(); 2].map(|()| NoOp::<Small>::default());
        let rows = MigrationRepository::with_parts(legacy, modern, tracker, stamps, config);
        let rows = rows.expect("they fit");
        measured(c, &format!("repository.read{ending}"), async || {
            black_box(rows.find(black_box(&1)).await).expect("nothing fails");
        });
        measured(c, &format!("repository.write{ending}"), async || {
            rows.save(black_box(Small::numbered(1))).await.expect("nothing fails");
        });
    }
}

fn shortly() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(500))
        .without_plots()
}

criterion_group!(name = benches; config = shortly(); targets = primitives, repository);
criterion_main!(benches);
