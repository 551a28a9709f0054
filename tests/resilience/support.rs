//! A scripted callee, an observer that remembers, and short words for both.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::observe::{Event, Observer};
use strangler_fig::resilience::{CallError, CircuitBreaker, Health, Judged, Judgement};
use tokio::time::Instant;

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The ways in which a scripted call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Surely not done, and it may be made again.
    Busy,
    /// The same, but not before so long.
    BusyFor(Duration),
    /// It may have been done, and may be made again.
    Lost,
    /// Surely not done, and not to be made again.
    Broken,
    /// A definite no.
    Denied,
    /// Surely not done, may be made again, and no breaker counts it.
    Muted,
}

impl Judged for Fault {
    fn judgement(&self) -> Judgement {
        match self {
            Self::Busy => Judgement::failed().definite().retryable(),
            Self::BusyFor(pause) => Judgement::failed().definite().with_retry_after(*pause),
            Self::Lost => Judgement::failed().retryable(),
            Self::Broken => Judgement::failed().definite(),
            Self::Denied => Judgement::refused(),
            Self::Muted => Judgement::failed().definite().retryable().ignored(),
        }
    }

    fn timed_out() -> Judgement {
        Judgement::failed().retryable()
    }
}

/// What one call does.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// It ends so, after so long.
    End(Duration, Result<u32, Fault>),
    /// It never ends.
    Hang,
    /// It panics.
    Panic,
}

/// It fails at once.
pub(crate) const fn fails(fault: Fault) -> Step {
    Step::End(Duration::ZERO, Err(fault))
}

/// It answers at once.
pub(crate) const fn answers(value: u32) -> Step {
    Step::End(Duration::ZERO, Ok(value))
}

/// It answers 1, after so many milliseconds.
pub(crate) const fn takes(millis: u64) -> Step {
    Step::End(ms(millis), Ok(1))
}

/// Whoever is called: does what was written down, the last of it again and again, and
/// remembers when it was called.
#[derive(Debug)]
pub(crate) struct Script {
    began: Instant,
    steps: Mutex<VecDeque<Step>>,
    calls: Mutex<Vec<u128>>,
    dropped: AtomicU32,
}

/// A call under way, which is counted when it is dropped before its end.
struct UnderWay<'a>(Option<&'a AtomicU32>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(dropped) = self.0 {
            dropped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let (steps, calls) = (Mutex::new(steps.into_iter().collect()), Mutex::default());
        Self { began: Instant::now(), steps, calls, dropped: AtomicU32::new(0) }
    }

    /// Whoever fails so, at once, always.
    pub(crate) fn failing(fault: Fault) -> Self {
        Self::new([fails(fault)])
    }

    pub(crate) async fn play(&self) -> Result<u32, Fault> {
        let mut under_way = UnderWay(Some(&self.dropped));
        self.calls.lock().unwrap().push(self.elapsed());
        let outcome = match self.next() {
            Step::End(Duration::ZERO, outcome) => outcome,
            Step::End(after, outcome) => {
                tokio::time::sleep(after).await;
                outcome
            }
            Step::Hang => std::future::pending().await,
            Step::Panic => panic!("as the script says"),
        };
        under_way.0 = None;
        outcome
    }

    fn next(&self) -> Step {
        let mut steps = self.steps.lock().unwrap();
        let step = *steps.front().expect("a script has a step");
        if steps.len() > 1 {
            steps.pop_front();
        }
        step
    }

    /// When it was called, in milliseconds from the beginning.
    pub(crate) fn calls(&self) -> Vec<u128> {
        self.calls.lock().unwrap().clone()
    }

    /// How often it was called.
    pub(crate) fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }

    /// How many calls were dropped before their end.
    pub(crate) fn dropped(&self) -> u32 {
        self.dropped.load(Ordering::SeqCst)
    }

    /// Milliseconds from the beginning.
    pub(crate) fn elapsed(&self) -> u128 {
        self.began.elapsed().as_millis()
    }
}

/// An observer that remembers.
#[derive(Debug, Default)]
pub(crate) struct Ears(Mutex<Vec<Event>>);

impl Observer for Ears {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(*event);
    }
}

impl Ears {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// What was heard since it was last asked.
    pub(crate) fn heard(&self) -> Vec<Event> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Pauses of so many milliseconds each.
pub(crate) fn pauses<const N: usize>(
    millis: [u64; N],
) -> impl Fn() -> std::array::IntoIter<Duration, N> + Send + Sync + 'static {
    move || millis.map(ms).into_iter()
}

/// Calls that end so, at once, one after the other.
pub(crate) fn end(breaker: &CircuitBreaker, healths: impl IntoIterator<Item = Health>) {
    for health in healths {
        breaker.acquire().unwrap().settle(health);
    }
}

/// Whether a call was refused and not made.
pub(crate) fn is_refused<T, E>(answer: &Result<T, CallError<E>>) -> bool {
    matches!(answer, Err(CallError::Refused(_)))
}

/// Whether a call was made and had no answer in time.
pub(crate) fn is_given_up<T, E>(answer: &Result<T, CallError<E>>) -> bool {
    matches!(answer, Err(CallError::TimedOut(_)))
}

/// A call that succeeds after so many milliseconds.
pub(crate) async fn lasts(millis: u64) -> Result<(), Fault> {
    tokio::time::sleep(ms(millis)).await;
    Ok(())
}
