use std::sync::Arc;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    CommandChannel, CommandStep, EventContext, EventEnvelope, EventHandler, ReplyReceiver,
};
use strangler_fig::resilience::Exponential;
use strangler_fig::saga::{
    SagaBuilder, SagaConfig, SagaDefinition, SagaOrchestrator, StepPolicy, Wire,
};

use crate::Failed;
use crate::books::Order;
use crate::service::{COMMANDS, REPLIES, Site, shared};

type Command = CommandStep<Order, ()>;

/// The steps, each a command to a service.
pub(crate) fn order_saga(
    site: &Site,
    replies: &ReplyReceiver,
) -> Result<SagaDefinition<Order, ()>, Failed> {
    let channel = |at: usize| -> Result<CommandChannel, Failed> {
        let (commands, reply_to) = (COMMANDS[at].parse()?, REPLIES.parse()?);
        Ok(CommandChannel::new(shared(&site.bus), replies.clone(), commands, reply_to))
    };
    let (orders, stock, bank) = (channel(0)?, channel(1)?, channel(2)?);
    let accept: Command = orders.step("AcceptOrder".parse()?).undone_by("CancelOrder".parse()?);
    let reserve: Command =
        stock.step("ReserveInventory".parse()?).undone_by("ReleaseInventory".parse()?);
    let pay: Command = bank.step("ProcessPayment".parse()?).undone_by("RefundPayment".parse()?);
    let confirm: Command = orders.step("ConfirmOrder".parse()?).never_undone();

    let pauses = |count| {
        let (first, last) = (Duration::from_millis(20), Duration::from_millis(200));
        Exponential::between(first, last).with_count(count)
    };
    let patient = || {
        let policy = StepPolicy::default().with_timeout(Duration::from_millis(500));
        policy.with_retry(pauses(50)).with_compensation_retry(pauses(500))
    };
    let mut saga = SagaBuilder::<Order>::new("order", 1);
    let order = saga.input();
    let accepted = saga.step_with("accept", accept, order, patient());
    let reserved = saga.step_with("reserve", reserve, order.after(accepted), patient());
    let paid = saga.step_with("pay", pay, order.after(reserved), patient());
    let confirmed = saga.step_with("confirm", confirm, order.after(paid), patient());
    saga.pivot(confirmed);
    Ok(saga.build(confirmed)?)
}

/// How often a runner looks for what others have left, and for how long what it runs stays its own.
pub(crate) fn config() -> SagaConfig {
    let term = Duration::from_millis(400);
    SagaConfig::default().with_term(term).with_poll_interval(term / 4)
}

/// Starts a saga for each order that was created: the same one, however often the event comes.
#[derive(Debug)]
pub(crate) struct Starts {
    pub(crate) orchestrator: SagaOrchestrator,
    pub(crate) saga: Arc<SagaDefinition<Order, ()>>,
}

#[async_trait]
impl EventHandler for Starts {
    async fn handle(&self, event: &EventEnvelope, _: &EventContext<'_>) -> Result<(), StoreError> {
        let json = event.payload.as_json().ok_or_else(|| StoreError::rejected("it is no order"))?;
        let order: Order = json.read().map_err(StoreError::rejected)?;
        let id = format!("order:{}", order.number).parse().map_err(StoreError::rejected)?;
        let started = self.orchestrator.start(&self.saga, id, order).await;
        started.map(drop).map_err(StoreError::unavailable)
    }
}
