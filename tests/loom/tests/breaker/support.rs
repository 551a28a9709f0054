use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use breaker_model::resilience::{BreakerState, CircuitBreaker};
use breaker_model::{Breaker, Call, Fate, Settings, clock};
use loom::model::Builder;
use loom::thread;
use strangler_fig::observe::{Event, Observer};

/// How calls end that are not forgotten.
pub(crate) const FATES: [Fate; 4] = [Fate::Well, Fate::Sick, Fate::Ignored, Fate::Cancelled];

/// The breaker as it ships.
pub(crate) fn shipped(settings: &Settings) -> CircuitBreaker {
    settings.into()
}

/// Runs models in every order of their threads' steps, or in those that interrupt
/// threads only so often, where the others take a minute.
pub(crate) struct Exploration {
    began: Instant,
    executions: Arc<AtomicU64>,
    interruptions: Option<usize>,
}

impl Exploration {
    pub(crate) fn begin() -> Self {
        Self { began: Instant::now(), executions: Arc::default(), interruptions: None }
    }

    /// Unless `ALL_ORDERS` is set.
    pub(crate) fn interrupted_at_most(mut self, times: usize) -> Self {
        self.interruptions = std::env::var_os("ALL_ORDERS").is_none().then_some(times);
        self
    }

    pub(crate) fn run(&self, model: impl Fn() + Send + Sync + 'static) {
        let mut builder = Builder::new();
        builder.preemption_bound = self.interruptions;
        builder.max_branches = 10_000;
        let executions = self.executions.clone();
        builder.check(move || {
            executions.fetch_add(1, Ordering::Relaxed);
            model();
        });
    }

    /// Runs it, and answers what is wrong.
    pub(crate) fn finds(&self, model: impl Fn() + Send + Sync + 'static) -> Option<String> {
        catch_unwind(AssertUnwindSafe(|| self.run(model))).err().map(|panic| text(&*panic))
    }

    pub(crate) fn end(self, name: &str) {
        let (executions, seconds) = (self.executions.load(Ordering::Relaxed), self.began.elapsed());
        println!("{name}: {executions} executions, {:.1} s", seconds.as_secs_f64());
        println!("figure loom.{name} {executions} executions");
    }
}

fn text(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    words.or_else(|| panic.downcast_ref().cloned()).unwrap_or_default()
}

pub(crate) type Job<T> = Box<dyn FnOnce() -> T + Send>;

/// Does all of it at once, each on a thread of its own.
pub(crate) fn at_once<T: 'static>(jobs: impl IntoIterator<Item = Job<T>>) -> Vec<T> {
    let mut jobs: Vec<_> = jobs.into_iter().collect();
    let own = jobs.pop();
    let others: Vec<_> = jobs.into_iter().map(thread::spawn).collect();
    let own = own.map(|job| job());
    let others = others.into_iter().map(|other| other.join().unwrap());
    others.collect::<Vec<_>>().into_iter().chain(own).collect()
}

/// How an operator turns a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ByHand {
    ForceOpen,
    Disable,
    Reset,
}

impl ByHand {
    pub(crate) const ALL: [Self; 3] = [Self::ForceOpen, Self::Disable, Self::Reset];

    pub(crate) fn turn(self, breaker: &impl Breaker) {
        match self {
            Self::ForceOpen => breaker.force_open(),
            Self::Disable => breaker.disable(),
            Self::Reset => breaker.reset(),
        }
    }

    pub(crate) fn leads_to(self) -> BreakerState {
        match self {
            Self::ForceOpen => BreakerState::ForcedOpen,
            Self::Disable => BreakerState::Disabled,
            Self::Reset => BreakerState::Closed,
        }
    }
}

/// Lets it fail, so that it opens.
pub(crate) fn open(breaker: &impl Breaker) {
    Call::begin(breaker).unwrap().end(Fate::Sick);
    assert_eq!(breaker.generation(), 1);
}

/// Begins a call and ends it so; whether it was let through.
pub(crate) fn call(breaker: &impl Breaker, fate: Fate) -> bool {
    let call = Call::begin(breaker);
    let is_through = call.is_some();
    if let Some(call) = call {
        call.end(fate);
    }
    is_through
}

/// What must be true of every breaker that nobody has turned by hand, once all calls
/// have ended or are given up: one call that fails opens it, and probes that go well
/// close it, none more than there should be.
pub(crate) fn works(breaker: &impl Breaker, settings: &Settings) {
    assert!(call(breaker, Fate::Sick), "it is stuck");
    let opened = breaker.generation();
    clock::pass(settings.open_for.as_secs());
    let probes: Vec<_> = (0..settings.probes).map(|_| Call::begin(breaker)).collect();
    assert!(Call::begin(breaker).is_none(), "one probe too many");
    for probe in probes {
        probe.expect("it is stuck").end(Fate::Well);
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
    assert_eq!(breaker.generation(), opened + 2);
}

type Turn = (u64, &'static str, &'static str);

/// Writes down the turns it is told of.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<Vec<Turn>>);

impl Observer for Told {
    fn on_event(&self, event: &Event) {
        if let Event::BreakerTurned { from, to, generation, .. } = event {
            self.0.lock().unwrap().push((*generation, from, to));
        }
    }
}

impl Told {
    /// The turns in the order of their generations, of which none may be missing, told
    /// twice, or begin where the one before it has not ended.
    pub(crate) fn turns(&self, breaker: &impl Breaker) -> Vec<Turn> {
        let mut turns = self.0.lock().unwrap().clone();
        turns.sort_unstable();
        let mut state = BreakerState::Closed.name();
        for (turn, number) in turns.iter().zip(1..) {
            assert_eq!((turn.0, turn.1), (number, state), "{turns:?}");
            state = turn.2;
        }
        assert_eq!(breaker.generation(), turns.len() as u64, "{turns:?}");
        turns
    }
}

/// Looks at the breaker whenever it is told of a turn.
pub(crate) struct Asks<B> {
    pub(crate) told: Told,
    pub(crate) breaker: Mutex<Option<B>>,
}

impl<B> Default for Asks<B> {
    fn default() -> Self {
        Self { told: Told::default(), breaker: Mutex::default() }
    }
}

impl<B> fmt::Debug for Asks<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told.fmt(f)
    }
}

impl<B: Breaker> Observer for Asks<B> {
    fn on_event(&self, event: &Event) {
        let breaker = self.breaker.lock().unwrap().clone();
        if let Some(breaker) = breaker {
            breaker.state();
        }
        self.told.on_event(event);
    }
}
