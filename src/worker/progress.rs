use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::clock::seconds;

/// The rate is that of about so long.
const WINDOW: Duration = Duration::from_secs(30);
/// Nothing is said of a rate before this.
const WINDOW_MIN: Duration = Duration::from_millis(500);
/// Samples of the window.
const SAMPLES_MAX: usize = 60;

/// How long a worker will take. In JSON it is a number of seconds, and null if nobody knows.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::worker::Eta;
///
/// assert_eq!(Eta::Unknown.to_string(), "unknown");
/// assert_eq!(Eta::In(Duration::from_secs(3_725)).to_string(), "1h02m05s");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Left", into = "Left")]
#[non_exhaustive]
pub enum Eta {
    /// Nobody knows how many records there are, or how fast it goes.
    Unknown,
    /// About so long, at the rate of late.
    In(Duration),
}

/// An [`Eta`] in a document.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Left(#[serde(with = "seconds::or_null")] Option<Duration>);

impl From<Left> for Eta {
    fn from(left: Left) -> Self {
        left.0.map_or(Self::Unknown, Self::In)
    }
}

impl From<Eta> for Left {
    fn from(eta: Eta) -> Self {
        let Eta::In(left) = eta else { return Self(None) };
        Self(Some(left))
    }
}

impl fmt::Display for Eta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::In(left) = self else { return f.write_str("unknown") };
        let seconds = left.as_secs();
        match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
            (0, 0, s) => write!(f, "{s}s"),
            (0, m, s) => write!(f, "{m}m{s:02}s"),
            (h, m, s) => write!(f, "{h}h{m:02}m{s:02}s"),
        }
    }
}

/// How far a worker has come.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::worker::{Eta, Progress};
///
/// let mut progress = Progress::new(250_000);
/// progress.expected = Some(1_000_000);
/// progress.per_second = Some(25_000.0);
/// progress.eta = Eta::In(Duration::from_secs(30));
/// assert_eq!(progress.to_string(), "250000 of about 1000000 records (25%), 25000/s, ETA 30s");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Progress {
    /// Records seen.
    pub records: u64,
    /// How many there are, if somebody said so.
    pub expected: Option<u64>,
    /// Records a second of late; `None` while too little was seen.
    pub per_second: Option<f64>,
    /// What is left of the time.
    #[serde(rename = "eta_seconds")]
    pub eta: Eta,
    /// Why it stands still, if it does.
    pub waiting: Option<String>,
}

impl Progress {
    /// That of a worker which has seen so many records, and of which nothing else is known.
    #[must_use]
    pub const fn new(records: u64) -> Self {
        Self { records, expected: None, per_second: None, eta: Eta::Unknown, waiting: None }
    }

    /// How many records it has seen, in words.
    pub(crate) fn counted(&self) -> String {
        let records = self.records;
        let Some(expected) = self.expected.filter(|expected| *expected > 0) else {
            return format!("{records} records");
        };
        // Records that came meanwhile are no more than all.
        let percent = (u128::from(records) * 100 / u128::from(expected)).min(100);
        format!("{records} of about {expected} records ({percent}%)")
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.counted())?;
        match self.per_second {
            Some(rate) => write!(f, ", {rate:.0}/s")?,
            None => f.write_str(", rate unknown")?,
        }
        write!(f, ", ETA {}", self.eta)?;
        self.waiting.iter().try_for_each(|reason| write!(f, ", waiting: {reason}"))
    }
}

/// What a worker counts on, and its owner reads. Clones are one meter.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<Mutex<Reading>>);

#[derive(Debug, Default)]
struct Reading {
    records: u64,
    expected: Option<u64>,
    waiting: Option<String>,
    samples: VecDeque<(Instant, u64)>,
}

impl Meter {
    /// Begins anew.
    pub(crate) fn begin(&self, records: u64, expected: Option<u64>) {
        let samples = VecDeque::from([(Instant::now(), records)]);
        *self.lock() = Reading { records, expected, waiting: None, samples };
    }

    pub(crate) fn count(&self, records: u64) {
        let (mut reading, now) = (self.lock(), Instant::now());
        reading.records = reading.records.saturating_add(records);
        let sample = (now, reading.records);
        let spacing = WINDOW / u32::try_from(SAMPLES_MAX).unwrap_or(1);
        match reading.samples.len() {
            // The last sample moves until it is far enough from the one before.
            n if n >= 2 && now.duration_since(reading.samples[n - 2].0) < spacing => {
                reading.samples[n - 1] = sample;
            }
            _ => reading.samples.push_back(sample),
        }
        while reading.samples.len() > SAMPLES_MAX {
            reading.samples.pop_front();
        }
    }

    pub(crate) fn waits(&self, reason: Option<String>) {
        self.lock().waiting = reason;
    }

    pub(crate) fn progress(&self) -> Progress {
        let reading = self.lock();
        let per_second = reading.rate();
        let left = reading.expected.and_then(|expected| expected.checked_sub(reading.records));
        Progress {
            records: reading.records,
            expected: reading.expected,
            per_second,
            eta: eta(left, per_second),
            waiting: reading.waiting.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Reading> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading {
    #[expect(clippy::cast_precision_loss, reason = "a rate is shown, not reckoned with")]
    fn rate(&self) -> Option<f64> {
        let ((began, before), (_, now)) = (self.samples.front()?, self.samples.back()?);
        let took = began.elapsed();
        (took >= WINDOW_MIN).then(|| (now - before) as f64 / took.as_secs_f64())
    }
}

/// More records than expected, or none of late: nobody knows.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn eta(left: Option<u64>, per_second: Option<f64>) -> Eta {
    let (Some(left), Some(rate)) = (left, per_second.filter(|rate| *rate > 0.0)) else {
        return Eta::Unknown;
    };
    Duration::try_from_secs_f64(left as f64 / rate).map_or(Eta::Unknown, Eta::In)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn after(seconds: u64) {
        tokio::time::advance(Duration::from_secs(seconds)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_rate_is_that_of_late() {
        let meter = Meter::default();
        meter.begin(0, Some(10_000));
        assert_eq!(meter.progress().eta, Eta::Unknown, "nothing was seen yet");
        for _ in 0..100 {
            after(1).await;
            meter.count(10);
        }
        for _ in 0..60 {
            after(1).await;
            meter.count(100);
        }
        let progress = meter.progress();
        assert_eq!(progress.records, 7_000);
        let rate = progress.per_second.unwrap();
        assert!((99.0..101.0).contains(&rate), "{rate}");
        assert!(matches!(progress.eta, Eta::In(left) if left.as_secs().abs_diff(30) <= 1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_unknown_is_called_unknown() {
        let meter = Meter::default();
        meter.begin(0, None);
        after(2).await;
        meter.count(100);
        assert_eq!(meter.progress().to_string(), "100 records, 50/s, ETA unknown");
        meter.begin(0, Some(50));
        after(2).await;
        meter.count(100);
        assert_eq!(meter.progress().eta, Eta::Unknown, "more than were expected");
        let line = "100 of about 50 records (100%), 50/s, ETA unknown";
        assert_eq!(meter.progress().to_string(), line);
        meter.begin(0, Some(50));
        after(2).await;
        meter.count(0);
        assert_eq!(meter.progress().eta, Eta::Unknown, "it stands still");
    }
}
