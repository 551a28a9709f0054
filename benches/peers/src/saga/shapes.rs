//! What grows with a saga: its steps, its stages, how many run side by side.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use measure::{Reading, figure, median};
use steno::{InMemorySecStore, SagaCachedState, SagaCreateParams, SagaId, SagaNodeEvent, SecStore};
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::saga::{Conclusion, SagaBuilder, SagaJournal, Wire};
use tokio::runtime::Runtime;
use tokio::time::sleep;

use super::engine::End;
use super::journals::Watched;
use super::ours::{Definition, NoOp, orchestrator, run};
use super::steno::{Kind, runner};

/// How long each write takes, where that counts.
const PAUSE: Duration = Duration::from_millis(5);

/// Measures the shapes and prints their figures.
pub(crate) fn print(runtime: &Runtime) {
    runtime.block_on(async {
        let cpu = cpu_of(&ladder(), 101).await;
        figure("saga.ladder33.us", cpu, "us");
        let stages = || std::iter::repeat_n(2, 16).chain([1]);
        figure(
            "saga.ladder33.steno.us",
            cpu_of_steno(&Kind::new(stages(), End::Success), 5).await,
            "us",
        );
        for (steps, times) in [(10, 501), (100, 201), (1_000, 51)] {
            let cpu = cpu_of(&linear(steps), times).await;
            figure(format_args!("saga.linear{steps}.us"), cpu, "us");
            figure(format_args!("saga.linear{steps}.us_per_step"), cpu / f64::from(steps), "us");
        }
        for (steps, times) in [(10, 101), (100, 21), (1_000, 3)] {
            let stages = (0..steps).map(|_| 1);
            let cpu = cpu_of_steno(&Kind::new(stages, End::Success), times).await;
            figure(format_args!("saga.linear{steps}.steno.us"), cpu, "us");
        }
        let (one, many) = (wall_of(&beside(1)).await, wall_of(&beside(32)).await);
        figure("saga.parallel1.ms", one * 1e3, "ms");
        figure("saga.parallel32.ms", many * 1e3, "ms");
        figure("saga.parallel32.vs_one", many / one, "times");
        let wall_of = async |steps| wall_of_steno(&Kind::new([steps, 1], End::Success)).await;
        let (one, many) = (wall_of(1).await, wall_of(32).await);
        figure("saga.parallel32.steno.ms", many * 1e3, "ms");
        figure("saga.parallel32.steno.vs_one", many / one, "times");
    });
}

/// Sixteen stages of two, each step of which needs both before it, and one that needs the last.
fn ladder() -> Definition {
    let mut saga = SagaBuilder::<u64>::new("ladder", 1);
    let mut before = [saga.input(); 2];
    for stage in 0..16 {
        let needs = |[left, right]: [_; 2]| Wire::map((left, right), |(left, _): (u64, u64)| left);
        let sides = ["left", "right"].map(|side| format!("{side}-{stage}"));
        before = sides.map(|name| saga.step(&name, NoOp::new(), needs(before)));
    }
    let last = (before[0], before[1]).map(|(left, _)| left);
    let last = saga.step("last", NoOp::new(), last);
    saga.build(last).expect("it can be meant")
}

/// So many steps, one after the other.
fn linear(steps: u32) -> Definition {
    let mut saga = SagaBuilder::<u64>::new("linear", 1);
    let mut last = saga.input();
    for at in 0..steps {
        last = saga.step(&format!("step-{at}"), NoOp::new(), last);
    }
    saga.build(last).expect("it can be meant")
}

/// So many steps, side by side.
fn beside(steps: u32) -> Definition {
    let mut saga = SagaBuilder::<u64>::new("beside", 1);
    let input = saga.input();
    let names = (0..steps).map(|at| format!("step-{at}"));
    let outputs: Vec<_> = names.map(|name| saga.step(&name, NoOp::new(), input)).collect();
    saga.build(outputs[0]).expect("it can be meant")
}

/// Microseconds of this thread, the middle of so many sagas.
async fn cpu_of(definition: &Definition, times: u64) -> f64 {
    let orchestrator = orchestrator(Arc::new(InMemorySagaJournal::default()));
    let mut micros = Vec::new();
    for number in 0..=times {
        let before = Reading::now();
        let ended = run(&orchestrator, definition, number).await;
        micros.push(before.spent().nanos_each(1_000));
        assert_eq!(ended, Conclusion::Committed(number));
    }
    median(&mut micros[1..])
}

async fn cpu_of_steno(kind: &Kind, times: u64) -> f64 {
    let sec = runner(Arc::new(InMemorySecStore::new()));
    let mut micros = Vec::new();
    for _ in 0..=times {
        let before = Reading::now();
        assert!(kind.run(&sec, 1).await.is_some());
        micros.push(before.spent().nanos_each(1_000));
    }
    sec.shutdown().await;
    median(&mut micros[1..])
}

/// How often sagas are run whose writes take their time.
const SLOW: u64 = 15;

/// Seconds of the clock, on a journal that takes its time.
async fn wall_of(definition: &Definition) -> f64 {
    let orchestrator = orchestrator(Arc::new(Watched::taking(PAUSE)) as Arc<dyn SagaJournal>);
    let mut seconds = Vec::new();
    for number in 0..SLOW {
        let began = Instant::now();
        let ended = run(&orchestrator, definition, number).await;
        seconds.push(began.elapsed().as_secs_f64());
        assert_eq!(ended, Conclusion::Committed(number));
    }
    median(&mut seconds)
}

async fn wall_of_steno(kind: &Kind) -> f64 {
    let sec = runner(Arc::new(SlowStore));
    let mut seconds = Vec::new();
    for _ in 0..SLOW {
        let began = Instant::now();
        assert!(kind.run(&sec, 1).await.is_some());
        seconds.push(began.elapsed().as_secs_f64());
    }
    sec.shutdown().await;
    median(&mut seconds)
}

/// steno's store, whose writes take their time.
#[derive(Debug)]
struct SlowStore;

#[async_trait]
impl SecStore for SlowStore {
    async fn saga_create(&self, _: SagaCreateParams) -> Result<(), anyhow::Error> {
        sleep(PAUSE).await;
        Ok(())
    }

    async fn record_event(&self, _: SagaNodeEvent) {
        sleep(PAUSE).await;
    }

    async fn saga_update(&self, _: SagaId, _: SagaCachedState) {
        sleep(PAUSE).await;
    }
}
