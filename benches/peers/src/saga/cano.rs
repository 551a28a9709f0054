//! cano's workflows of steps that can be compensated, with its stores and without.

use std::borrow::Cow;
use std::sync::Arc;

use cano::testing::InMemoryCheckpointStore;
use cano::{
    CancellationToken, CanoError, CheckpointStore, CompensatableTask, MemoryStore, Resources,
    TaskConfig, TaskResult, Workflow,
};

use super::engine::{End, Engine};

pub(crate) const STORED: &str = "cano";
pub(crate) const MUTE: &str = "cano_mute";

/// Where what steps hand on is kept, and the input.
const STORE: &str = "store";
const INPUT: &str = "input";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum State {
    Reserve,
    Charge,
    Pack,
    Ship,
    Done,
}

/// Hands a number on, or refuses.
struct HandOn {
    name: &'static str,
    from: &'static str,
    next: State,
    fails: bool,
}

#[cano::saga::task]
impl CompensatableTask<State> for HandOn {
    type Output = u64;

    fn config(&self) -> TaskConfig {
        TaskConfig::minimal()
    }

    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(self.name)
    }

    async fn run(&self, resources: &Resources) -> Result<(TaskResult<State>, u64), CanoError> {
        let store = resources.get::<MemoryStore, _>(STORE)?;
        let number: u64 = store.get(self.from)?;
        if self.fails {
            return Err(CanoError::task_execution("out of stock"));
        }
        store.put(self.name, number)?;
        Ok((TaskResult::Single(self.next), number))
    }

    async fn compensate(&self, _: &Resources, _: u64) -> Result<(), CanoError> {
        Ok(())
    }
}

/// Does nothing, or refuses.
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

/// A workflow, and where its steps keep what they hand on.
struct Flow {
    workflow: Workflow<State>,
    store: MemoryStore,
}

/// What a workflow does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The same as the others: each step hands the number on through the store for that, and is
    /// written down in the one for checkpoints, under an id given to the workflow before. No more than so
    /// many run at once.
    Whole,
    /// The same, under an id for each run.
    Named,
    /// Nothing is handed on.
    Mute,
    /// Nothing is handed on or written down.
    Bare,
}

/// How many workflows there are.
const FLOWS: u64 = 64;

pub(crate) struct Cano {
    kind: Kind,
    success: Vec<Flow>,
    failure: Vec<Flow>,
}

impl Cano {
    /// What the others do, its ids given before.
    pub(crate) fn stored() -> Self {
        Self::new(Kind::Whole)
    }

    /// What the others do, with an id for each run.
    pub(crate) fn named() -> Self {
        Self::new(Kind::Named)
    }

    /// Steps that hand nothing on.
    pub(crate) fn mute() -> Self {
        Self::new(Kind::Mute)
    }

    /// Steps that hand nothing on, of which nothing is written down.
    pub(crate) fn unstored() -> Self {
        Self::new(Kind::Bare)
    }

    fn new(kind: Kind) -> Self {
        Self { kind, success: flows(kind, End::Success), failure: flows(kind, End::Undone) }
    }
}

fn flows(kind: Kind, end: End) -> Vec<Flow> {
    let checkpoints: Arc<dyn CheckpointStore> = Arc::new(InMemoryCheckpointStore::new());
    let flow = |number: u64| {
        let store = MemoryStore::new();
        let mut workflow = four(kind, end, &store);
        if kind != Kind::Bare {
            workflow = workflow
                .with_checkpoint_store(Arc::clone(&checkpoints))
                .with_workflow_id(format!("order:{number}"));
        }
        Flow { workflow, store }
    };
    (0..FLOWS).map(flow).collect()
}

fn four(kind: Kind, end: End, store: &MemoryStore) -> Workflow<State> {
    let steps = [
        (State::Reserve, "reserve", INPUT, State::Charge),
        (State::Charge, "charge", "reserve", State::Pack),
        (State::Pack, "pack", "charge", State::Ship),
        (State::Ship, "ship", "pack", State::Done),
    ];
    let empty = match kind {
        Kind::Whole | Kind::Named => Workflow::new(Resources::new().insert(STORE, store.clone())),
        Kind::Mute | Kind::Bare => Workflow::bare(),
    };
    let flow = steps.into_iter().fold(empty, |flow, (state, name, from, next)| {
        let fails = end == End::Undone && state == State::Ship;
        match kind {
            Kind::Whole | Kind::Named => {
                flow.register_with_compensation(state, HandOn { name, from, next, fails })
            }
            Kind::Mute | Kind::Bare => {
                flow.register_with_compensation(state, NoOp { name, next, fails })
            }
        }
    });
    flow.add_exit_state(State::Done)
}

impl Engine for Cano {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Whole => STORED,
            Kind::Named => "cano_named",
            Kind::Mute => MUTE,
            Kind::Bare => "cano_unstored",
        }
    }

    /// It has cleared up after itself.
    async fn renew(&mut self) {}

    async fn run(&self, number: u64, end: End) {
        let flows = if end == End::Success { &self.success } else { &self.failure };
        let Flow { workflow, store } =
            &flows[usize::try_from(number % FLOWS).expect("it is small")];
        let is_whole = matches!(self.kind, Kind::Whole | Kind::Named);
        if is_whole {
            store.put(INPUT, number).expect("it takes it");
        }
        let token = CancellationToken::disabled();
        let ended = if self.kind == Kind::Named {
            let workflow = workflow.clone().with_workflow_id(format!("order:{number}"));
            workflow.orchestrate(State::Reserve, token).await
        } else {
            workflow.orchestrate(State::Reserve, token).await
        };
        match end {
            End::Success => assert_eq!(ended.ok(), Some(State::Done)),
            End::Undone => assert!(ended.is_err()),
        }
        if is_whole && end == End::Success {
            assert_eq!(store.get::<u64>("ship").ok(), Some(number));
        }
    }
}
