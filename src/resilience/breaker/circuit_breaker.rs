use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, TryLockError};

use tracing::{debug, warn};

use super::machine::{Machine, Ticket, Turn};
use super::{BreakerConfig, BreakerState, CallCounts};
use crate::observe::{Event, Observer, field};
use crate::resilience::caught::caught;
use crate::resilience::judgement::by_error;
use crate::resilience::sync::{Instant, Mutex};
use crate::resilience::{CallError, Health, Judged, Judgement, Refused};

/// Keeps calls from a side that fails, and lets a few through to see when it is
/// well again. Clones are one breaker.
///
/// Closed, it counts how calls end. When too many failed, or were slow, it opens and
/// refuses everything for a while; then, half open, it lets a few probes through. Any
/// call holds a [`Permit`] of the generation it began in: what ends later than the
/// next turn changes nothing, and a permit that is dropped makes room for another.
///
/// States and their names are Michael Nygard's ("Release It!", 2007).
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::error::StoreError;
/// use strangler_fig::resilience::{
///     BreakerConfig, BreakerState, CallError, CircuitBreaker, Refused,
/// };
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let config = BreakerConfig::default().with_open_for(Duration::from_secs(10));
/// let breaker = CircuitBreaker::new("modern", config);
/// let down = async || Err::<(), _>(StoreError::unavailable("connection refused"));
/// let well = async || Ok::<_, StoreError>(());
///
/// for _ in 0..20 {
///     breaker.call(down).await.unwrap_err();
/// }
/// let refused = breaker.call(well).await.unwrap_err();
/// assert!(matches!(refused, CallError::Refused(Refused::Open { .. })));
///
/// tokio::time::sleep(Duration::from_secs(10)).await;
/// for _ in 0..3 {
///     breaker.call(well).await.unwrap();
/// }
/// assert_eq!(breaker.state(), BreakerState::Closed);
/// # }
/// ```
#[derive(Clone)]
pub struct CircuitBreaker(Arc<Shared>);

/// How many breakers this process has made.
static MADE: AtomicU64 = AtomicU64::new(0);

struct Shared {
    name: &'static str,
    instance: u64,
    observer: OnceLock<Arc<dyn Observer>>,
    machine: Mutex<Machine>,
}

impl fmt::Debug for CircuitBreaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("CircuitBreaker");
        shown.field("name", &self.0.name);
        // A model checker's lock is none for a `Glimpse`.
        match self.0.machine.try_lock() {
            Ok(machine) => shown.field("state", &machine.state(Instant::now())),
            Err(TryLockError::Poisoned(it)) => {
                shown.field("state", &it.into_inner().state(Instant::now()))
            }
            Err(TryLockError::WouldBlock) => shown.field("state", &format_args!("<locked>")),
        };
        shown.finish_non_exhaustive()
    }
}

/// Leave for one call, of a [`CircuitBreaker`]. Dropped, it counts neither way; but a
/// call that was given up when it was slow already is a slow one.
///
/// ```
/// use strangler_fig::resilience::{BreakerConfig, CircuitBreaker, Health};
///
/// let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
/// let permit = breaker.acquire()?;
/// // ... whatever is no future ...
/// permit.settle(Health::Well);
/// # Ok::<(), strangler_fig::resilience::Refused>(())
/// ```
#[derive(Debug)]
#[must_use = "a permit that is dropped counts neither way"]
pub struct Permit<'a> {
    breaker: &'a CircuitBreaker,
    ticket: Ticket,
    /// None while the call has to wait.
    began: Option<Instant>,
    is_settled: bool,
}

impl CircuitBreaker {
    /// A closed breaker. `name` stands in errors, events and traces.
    #[must_use]
    pub fn new(name: &'static str, config: BreakerConfig) -> Self {
        let observer = config.observer.clone().map_or_else(OnceLock::new, OnceLock::from);
        let machine = Mutex::new(Machine::new(config, Instant::now()));
        let instance = MADE.fetch_add(1, Ordering::Relaxed) + 1;
        Self(Arc::new(Shared { name, instance, observer, machine }))
    }

    /// What errors, events and traces call it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name
    }

    /// Which of all breakers of this process it is: events tell those of one name apart by it.
    ///
    /// ```
    /// use strangler_fig::resilience::{BreakerConfig, CircuitBreaker};
    ///
    /// let [one, other] = [(); 2].map(|()| CircuitBreaker::new("modern", BreakerConfig::default()));
    /// assert!(one.instance() != other.instance() && one.instance() == one.clone().instance());
    /// ```
    #[must_use]
    pub fn instance(&self) -> u64 {
        self.0.instance
    }

    /// What a call that came now would meet: `HalfOpen` from when probes are let
    /// through, whether one has come or not, until they have all been waited for in vain.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        self.with(|machine| machine.state(Instant::now()))
    }

    /// How the calls ended that it judges by, now.
    #[must_use]
    pub fn counts(&self) -> CallCounts {
        self.with(|machine| machine.counts(Instant::now()))
    }

    /// How often it has turned.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.with(|machine| machine.generation())
    }

    /// Refuses every call until it is told otherwise; but for the rest of a write that
    /// another store has taken.
    pub fn force_open(&self) {
        let turn = self.with(Machine::force_open);
        self.tell(turn);
    }

    /// Lets every call through, uncounted, until it is told otherwise.
    pub fn disable(&self) {
        let turn = self.with(Machine::disable);
        self.tell(turn);
    }

    /// Closes it, whatever it was, and forgets what it has counted.
    pub fn reset(&self) {
        let turn = self.with(Machine::close);
        self.tell(turn);
    }

    /// Tells `observer` of its turns, unless somebody is told already: by its config, or
    /// by a call of this.
    pub fn observe(&self, observer: &Arc<dyn Observer>) {
        self.0.observer.get_or_init(|| Arc::clone(observer));
    }

    /// Leave for one call.
    ///
    /// # Errors
    ///
    /// [`Refused::Open`].
    pub fn acquire(&self) -> Result<Permit<'_>, Refused> {
        let now = Instant::now();
        let mut permit = self.acquire_at(now)?;
        permit.begin(now);
        Ok(permit)
    }

    /// Makes the call, if it may be made.
    ///
    /// # Errors
    ///
    /// [`CallError::Refused`]: it was not made; [`CallError::Failed`] with its own
    /// error.
    ///
    /// # Cancel safety
    ///
    /// That of the call.
    pub async fn call<T, E, F, Fut>(&self, call: F) -> Result<T, CallError<E>>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Judged,
    {
        self.call_judged(by_error, call).await
    }

    /// The same, as `judge` says of the answer.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    ///
    /// # Cancel safety
    ///
    /// As [`call`](Self::call).
    pub async fn call_judged<T, E, J, F, Fut>(&self, judge: J, call: F) -> Result<T, CallError<E>>
    where
        J: FnOnce(&Result<T, E>) -> Judgement,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let permit = self.acquire()?;
        match caught(call).await {
            Ok(answer) => {
                permit.settle(judge(&answer).health());
                answer.map_err(CallError::Failed)
            }
            Err(panic) => {
                permit.settle(Health::Sick);
                resume_unwind(panic)
            }
        }
    }

    /// Leave for a call that has yet to [`begin`](Permit::begin).
    pub(in crate::resilience) fn acquire_at(&self, now: Instant) -> Result<Permit<'_>, Refused> {
        let (admitted, turn) = self.with(|machine| machine.admit(now));
        let admitted = match admitted {
            Ok(ticket) => Ok(Permit { breaker: self, ticket, began: None, is_settled: false }),
            Err(retry_after) => Err(Refused::Open { breaker: self.0.name, retry_after }),
        };
        if let Some(turn) = turn {
            self.tell(turn);
        }
        admitted
    }

    fn with<T>(&self, act: impl FnOnce(&mut Machine) -> T) -> T {
        act(&mut self.0.machine.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Outside of the lock: an observer may look at the breaker.
    #[cold]
    fn tell(&self, turn: Turn) {
        let Turn { from, to, generation } = turn;
        let (breaker, from, to) = (self.0.name, from.name(), to.name());
        if to == BreakerState::Open.name() {
            warn!(
                { field::BREAKER } = breaker,
                { field::FROM } = from,
                { field::TO } = to,
                "a circuit breaker opens"
            );
        } else {
            debug!(
                { field::BREAKER } = breaker,
                { field::FROM } = from,
                { field::TO } = to,
                "a circuit breaker turns"
            );
        }
        if let Some(observer) = self.0.observer.get() {
            let instance = self.0.instance;
            observer.on_event(&Event::BreakerTurned { breaker, instance, from, to, generation });
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let machine = self.machine.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let (Some(observer), true) = (self.observer.get(), machine.generation() > 0) {
            let (breaker, instance) = (self.name, self.instance);
            observer.on_event(&Event::BreakerDropped { breaker, instance });
        }
    }
}

impl Permit<'_> {
    /// The call has ended, and says so much of whoever was called.
    pub fn settle(mut self, health: Health) {
        self.end(Some(health));
    }

    /// The call begins now: whatever it had to wait for before is not its own time.
    pub(in crate::resilience) fn begin(&mut self, now: Instant) {
        self.began = Some(now);
    }

    /// The call has ended so; without a health, its caller went away.
    fn end(&mut self, health: Option<Health>) {
        self.is_settled = true;
        let (ticket, now) = (self.ticket, Instant::now());
        let took = self.began.map(|began| now.saturating_duration_since(began));
        let turn = self.breaker.with(|machine| match health {
            Some(health) => machine.settle(ticket, health, took.unwrap_or_default(), now),
            None => machine.give_up(ticket, took, now),
        });
        if let Some(turn) = turn {
            self.breaker.tell(turn);
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.end(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_shown_while_it_is_locked() {
        let breaker = CircuitBreaker::new("modern", BreakerConfig::default());
        let held = breaker.0.machine.lock().unwrap();
        let shown = format!("{breaker:?}");
        assert_eq!(shown, r#"CircuitBreaker { name: "modern", state: <locked>, .. }"#);
        drop(held);
        let shown = format!("{breaker:?}");
        assert_eq!(shown, r#"CircuitBreaker { name: "modern", state: Closed, .. }"#);
    }
}
