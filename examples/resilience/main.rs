//! A service falls ill, minute by minute, under steady traffic: what its callers see
//! without a policy, and with one and a fallback.
//!
//! ```console
//! $ cargo run --example resilience
//! ```
//!
//! Time is paused, so that seven minutes take a second.

#![expect(clippy::print_stdout, reason = "it tells a story")]

mod caller;
mod service;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use strangler_fig::observe::{Event, Observer};
use strangler_fig::phase::Share;
use strangler_fig::resilience::{
    BreakerConfig, Bulkhead, CircuitBreaker, Exponential, Policy, Retry, RetryBudget,
};

use self::caller::{Callers, Minute};
use self::service::{Health, Service};

const STORY: [(Health, &str); 7] = [
    (Health::Well, "well"),
    (Health::Hiccups, "failing once in ten"),
    (Health::Slow, "slow, 3 s"),
    (Health::Hangs, "silent"),
    (Health::Refuses, "refusing"),
    (Health::Flaps, "well every other 10 s"),
    (Health::Well, "well"),
];

/// The heads of three columns.
const SEEN: &str = "answered  p99 wait  waiting";

/// Counts how often a circuit breaker opens.
#[derive(Debug, Default)]
struct Openings(AtomicU64);

impl Observer for Openings {
    fn on_event(&self, event: &Event) {
        if let Event::BreakerTurned { to: "open", .. } = event {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What the callers of a price service might want.
fn policy(openings: Arc<dyn Observer>) -> Result<Policy, std::num::TryFromIntError> {
    let breaker = BreakerConfig::default()
        .with_slow_calls(Duration::from_millis(400), Share::percent(60))
        .with_open_for(Duration::from_secs(10))
        .with_observer(openings);
    let pauses = Exponential::between(Duration::from_millis(20), Duration::from_secs(1));
    let retry = Retry::new(pauses.with_count(2).with_seed(7)).with_budget(RetryBudget::default());
    Ok(Policy::new("prices")
        .with_deadline(Duration::from_secs(2))
        .with_retry(retry)
        .with_breaker(CircuitBreaker::new("prices", breaker))
        .with_bulkhead(
            Bulkhead::new("prices", 20.try_into()?).with_queue(10, Duration::from_millis(50)),
        )
        .with_try_deadline(Duration::from_millis(500)))
}

/// The story, once: each minute as its callers saw it, and how often the breaker opened.
async fn told(policy: Option<Policy>, openings: &Openings) -> Vec<(Minute, u64)> {
    let service = Service::new();
    let mut callers = Callers::new(service.clone(), policy);
    let mut minutes = Vec::new();
    for (health, _) in STORY {
        service.becomes(health);
        let minute = callers.call_for(Duration::from_secs(60)).await;
        minutes.push((minute, openings.0.swap(0, Ordering::Relaxed)));
    }
    minutes
}

/// What the callers of each minute saw, in lines.
pub(crate) async fn bad_day() -> Result<Vec<String>, Box<dyn std::error::Error>> {
    fastrand::seed(7);
    let openings = Arc::new(Openings::default());
    let without = told(None, &openings).await;
    let with = told(Some(policy(openings.clone())?), &openings).await;

    let mut lines = vec![
        "20 calls a second         without a policy              with one, and a fallback"
            .to_owned(),
        format!("{:<26}{SEEN}   {SEEN}  asked  opened", "each minute it is"),
    ];
    for (((_, what), (without, _)), (with, opened)) in STORY.iter().zip(&without).zip(&with) {
        lines.push(format!("{what:<23}   {without}   {with}  {:>5}  {opened:>6}", with.asked));
    }
    lines.push(String::new());
    lines.push(
        "waiting: the most callers at once; asked: calls that reached the service;".to_owned(),
    );
    lines.push("opened: how often the circuit breaker did".to_owned());
    let stand_ins: usize = with.iter().map(|(minute, _)| minute.stand_ins()).sum();
    lines.push(format!("{stand_ins} answers were yesterday's prices, and marked so"));
    Ok(lines)
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in bad_day().await? {
        println!("{line}");
    }
    Ok(())
}
