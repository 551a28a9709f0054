use std::time::Duration;

use serde::Serialize;

use super::plain::{NAME_MAX, capped, rate};
use crate::clock::seconds;
use crate::controller::{Durations, Rate};
use crate::observe::Standing;

/// How operations ended, in the window.
///
/// ```
/// use strangler_fig::status::OperationCounts;
/// assert_eq!(OperationCounts::default().total(), 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct OperationCounts {
    /// They were done.
    pub done: u64,
    /// The other side answered.
    pub fell_back: u64,
    /// A store refused them by its own rules.
    pub refused: u64,
    /// They failed, surely without effect.
    pub failed: u64,
    /// They may or may not have happened.
    pub unknown: u64,
}

impl OperationCounts {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.done + self.fell_back + self.refused + self.failed + self.unknown
    }

    pub(super) fn add(&mut self, outcome: &str, count: u64) {
        match outcome {
            "done" => self.done += count,
            "fell_back" => self.fell_back += count,
            "refused" => self.refused += count,
            "failed" => self.failed += count,
            _ => self.unknown += count,
        }
    }
}

/// How often something happened for a reason.
///
/// ```
/// use strangler_fig::status::ReasonCount;
///
/// fn line(count: &ReasonCount) -> String {
///     format!("{}: {}", count.reason, count.count)
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReasonCount {
    /// Why, by its stable name.
    pub reason: &'static str,
    /// How often.
    pub count: u64,
}

/// How many requests a gateway sent where, and why there.
///
/// ```
/// use strangler_fig::status::RouteCount;
///
/// fn line(route: &RouteCount) -> String {
///     format!("{} to {}: {}", route.requests, route.side, route.reason)
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RouteCount {
    /// Where.
    pub side: &'static str,
    /// Why.
    pub reason: &'static str,
    /// How many.
    pub requests: u64,
}

/// How many requests the other side answered, and why.
///
/// ```
/// use strangler_fig::status::FallbackCount;
///
/// fn line(fallback: &FallbackCount) -> String {
///     format!("{} by {}: {}", fallback.requests, fallback.side, fallback.reason)
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FallbackCount {
    /// The side that stood in.
    pub side: &'static str,
    /// Why.
    pub reason: &'static str,
    /// How many.
    pub requests: u64,
}

/// What a process did in the window.
///
/// ```
/// use strangler_fig::status::TrafficStatus;
///
/// fn is_idle(traffic: &TrafficStatus) -> bool {
///     traffic.operations.total() == 0 && traffic.routes.is_empty()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct TrafficStatus {
    /// How far back it goes.
    #[serde(rename = "window_seconds", with = "seconds")]
    pub window: Duration,
    /// How operations ended.
    pub operations: OperationCounts,
    /// How often each side was away, or left something in doubt.
    pub side_failures: Vec<ReasonCount>,
    /// How the lenient side of writes ended.
    pub dual_writes: Vec<ReasonCount>,
    /// Where a gateway sent requests.
    pub routes: Vec<RouteCount>,
    /// What the other side answered.
    pub fallbacks: Vec<FallbackCount>,
    /// What a gateway refused.
    pub refused: Vec<ReasonCount>,
    /// How sagas that came to rest here did.
    pub sagas: Vec<ReasonCount>,
    /// What somebody should look at.
    pub alarms: Vec<ReasonCount>,
}

impl TrafficStatus {
    /// How many of the requests that were sent to a side went to `side` first: between 0 and 1; `None` if there were
    /// none. Joined ones count by their parts.
    #[must_use]
    pub fn share(&self, side: &str) -> Option<f64> {
        let sum = |wanted: Option<&str>| {
            let sent = self.routes.iter().filter(|it| it.side != "several");
            let routes = sent.filter(|it| wanted.is_none_or(|side| it.side == side));
            routes.map(|route| route.requests).sum()
        };
        rate(sum(Some(side)), sum(None))
    }
}

/// What comparisons in the window came to.
///
/// ```
/// use strangler_fig::status::ComparisonStatus;
///
/// fn is_alarming(comparisons: &ComparisonStatus) -> bool {
///     comparisons.is_over()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ComparisonStatus {
    /// Shadow reads and mirrored responses that were compared.
    pub compared: u64,
    /// Of these, the ones that differed, also when read again.
    pub mismatches: u64,
    /// Mismatches per comparison; `None`: nothing was compared.
    pub rate: Option<f64>,
    /// How many may differ.
    pub threshold: Rate,
    /// Given up: the record kept changing.
    pub unsettled: u64,
    /// The other side failed.
    pub failed: u64,
    /// None was made, for want of room.
    pub skipped: u64,
    /// Why keys were noted as differing.
    pub causes: Vec<ReasonCount>,
}

impl ComparisonStatus {
    pub(super) const fn none(threshold: Rate) -> Self {
        let causes = Vec::new();
        Self {
            compared: 0,
            mismatches: 0,
            rate: None,
            threshold,
            unsettled: 0,
            failed: 0,
            skipped: 0,
            causes,
        }
    }

    pub(super) fn add(&mut self, result: &str, count: u64) {
        match result {
            "match" => self.compared += count,
            "mismatch" => {
                self.compared += count;
                self.mismatches += count;
            }
            "unsettled" => self.unsettled += count,
            "failed" => self.failed += count,
            _ => self.skipped += count,
        }
        self.rate = rate(self.mismatches, self.compared);
    }

    /// Whether more differ than may.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.rate.is_some_and(|rate| rate > self.threshold.as_f64())
    }
}

/// How long calls of the primary, or of the secondary, took in the window.
///
/// ```
/// use strangler_fig::status::PercentileStatus;
///
/// fn line(latency: &PercentileStatus) -> String {
///     format!("{}: 95 of 100 within {:?}", latency.role, latency.p95)
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PercentileStatus {
    /// `primary` or `secondary`.
    pub role: &'static str,
    /// How many were measured.
    pub samples: u64,
    /// The time within which half of them ended.
    #[serde(rename = "p50_seconds", with = "seconds::or_null")]
    pub p50: Option<Duration>,
    /// And 95 of 100.
    #[serde(rename = "p95_seconds", with = "seconds::or_null")]
    pub p95: Option<Duration>,
    /// And 99 of 100.
    #[serde(rename = "p99_seconds", with = "seconds::or_null")]
    pub p99: Option<Duration>,
}

impl PercentileStatus {
    pub(super) fn of(role: &'static str, durations: &Durations) -> Self {
        let [p50, p95, p99] = [50, 95, 99].map(|percent| durations.percentile(percent));
        Self { role, samples: durations.count(), p50, p95, p99 }
    }
}

/// What a circuit breaker does.
///
/// ```
/// use strangler_fig::status::BreakerStatus;
///
/// fn line(breaker: &BreakerStatus) -> String {
///     format!("{} is {}", breaker.breaker, breaker.state)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BreakerStatus {
    /// Its name.
    pub breaker: String,
    /// Which of all breakers of its process it is: several may have one name.
    pub instance: u64,
    /// `closed`, `open`, `half_open`, `forced_open` or `disabled`.
    pub state: &'static str,
    /// How often it has turned.
    pub turns: u64,
}

impl BreakerStatus {
    pub(super) fn of(standing: Standing) -> Self {
        let Standing { breaker, instance, state, turns } = standing;
        Self { breaker: capped(breaker, NAME_MAX), instance, state, turns }
    }
}
