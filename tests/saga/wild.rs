//! Sagas of any shape whose steps do anything, and a world that knows what is really there.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::async_trait;
use strangler_fig::resilience::{Exponential, Jitter};
use strangler_fig::saga::{
    Effect, OnUnknown, Probe, SagaBuilder, SagaDefinition, SagaPlan, SagaStep, StepContext,
    StepError, StepPolicy, Value, Wire, step_fn,
};
use tokio::time::sleep;

use crate::support::ms;

/// One step's share of the world. Its participant has a barrier: what is undone is not done later.
#[derive(Debug, Default)]
struct Place {
    is_done: bool,
    is_undone: bool,
    /// Executions that are under way, wherever they were begun.
    acting: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Wilderness {
    rng: Arc<Mutex<Rng>>,
    places: Arc<Mutex<BTreeMap<String, Place>>>,
    begun: Arc<Mutex<Vec<String>>>,
}

impl Wilderness {
    pub(crate) fn new(seed: u64) -> Self {
        let rng = Arc::new(Mutex::new(Rng::with_seed(seed)));
        Self { rng, places: Arc::default(), begun: Arc::default() }
    }

    pub(crate) fn draw(&self, most: u64) -> u64 {
        self.rng.lock().unwrap().u64(0..most)
    }

    pub(crate) fn begun(&self) -> Vec<String> {
        self.begun.lock().unwrap().clone()
    }

    /// The steps whose effects are there.
    pub(crate) fn done(&self) -> Vec<String> {
        let places = self.places.lock().unwrap();
        places.iter().filter(|(_, place)| place.is_done).map(|(key, _)| key.clone()).collect()
    }

    fn begin(&self, context: &StepContext) -> String {
        let key = context.idempotency_key().to_string();
        self.begun.lock().unwrap().push(format!("{} {key}", context.direction().name()));
        key
    }

    fn with<T>(&self, key: &str, change: impl FnOnce(&mut Place) -> T) -> T {
        change(self.places.lock().unwrap().entry(key.to_owned()).or_default())
    }

    fn act(&self, key: &str) -> Result<(), StepError> {
        self.with(key, |place| {
            place.is_done = !place.is_undone;
            if place.is_undone { Err(StepError::rejected("it was undone")) } else { Ok(()) }
        })
    }

    fn undo(&self, key: &str) {
        self.with(key, |place| (place.is_done, place.is_undone) = (false, true));
    }
}

/// Counts as acting until it is dropped.
struct Acting(Wilderness, String);

impl Acting {
    fn new(world: &Wilderness, key: &str) -> Self {
        world.with(key, |place| place.acting += 1);
        Self(world.clone(), key.to_owned())
    }
}

impl Drop for Acting {
    fn drop(&mut self) {
        self.0.with(&self.1, |place| place.acting -= 1);
    }
}

#[derive(Debug)]
struct Wild(Wilderness);

#[async_trait]
impl SagaStep for Wild {
    type Input = u32;
    type Output = u32;

    async fn execute(&self, _: &u32, context: &StepContext) -> Result<u32, StepError> {
        let Self(world) = self;
        let key = world.begin(context);
        let _acting = Acting::new(world, &key);
        let (fate, pause) = (world.draw(16), world.draw(2_500));
        if pause > 500 {
            sleep(ms(pause)).await;
        }
        match fate {
            0 | 1 => return Err(StepError::rejected("no")),
            2 => return Err(StepError::unavailable("away")),
            3 => return Err(StepError::unknown("the answer was lost, and nothing done")),
            4 => pending().await,
            5 => panic!("nothing was done"),
            _ => {}
        }
        world.act(&key)?;
        match fate {
            6 => Err(StepError::unknown("the answer was lost, and it was done")),
            7 => pending().await,
            8 => panic!("it was done"),
            _ => Ok(1),
        }
    }

    async fn compensate(
        &self,
        _: &u32,
        _: Effect<u32>,
        context: &StepContext,
    ) -> Result<(), StepError> {
        let Self(world) = self;
        let key = world.begin(context);
        let (fate, pause) = (world.draw(24), world.draw(2_500));
        if pause > 500 {
            sleep(ms(pause)).await;
        }
        match fate {
            0 => return Err(StepError::rejected("no")),
            1 => return Err(StepError::unavailable("away")),
            2 => pending().await,
            3 => panic!("nothing was undone"),
            _ => world.undo(&key),
        }
        if fate == 4 { Err(StepError::unknown("the answer was lost")) } else { Ok(()) }
    }

    /// It tells the truth, as it was when it looked.
    async fn probe(&self, _: &u32, context: &StepContext) -> Result<Probe<u32>, StepError> {
        let Self(world) = self;
        let key = world.begin(context);
        let (is_done, is_acting) = world.with(&key, |place| (place.is_done, place.acting > 0));
        let (fate, pause) = (world.draw(10), world.draw(2_500));
        sleep(ms(pause)).await;
        Ok(match fate {
            0 => return Err(StepError::unavailable("away")),
            1 => pending().await,
            2 => panic!("it cannot be asked"),
            3 => Probe::Unclear,
            _ if is_done => Probe::Done(1),
            4 | 5 => Probe::Absent,
            _ if is_acting => Probe::Ongoing,
            _ => Probe::Never,
        })
    }
}

fn policy(world: &Wilderness) -> StepPolicy {
    let kinds = [OnUnknown::Probe, OnUnknown::Retry, OnUnknown::Compensate, OnUnknown::Park];
    let kind = kinds[usize::try_from(world.draw(16)).unwrap().saturating_sub(12)];
    let pause = ms(200);
    let pauses =
        |count| Exponential::between(pause, pause).with_jitter(Jitter::None).with_count(count);
    let count = u32::try_from(world.draw(3)).unwrap();
    StepPolicy::default()
        .with_timeout(ms(3_000))
        .with_retry(pauses(count))
        .with_compensation_retry(pauses(4))
        .on_unknown(kind)
}

/// Up to eight steps, each after some of those before it; a pivot where one can be.
pub(crate) fn random_plan(rng: &mut Rng) -> Arc<SagaPlan> {
    let count = rng.usize(1..=8);
    let seed = rng.u64(..);
    let built = |pivot: Option<usize>| {
        let mut rng = Rng::with_seed(seed);
        let mut saga = SagaBuilder::<()>::new("random", 1);
        let mut steps: Vec<Value<()>> = Vec::new();
        for at in 0..count {
            let mut parents: Vec<Value<()>> =
                steps.iter().copied().filter(|_| rng.u8(..3) == 0).collect();
            parents.truncate(3);
            let nothing = step_fn(|(): (), _| async { Ok(()) });
            let name = format!("s{at}");
            let step = match *parents {
                [] => saga.step(&name, nothing, ()),
                [a] => saga.step(&name, nothing, a),
                [a, b] => saga.step(&name, nothing, a.after(b)),
                [a, b, c, ..] => saga.step(&name, nothing, a.after(b).after(c)),
            };
            steps.push(step);
        }
        if let Some(pivot) = pivot {
            saga.pivot(steps[pivot]);
        }
        saga.build(steps[count - 1]).map(|saga| saga.plan().clone())
    };
    let pivot = rng.bool().then(|| rng.usize(..count));
    built(pivot).or_else(|_| built(None)).unwrap()
}

/// A saga, and how many steps it has that do something.
pub(crate) struct WildSaga {
    pub(crate) saga: SagaDefinition<u32, u32>,
    pub(crate) children: Vec<SagaDefinition<u32, u32>>,
    pub(crate) steps: usize,
    pub(crate) has_pivot: bool,
}

/// Up to six steps, each after some of those before it; a pivot where one can be; one of them may be a saga.
pub(crate) fn wild_saga(world: &Wilderness, is_nested: bool) -> WildSaga {
    let count = 1 + world.draw(6);
    let nested_at = if is_nested { world.draw(count) } else { u64::MAX };
    let deadline = (world.draw(4) == 0).then(|| ms(500 + world.draw(8_000)));
    let pivot = world.draw(2 * count);
    // Drawn anew for each attempt to build, from the same seed.
    let seed = world.draw(u64::MAX);
    let built = |pivot: Option<u64>| {
        let (mut rng, mut children) = (Rng::with_seed(seed), Vec::new());
        let mut saga = SagaBuilder::<u32>::new("wild", 1);
        if let Some(deadline) = deadline {
            saga = saga.with_deadline(deadline);
        }
        let mut all: Vec<Value<u32>> = Vec::new();
        for at in 0..count {
            let parents: Vec<_> = all.iter().copied().filter(|_| rng.u8(..3) == 0).collect();
            let name = format!("s{at}");
            let input = match *parents {
                [] => saga.input().after(saga.input()).after(saga.input()),
                [a] => a.after(a).after(a),
                [a, b] => a.after(b).after(a),
                [a, b, c, ..] => a.after(b).after(c),
            };
            all.push(if at == nested_at {
                let child = leaf(world);
                let value = saga.sub_saga(&name, &child, input);
                children.push(child);
                value
            } else {
                saga.step_with(&name, Wild(world.clone()), input, policy(world))
            });
        }
        if let Some(pivot) = pivot {
            saga.pivot(all[usize::try_from(pivot).unwrap()]);
        }
        let last = *all.last().unwrap();
        let saga = saga.build(last)?;
        let steps = all.len() + children.iter().map(|it| it.plan().len() - 1).sum::<usize>();
        Ok::<_, strangler_fig::saga::BuildError>(WildSaga {
            saga,
            children,
            steps,
            has_pivot: pivot.is_some(),
        })
    };
    let pivot = Some(pivot).filter(|pivot| *pivot < count);
    built(pivot).or_else(|_| built(None)).unwrap()
}

/// Two steps beside each other.
fn leaf(world: &Wilderness) -> SagaDefinition<u32, u32> {
    let mut saga = SagaBuilder::<u32>::new("leaf", 1);
    let x = saga.step_with("x", Wild(world.clone()), saga.input(), policy(world));
    let y = saga.step_with("y", Wild(world.clone()), saga.input(), policy(world));
    saga.build(x.after(y)).unwrap()
}

/// How long a storm lasts.
pub(crate) const STORM: Duration = Duration::from_secs(20);
