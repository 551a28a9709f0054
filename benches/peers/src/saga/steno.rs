//! steno's sagas, on the store of its own that keeps nothing.

use std::sync::Arc;

use steno::{
    ActionContext, ActionError, ActionFunc, ActionRegistry, DagBuilder, InMemorySecStore, Node,
    SagaDag, SagaId, SagaName, SagaType, SecClient, SecStore, UndoResult,
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

async fn refuse(_: ActionContext<NoOp>) -> Result<u64, ActionError> {
    Err(ActionError::action_failed("out of stock".to_owned()))
}

async fn undo(_: ActionContext<NoOp>) -> UndoResult {
    Ok(())
}

/// A kind of saga.
pub(crate) struct Kind {
    dag: Arc<SagaDag>,
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
        let dag = builder.build().expect("it can be meant");
        let mut registry = ActionRegistry::new();
        registry.register(done);
        registry.register(refused);
        let dag = Arc::new(SagaDag::new(dag, serde_json::Value::Null));
        Self { dag, registry: Arc::new(registry) }
    }

    /// Runs one, and answers whether every step was done.
    pub(crate) async fn run(&self, sec: &SecClient) -> bool {
        let id = SagaId::new_v4();
        let (dag, registry) = (Arc::clone(&self.dag), Arc::clone(&self.registry));
        let saga = sec.saga_create(id, Arc::new(()), dag, registry).await.expect("it is created");
        sec.saga_start(id).await.expect("it starts");
        saga.await.kind.is_ok()
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
        let kind = |end| Kind::new([1; 4], end);
        Self { success: kind(End::Success), failure: kind(End::Undone), sec: None }
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

    async fn run(&self, _: u64, end: End) {
        let sec = self.sec.as_ref().expect("it is renewed before");
        let kind = if end == End::Success { &self.success } else { &self.failure };
        assert_eq!(kind.run(sec).await, end == End::Success);
    }
}
