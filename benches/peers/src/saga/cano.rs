//! cano's workflows of steps that can be compensated, with its checkpoint store and without.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use cano::{
    CancellationToken, CanoError, CheckpointRow, CheckpointStore, CompensatableTask, Resources,
    TaskConfig, TaskResult, Workflow,
};

use super::engine::{End, Engine};

pub(crate) const STORED: &str = "cano";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum State {
    Reserve,
    Charge,
    Pack,
    Ship,
    Done,
}

struct NoOp {
    name: &'static str,
    next: State,
    fails: bool,
}

#[cano::saga::task]
impl CompensatableTask<State> for NoOp {
    type Output = u64;

    fn config(&self) -> TaskConfig {
        TaskConfig::minimal()
    }

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(self.name)
    }

    async fn run(&self, _: &Resources) -> Result<(TaskResult<State>, u64), CanoError> {
        if self.fails {
            return Err(CanoError::task_execution("out of stock"));
        }
        Ok((TaskResult::Single(self.next), 1))
    }

    async fn compensate(&self, _: &Resources, _: u64) -> Result<(), CanoError> {
        Ok(())
    }
}

/// The store of its documentation, for it has none in memory of its own.
#[derive(Default)]
struct InMemory(Mutex<HashMap<String, Vec<CheckpointRow>>>);

#[cano::checkpoint_store]
impl CheckpointStore for InMemory {
    async fn append(&self, workflow: &str, row: CheckpointRow) -> Result<(), CanoError> {
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = runs.entry(workflow.to_owned()).or_default();
        if rows.iter().any(|it| it.sequence == row.sequence) {
            return Err(CanoError::checkpoint_store("the place is taken"));
        }
        rows.push(row);
        Ok(())
    }

    async fn load_run(&self, workflow: &str) -> Result<Vec<CheckpointRow>, CanoError> {
        let runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(runs.get(workflow).cloned().unwrap_or_default())
    }

    async fn clear(&self, workflow: &str) -> Result<(), CanoError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(workflow);
        Ok(())
    }
}

type Flow = Workflow<State>;

/// How a run of a workflow gets its id.
#[derive(Clone, Copy)]
enum Ids {
    /// There is no store, and no id.
    None,
    /// From workflows that were made before, each with an id: the least there is, and no
    /// more than so many runs at once.
    Before,
    /// By a workflow of its own, as one with an order's number has to.
    Own,
}

/// How many workflows with ids there are before.
const BEFORE: u64 = 64;

pub(crate) struct Cano {
    ids: Ids,
    success: Vec<Flow>,
    failure: Vec<Flow>,
}

impl Cano {
    /// With a store, its ids given before: the fastest way with one.
    pub(crate) fn stored() -> Self {
        Self::new(Ids::Before)
    }

    /// With a store, an id for each run.
    pub(crate) fn named() -> Self {
        Self::new(Ids::Own)
    }

    /// Without a store.
    pub(crate) fn unstored() -> Self {
        Self::new(Ids::None)
    }

    fn new(ids: Ids) -> Self {
        Self { ids, success: flows(ids, End::Success), failure: flows(ids, End::Undone) }
    }
}

fn flows(ids: Ids, end: End) -> Vec<Flow> {
    let store = Arc::new(InMemory::default());
    let flow = |number: u64| {
        let flow = four(end);
        match ids {
            Ids::None => flow,
            Ids::Before | Ids::Own => {
                let store = Arc::clone(&store) as Arc<dyn CheckpointStore>;
                flow.with_checkpoint_store(store).with_workflow_id(format!("order:{number}"))
            }
        }
    };
    (0..BEFORE).map(flow).collect()
}

fn four(end: End) -> Flow {
    let steps = [
        (State::Reserve, "reserve", State::Charge),
        (State::Charge, "charge", State::Pack),
        (State::Pack, "pack", State::Ship),
        (State::Ship, "ship", State::Done),
    ];
    let flow = steps.into_iter().fold(Workflow::bare(), |flow, (state, name, next)| {
        let fails = end == End::Undone && state == State::Ship;
        flow.register_with_compensation(state, NoOp { name, next, fails })
    });
    flow.add_exit_state(State::Done)
}

impl Engine for Cano {
    fn name(&self) -> &'static str {
        match self.ids {
            Ids::None => "cano_unstored",
            Ids::Before => STORED,
            Ids::Own => "cano_named",
        }
    }

    /// It has cleared up after itself.
    async fn renew(&mut self) {}

    async fn run(&self, number: u64, end: End) {
        let flows = if end == End::Success { &self.success } else { &self.failure };
        let flow = &flows[usize::try_from(number % BEFORE).expect("it is small")];
        let token = CancellationToken::disabled();
        let ended = match self.ids {
            Ids::None | Ids::Before => flow.orchestrate(State::Reserve, token).await,
            Ids::Own => {
                let flow = flow.clone().with_workflow_id(format!("order:{number}"));
                flow.orchestrate(State::Reserve, token).await
            }
        };
        match end {
            End::Success => assert_eq!(ended.ok(), Some(State::Done)),
            End::Undone => assert!(ended.is_err()),
        }
    }
}
