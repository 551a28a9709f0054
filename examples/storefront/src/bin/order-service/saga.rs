use std::sync::Arc;
use std::time::Duration;

use adapters::rabbitmq::RabbitmqBus;
use storefront::Failed;
use storefront::orders::{
    ACCEPT_ORDER, CANCEL_ORDER, CONFIRM_ORDER, Mailbox, ORDER_CREATED, Order, PROCESS_PAYMENT,
    REFUND_PAYMENT, RELEASE_INVENTORY, RESERVE_INVENTORY,
};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    CommandChannel, CommandStep, EventContext, EventEnvelope, EventHandler, ReplyReceiver,
};
use strangler_fig::resilience::Exponential;
use strangler_fig::saga::{
    SagaBuilder, SagaConfig, SagaDefinition, SagaOrchestrator, StepPolicy, Wire,
};

type Command = CommandStep<Order, ()>;

/// So long stand the sagas of a runner still that was killed.
const TERM: Duration = Duration::from_secs(3);
/// After that a command is sent again.
const ANSWER: Duration = Duration::from_secs(3);
/// So often, before an order is cancelled: some minutes.
const ATTEMPTS: u32 = 60;
/// So often where there is no other way: hours.
const ATTEMPTS_TO_THE_END: u32 = 5_000;

/// The steps, each a command to a service.
pub(crate) fn definition(
    bus: &Arc<RabbitmqBus>,
    replies: &ReplyReceiver,
) -> Result<SagaDefinition<Order, ()>, Failed> {
    let channel = |to: Mailbox| {
        let (commands, reply_to) = (to.topic(), Mailbox::Replies.topic());
        CommandChannel::new(bus.clone(), replies.clone(), commands, reply_to)
    };
    let orders = channel(Mailbox::OrderCommands);
    let (stock, payments) = (channel(Mailbox::StockCommands), channel(Mailbox::PaymentCommands));
    let accept: Command = orders.step(ACCEPT_ORDER.parse()?).undone_by(CANCEL_ORDER.parse()?);
    let reserve: Command =
        stock.step(RESERVE_INVENTORY.parse()?).undone_by(RELEASE_INVENTORY.parse()?);
    let pay: Command = payments.step(PROCESS_PAYMENT.parse()?).undone_by(REFUND_PAYMENT.parse()?);
    let confirm: Command = orders.step(CONFIRM_ORDER.parse()?).never_undone();

    let mut saga = SagaBuilder::<Order>::new("order", 1);
    let order = saga.input();
    // An order that was never accepted cannot be cancelled either; and one that is paid is confirmed.
    let accepted = saga.step_with("accept", accept, order, patient(ATTEMPTS_TO_THE_END));
    let reserved = saga.step_with("reserve", reserve, order.after(accepted), patient(ATTEMPTS));
    let paid = saga.step_with("pay", pay, order.after(reserved), patient(ATTEMPTS));
    let confirmed =
        saga.step_with("confirm", confirm, order.after(paid), patient(ATTEMPTS_TO_THE_END));
    saga.pivot(confirmed);
    Ok(saga.build(confirmed)?)
}

fn patient(attempts: u32) -> StepPolicy {
    let pauses = Exponential::between(Duration::from_millis(50), Duration::from_secs(1));
    StepPolicy::default()
        .with_timeout(ANSWER)
        .with_retry(pauses.clone().with_count(attempts))
        .with_compensation_retry(pauses.with_count(ATTEMPTS_TO_THE_END))
}

/// How often a runner looks for what others have left, and for how long what it runs stays its own.
pub(crate) fn config() -> SagaConfig {
    SagaConfig::default().with_term(TERM).with_poll_interval(TERM / 6)
}

/// Starts a saga for each order that was created: the same one, however often the event comes.
#[derive(Debug)]
pub(crate) struct Starts {
    pub(crate) sagas: SagaOrchestrator,
    pub(crate) saga: Arc<SagaDefinition<Order, ()>>,
}

#[async_trait]
impl EventHandler for Starts {
    async fn handle(&self, event: &EventEnvelope, _: &EventContext<'_>) -> Result<(), StoreError> {
        if event.event_type.as_str() != ORDER_CREATED {
            return Ok(());
        }
        let json = event.payload.as_json().ok_or_else(|| StoreError::rejected("it is no order"))?;
        let order: Order = json.read().map_err(StoreError::rejected)?;
        let id = order.saga().map_err(StoreError::rejected)?;
        let started = self.sagas.start(&self.saga, id, order).await;
        started.map(drop).map_err(|error| {
            if error.is_retryable() {
                StoreError::unavailable(error)
            } else {
                StoreError::rejected(error)
            }
        })
    }
}
