//! steno's sagas, on the store of its own that keeps nothing.

use std::sync::Arc;

use steno::{
    Action, ActionContext, ActionError, ActionFunc, ActionRegistry, Dag, DagBuilder,
    InMemorySecStore, Node, SagaDag, SagaId, SagaName, SagaType, SecClient, SecStore, UndoResult,
};

use super::engine::{End, Engine};

pub(crate) const NAME: &str = "steno";

/// No context.
#[derive(Debug)]
pub(crate) struct NoOp;

impl SagaType for NoOp {
    type ExecContextType = ();
}

async fn execute(_: ActionContext<NoOp>) -> Result<u64, ActionError> {
    Ok(1)
}

fn refused() -> ActionError {
    ActionError::action_failed("out of stock".to_owned())
}

async fn refuse(_: ActionContext<NoOp>) -> Result<u64, ActionError> {
    Err(refused())
}

async fn first(context: ActionContext<NoOp>) -> Result<u64, ActionError> {
    context.saga_params()
}

async fn second(context: ActionContext<NoOp>) -> Result<u64, ActionError> {
    context.lookup("step-0")
}

async fn third(context: ActionContext<NoOp>) -> Result<u64, ActionError> {
    context.lookup("step-1")
}

async fn last(context: ActionContext<NoOp>) -> Result<u64, ActionError> {
    context.lookup("step-2")
}

async fn last_refused(context: ActionContext<NoOp>) -> Result<u64, ActionError> {
    context.lookup::<u64>("step-2")?;
    Err(refused())
}

async fn undo(_: ActionContext<NoOp>) -> UndoResult {
    Ok(())
}

/// A kind of saga.
pub(crate) struct Kind {
    dag: Dag,
    registry: Arc<ActionRegistry<NoOp>>,
}

impl Kind {
    /// Stages of so many nodes, each of which needs all of the stage before; the very last
    /// node fails or does not.
    pub(crate) fn new(stages: impl IntoIterator<Item = usize>, end: End) -> Self {
        let done = ActionFunc::new_action("done", execute, undo);
        let refused = ActionFunc::new_action("refused", refuse, undo);
        let mut names = 0..;
        let mut stages = stages.into_iter().peekable();
        let mut builder = DagBuilder::new(SagaName::new("checkout"));
        while let Some(stage) = stages.next() {
            let is_refused = end == End::Undone && stages.peek().is_none();
            let action = if is_refused { &refused } else { &done };
            let nodes = names.by_ref().take(stage);
            let node = |at: i32| Node::action(format!("step-{at}"), "step", action.as_ref());
            builder.append_parallel(nodes.map(node).collect());
        }
        Self::of(builder, [done, refused])
    }

    /// Four steps in a line that hand the input on, the last of which fails or does not.
    fn four(end: End) -> Self {
        let last = match end {
            End::Success => ActionFunc::new_action("ship", last, undo),
            End::Undone => ActionFunc::new_action("ship", last_refused, undo),
        };
        let actions = [
            ActionFunc::new_action("reserve", first, undo),
            ActionFunc::new_action("charge", second, undo),
            ActionFunc::new_action("pack", third, undo),
            last,
        ];
        let mut builder = DagBuilder::new(SagaName::new("checkout"));
        for (at, action) in actions.iter().enumerate() {
            builder.append(Node::action(format!("step-{at}"), "step", action.as_ref()));
        }
        Self::of(builder, actions)
    }

    fn of(builder: DagBuilder, actions: impl IntoIterator<Item = Arc<dyn Action<NoOp>>>) -> Self {
        let mut registry = ActionRegistry::new();
        actions.into_iter().for_each(|action| registry.register(action));
        let dag = builder.build().expect("it can be meant");
        Self { dag, registry: Arc::new(registry) }
    }

    /// Runs one, and answers what its last step hands on, if every step was done.
    pub(crate) async fn run(&self, sec: &SecClient, input: u64) -> Option<u64> {
        let id = SagaId::new_v4();
        let dag = Arc::new(SagaDag::new(self.dag.clone(), input.into()));
        let registry = Arc::clone(&self.registry);
        let saga = sec.saga_create(id, Arc::new(()), dag, registry).await.expect("it is created");
        sec.saga_start(id).await.expect("it starts");
        let done = saga.await.kind.ok()?;
        Some(done.saga_output().expect("it is a number"))
    }
}

/// A runner, on a store.
pub(crate) fn runner(store: Arc<dyn SecStore>) -> SecClient {
    steno::sec(slog::Logger::root(slog::Discard, slog::o!()), store)
}

pub(crate) struct Steno {
    success: Kind,
    failure: Kind,
    sec: Option<SecClient>,
}

impl Default for Steno {
    fn default() -> Self {
        Self { success: Kind::four(End::Success), failure: Kind::four(End::Undone), sec: None }
    }
}

impl Engine for Steno {
    fn name(&self) -> &'static str {
        NAME
    }

    /// It keeps every saga until it is shut down.
    async fn renew(&mut self) {
        let sec = runner(Arc::new(InMemorySecStore::new()));
        if let Some(former) = self.sec.replace(sec) {
            former.shutdown().await;
        }
    }

    async fn run(&self, number: u64, end: End) {
        let sec = self.sec.as_ref().expect("it is renewed before");
        let kind = if end == End::Success { &self.success } else { &self.failure };
        assert_eq!(kind.run(sec, number).await, (end == End::Success).then_some(number));
    }
}
