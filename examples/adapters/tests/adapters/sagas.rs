//! Two runners on one journal, one of which dies in the middle of its sagas: the
//! other goes on with them, and each effect is had once.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use adapters::customer::Customer;
use strangler_fig::error::StoreError;
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::repository::{Access, TransactionalRepository};
use strangler_fig::resilience::Exponential;
use strangler_fig::saga::{
    BarrierCall, Conclusion, Effect, OnUnknown, Payload, SagaBarrier, SagaBuilder, SagaConfig,
    SagaDefinition, SagaId, SagaJournal, SagaOrchestrator, SagaStep, StepContext, StepError,
    StepPolicy, Verdict,
};
use strangler_fig::testkit::conformance::async_trait;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

const SAGAS: u32 = 20;
const STEPS: [&str; 3] = ["reserve", "charge", "ship"];

/// What a runner works with: connections of its own.
pub(crate) struct Site<C, B> {
    pub(crate) journal: Arc<dyn SagaJournal>,
    /// Where effects are had.
    pub(crate) customers: C,
    pub(crate) barrier: B,
}

/// Customers of which an effect can be had.
pub(crate) trait Customers:
    TransactionalRepository<Key = Vec<u8>, Entity = Customer> + Clone
{
}

impl<C: TransactionalRepository<Key = Vec<u8>, Entity = Customer> + Clone> Customers for C {}

/// A step that counts in a row of its own how often it was executed, and how
/// often undone.
struct Counted<C, B> {
    customers: C,
    barrier: B,
    begun: Arc<AtomicU32>,
    begun_max: u32,
}

impl<C, B> fmt::Debug for Counted<C, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counted")
    }
}

/// Whether an order turns back at its last step.
const fn is_sold_out(order: u32) -> bool {
    order.is_multiple_of(4)
}

fn key(saga: &SagaId, step: &str) -> Vec<u8> {
    format!("{saga}/{step}").into_bytes()
}

fn nobody(id: Vec<u8>) -> Customer {
    Customer {
        id,
        name: "an effect".to_owned(),
        email: None,
        balance: 0,
        joined: 0,
        visits: 0,
        is_active: true,
        seal: None,
    }
}

impl<C: Customers, B: SagaBarrier<Transaction = C::Transaction>> Counted<C, B> {
    /// Makes a call once: the effect, what the barrier has seen, and the answer
    /// are committed together.
    async fn once(
        &self,
        context: &StepContext,
        output: Option<&Payload>,
        change: impl Fn(&mut Customer) + Send,
    ) -> Result<Verdict, StoreError> {
        let (call, id) = (BarrierCall::of(context), key(context.saga(), context.step().as_str()));
        let mut open = self.customers.begin(Access::Write).await?;
        let verdict = self.barrier.enter(&mut open, &call).await?;
        if verdict == Verdict::Run {
            let found = self.customers.find_in(&mut open, &id).await?;
            let mut customer = found.unwrap_or_else(|| nobody(id));
            change(&mut customer);
            sleep(Duration::from_millis(10)).await;
            self.customers.save_in(&mut open, &customer).await?;
            if let Some(output) = output {
                self.barrier.record(&mut open, &call, output).await?;
            }
        }
        self.customers.commit(open).await?;
        sleep(Duration::from_millis(10)).await;
        Ok(verdict)
    }
}

#[async_trait]
impl<C, B> SagaStep for Counted<C, B>
where
    C: Customers,
    B: SagaBarrier<Transaction = C::Transaction>,
{
    type Input = u32;
    type Output = u32;

    async fn execute(&self, input: &u32, context: &StepContext) -> Result<u32, StepError> {
        if self.begun.fetch_add(1, Ordering::SeqCst) >= self.begun_max {
            std::future::pending::<()>().await;
        }
        if context.step().as_str() == "ship" && is_sold_out(*input) {
            return Err(StepError::rejected("sold out"));
        }
        let output = Payload::of(input).map_err(StepError::rejected)?;
        let count = |customer: &mut Customer| customer.visits += 1;
        match self.once(context, Some(&output), count).await? {
            Verdict::Run => Ok(*input),
            Verdict::Duplicate(Some(output)) => output.read().map_err(StepError::rejected),
            other => Err(StepError::rejected(format!("{other:?}"))),
        }
    }

    async fn compensate(
        &self,
        _: &u32,
        _: Effect<u32>,
        context: &StepContext,
    ) -> Result<(), StepError> {
        let count = |customer: &mut Customer| customer.balance += 1;
        self.once(context, None, count).await?;
        Ok(())
    }
}

impl<C: Customers, B: SagaBarrier<Transaction = C::Transaction> + Clone> Site<C, B> {
    /// Steps are counted as they begin, and hang beyond `begun_max`.
    fn checkout(&self, begun: &Arc<AtomicU32>, begun_max: u32) -> SagaDefinition<u32, u32> {
        let soon = Exponential::between(Duration::from_millis(5), Duration::from_millis(200));
        // Behind a barrier, what is in doubt is simply done again.
        let policy =
            StepPolicy::default().with_retry(soon.with_count(30)).on_unknown(OnUnknown::Retry);
        let mut saga = SagaBuilder::new("checkout", 1);
        let mut last = saga.input();
        for name in STEPS {
            let (customers, barrier) = (self.customers.clone(), self.barrier.clone());
            let step = Counted { customers, barrier, begun: Arc::clone(begun), begun_max };
            last = saga.step_with(name, step, last, policy.clone());
        }
        saga.build(last).expect("the saga is sound")
    }

    fn orchestrator(&self, n: u32) -> SagaOrchestrator {
        let config = SagaConfig::default()
            .with_term(Duration::from_millis(1_500))
            .with_poll_interval(Duration::from_millis(100));
        let name = format!("node-{n}").parse().expect("it is a name");
        let runner = NodeId { name, incarnation: Incarnation::fixed(n.into()) };
        SagaOrchestrator::with_runner(Arc::clone(&self.journal), runner, config)
    }

    /// How often a step was executed, and how often undone.
    async fn effect(&self, saga: &SagaId, step: &str) -> (i64, i64) {
        let found = self.customers.find(&key(saga, step)).await.expect("the store is there");
        found.map_or((0, 0), |customer| (customer.visits, customer.balance))
    }
}

fn id(n: u32) -> SagaId {
    format!("order:{n}").parse().expect("it is an id")
}

/// Starts sagas on both sites in turn, ends the first in the middle, and looks at
/// what has come of them.
pub(crate) async fn outlive<C, B>(doomed: Site<C, B>, other: Site<C, B>)
where
    C: Customers,
    B: SagaBarrier<Transaction = C::Transaction> + Clone,
{
    let begun = Arc::new(AtomicU32::new(0));
    let runtime = Runtime::new().expect("a runtime");
    // Some of its sagas are not over when it ends, however late that is.
    let checkout = doomed.checkout(&begun, SAGAS);
    let started = runtime.spawn(async move {
        let orchestrator = doomed.orchestrator(1);
        let worker = orchestrator.clone();
        tokio::spawn(async move { worker.run(std::future::pending()).await });
        for n in (0..SAGAS).filter(|n| n % 2 == 0) {
            orchestrator.start(&checkout, id(n), n).await.expect("it begins");
        }
    });

    let orchestrator = other.orchestrator(2);
    let checkout = other.checkout(&Arc::default(), u32::MAX);
    orchestrator.register(&checkout);
    let worker = orchestrator.clone();
    let worker = tokio::spawn(async move { worker.run(std::future::pending()).await });
    for n in (0..SAGAS).filter(|n| n % 2 == 1) {
        orchestrator.start(&checkout, id(n), n).await.expect("it begins");
    }

    started.await.expect("all of them begin");
    while begun.load(Ordering::SeqCst) < SAGAS * 3 / 4 {
        sleep(Duration::from_millis(1)).await;
    }
    runtime.shutdown_background();
    let all_done = async {
        let mut taken_over = 0;
        for n in 0..SAGAS {
            let handle = orchestrator.find(&checkout, id(n)).await.expect("it began");
            let conclusion = handle.wait().await.expect("the journal is there");
            let is_right = match conclusion {
                Conclusion::RolledBack(_) => is_sold_out(n),
                Conclusion::Committed(output) => !is_sold_out(n) && output == n,
                _ => false,
            };
            assert!(is_right, "saga {n}: {conclusion:?}");
            let record = orchestrator.inspect(&id(n)).await.expect("the journal is there");
            taken_over += u32::from(record.header.epoch > 1);
        }
        taken_over
    };
    let taken_over = timeout(Duration::from_mins(1), all_done).await.expect("all are finished");
    assert!(taken_over > 0, "the other died before its sagas were over");
    worker.abort();
    for n in 0..SAGAS {
        for step in STEPS {
            let expected = match (is_sold_out(n), step) {
                (false, _) => (1, 0),
                (true, "ship") => (0, 0),
                (true, _) => (1, 1),
            };
            assert_eq!(other.effect(&id(n), step).await, expected, "{step} of saga {n}");
        }
    }
}
