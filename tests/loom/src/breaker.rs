use std::future::Future;
use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;
use std::time::Duration;

use crate::observe::Observer;
use crate::phase::Share;
use crate::resilience::{BreakerState, Judgement};
use crate::{End, Fate};

/// What the models ask of a circuit breaker.
pub trait Breaker: Clone + Send + 'static {
    /// Makes a call that ends as `end` says. Answers whether it was let through.
    fn call(self, end: End) -> impl Future<Output = bool> + Send + 'static;

    /// What a call would meet.
    fn state(&self) -> BreakerState;

    /// How often it has turned.
    fn generation(&self) -> u64;

    /// Refuses every call until it is told otherwise.
    fn force_open(&self);

    /// Lets every call through until it is told otherwise.
    fn disable(&self);

    /// Closes it.
    fn reset(&self);
}

/// What a breaker is made with: by default the first failure opens it, for no time at
/// all, and it waits for one probe without end.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Over how long it counts; if it is not said, the last hundred calls.
    pub window: Option<Duration>,
    /// How many calls must have ended before it judges.
    pub calls_min: u32,
    /// After how long a call is slow; the first slow one opens it.
    pub slow_after: Option<Duration>,
    /// How many calls it lets through half open.
    pub probes: u32,
    /// How long it stays open.
    pub open_for: Duration,
    /// How long it waits for its probes.
    pub probe_deadline: Duration,
    /// Who is told of turns.
    pub observer: Option<Arc<dyn Observer>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            window: None,
            calls_min: 1,
            slow_after: None,
            probes: 1,
            open_for: Duration::ZERO,
            probe_deadline: Duration::MAX,
            observer: None,
        }
    }
}

/// The same for the breaker that is compiled here and for the one in the library:
/// to the compiler they are two.
macro_rules! is_a_breaker {
    ($($home:ident)::+) => {
        impl From<&Settings> for $($home)::+::BreakerConfig {
            fn from(settings: &Settings) -> Self {
                use $($home)::+::CallWindow;

                let number = |it| NonZeroU32::new(it).unwrap_or(NonZeroU32::MIN);
                let hundred = CallWindow::Calls(NonZeroU16::MIN.saturating_add(99));
                let config = Self::default()
                    .with_window(settings.window.map_or(hundred, CallWindow::Time))
                    .with_calls_min(number(settings.calls_min))
                    .with_failure_rate(Share::NONE)
                    .with_open_for(settings.open_for)
                    .with_probes(number(settings.probes))
                    .with_probe_deadline(settings.probe_deadline);
                let config = match settings.slow_after {
                    Some(after) => config.with_slow_calls(after, Share::NONE),
                    None => config,
                };
                match settings.observer.clone() {
                    Some(observer) => config.with_observer(observer),
                    None => config,
                }
            }
        }

        impl From<&Settings> for $($home)::+::CircuitBreaker {
            fn from(settings: &Settings) -> Self {
                Self::new("modelled", settings.into())
            }
        }

        impl Breaker for $($home)::+::CircuitBreaker {
            async fn call(self, end: End) -> bool {
                let judge = |answer: &Result<(), Fate>| match answer {
                    Ok(()) => Judgement::success(),
                    Err(Fate::Sick) => Judgement::failed(),
                    Err(_) => Judgement::failed().ignored(),
                };
                let call = async || match end.await {
                    Fate::Well => Ok(()),
                    fate => Err(fate),
                };
                let answer = self.call_judged(judge, call).await;
                answer.err().is_none_or(|error| error.was_made())
            }

            fn state(&self) -> BreakerState {
                self.state()
            }

            fn generation(&self) -> u64 {
                self.generation()
            }

            fn force_open(&self) {
                self.force_open();
            }

            fn disable(&self) {
                self.disable();
            }

            fn reset(&self) {
                self.reset();
            }
        }
    };
}

is_a_breaker!(crate::resilience);
is_a_breaker!(strangler_fig::resilience);
