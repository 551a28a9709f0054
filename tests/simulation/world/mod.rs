//! A whole migration, simulated: the library's own code on a paused clock, servers and
//! processes of its own, and everything that can go wrong, by one seed.

mod caller;
mod conductor;
mod database;
mod flag;
mod janitor;
mod life;
mod link;
mod nervous;
mod network;
mod operator;
mod panics;
mod plain;
mod plan;
mod process;
mod rest;
mod rival;
mod service;
mod trace;
mod wall;
mod weather;
#[expect(clippy::module_inception, reason = "it is what this folder is about")]
mod world;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;

use strangler_fig::testkit::history::{Verdict, check};
use tokio::runtime::{Builder, Handle};
use tokio::time::{sleep, timeout};

use self::database::Row;
use self::plan::Plan;
use self::world::World;

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) plan: Plan,
    pub(crate) verdict: Verdict<u32, Row>,
    /// What did not hold at rest, or on the way.
    pub(crate) fault: Option<String>,
    /// A hash of everything that happened.
    pub(crate) trace: u64,
    pub(crate) lines: Vec<String>,
    pub(crate) epochs: u64,
    pub(crate) lives: u64,
    /// How often what happened.
    pub(crate) events: BTreeMap<String, u64>,
}

impl Outcome {
    /// What is wrong, if anything is.
    pub(crate) fn wrong(&self) -> Option<String> {
        if !self.verdict.is_linearizable() {
            let shown = self.verdict.violations().iter().take(3);
            return Some(format!("{}\n{:#?}", self.verdict, shown.collect::<Vec<_>>()));
        }
        self.fault.clone()
    }
}

/// No run is longer, on its own clock.
const LONGEST: Duration = Duration::from_secs(7_200);

/// Runs one seed; with `in_words`, it tells what happened.
pub(crate) fn simulate(seed: u64, in_words: bool) -> Outcome {
    fastrand::seed(seed);
    panics::watch();
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let outcome = runtime.block_on(run(Plan::of(seed), in_words));
    drop(runtime);
    Outcome { fault: panics::seen().or(outcome.fault), ..outcome }
}

async fn run(plan: Plan, in_words: bool) -> Outcome {
    let world = World::new(plan, in_words).await;
    world.network.trace.say(0, format_args!("{:?}", world.plan));
    let ended = AssertUnwindSafe(timeout(LONGEST, migrate_and_rest(&world))).catch_unwind().await;
    let fault = match ended {
        Ok(Ok(ended)) => ended.err(),
        Ok(Err(_)) => Some("it never came to rest".to_owned()),
        Err(_) => Some("it panicked".to_owned()),
    };
    let left = if fault.is_none() { tasks_left().await } else { 0 };
    let fault = fault.or_else(|| (left > 0).then(|| format!("{left} tasks are left")));
    Outcome {
        verdict: check(&world.recorder.history()),
        fault,
        trace: world.network.trace.hash(),
        lines: world.network.trace.lines(),
        events: world.network.trace.counts(),
        epochs: world.state().await.epoch(),
        lives: world.next_life() - 1,
        plan: world.plan.clone(),
    }
}

async fn migrate_and_rest(world: &Arc<World>) -> Result<(), String> {
    let mut helpers = vec![tokio::spawn(janitor::tidy(world.clone()))];
    for node in 0..world.plan.nodes as usize {
        let conduct = conductor::conduct(world.clone(), node, world.fork());
        helpers.push(tokio::spawn(conduct));
    }
    if world.plan.rival {
        helpers.push(tokio::spawn(rival::meddle(world.clone(), world.fork())));
    }
    operator::migrate(world, world.fork()).await?;
    rest::rest(world, helpers).await
}

/// What the library, or anything else, has left running.
async fn tasks_left() -> usize {
    let handle = Handle::current();
    for _ in 0..100 {
        if handle.metrics().num_alive_tasks() == 0 {
            return 0;
        }
        sleep(Duration::from_secs(1)).await;
    }
    handle.metrics().num_alive_tasks()
}
