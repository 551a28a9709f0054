use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::time::{Instant, sleep, timeout};
use tracing::{Instrument, info_span};

use super::EventConsumer;
use super::decide::{Next, Tried, after};
use crate::error::{StoreError, StoreErrorKind};
use crate::event::{Delivery, EventEnvelope, EventSubscription, Settlement, Topic};
use crate::observe::{Event, field, span};

/// A delivery, and how often it was tried here.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) delivery: Arc<Delivery>,
    pub(super) tries: u32,
}

/// What came of an attempt.
#[derive(Debug)]
pub(super) struct Attempted {
    pub(super) next: Next,
    /// Whether the bus has taken the settlement; if not, it holds the delivery no more and makes it again.
    pub(super) is_settled: bool,
}

/// Handles a delivery, and settles it if that is its end.
pub(super) async fn attempt(
    consumer: &EventConsumer,
    subscription: &dyn EventSubscription,
    held: &Held,
) -> Attempted {
    let (delivery, began) = (&*held.delivery, Instant::now());
    let tried = tried(consumer, delivery).await;
    let next = after(&tried, held.tries.saturating_add(1), consumer.config.attempts_max);
    if let Some(observer) = &consumer.config.observer {
        let attempt = delivery.attempt.get().saturating_add(held.tries);
        let (outcome, duration) = (next.outcome(), began.elapsed());
        observer.on_event(&Event::EventHandled { outcome, attempt, duration });
    }
    let is_settled = match &next {
        Next::Settle(settlement) => settled(consumer, subscription, delivery, settlement).await,
        Next::Retry { .. } => false,
    };
    Attempted { next, is_settled }
}

async fn tried(consumer: &EventConsumer, delivery: &Delivery) -> Tried {
    match &delivery.event {
        Ok(event) => {
            let trace = event.traceparent.as_ref().map(tracing::field::display);
            let span = info_span!(
                span::HANDLE,
                { field::CONSUMER } = %consumer.name,
                { field::TOPIC } = %delivery.topic,
                { field::TRACEPARENT } = trace,
            );
            match &consumer.upcasters {
                None => handled(consumer, &delivery.topic, event).instrument(span).await,
                Some(upcasters) => match upcasters.upcast(event.clone()) {
                    Ok(event) => handled(consumer, &delivery.topic, &event).instrument(span).await,
                    Err(error) => Tried::NotRead(error),
                },
            }
        }
        Err(error) => Tried::Unreadable(error.clone()),
    }
}

async fn handled(consumer: &EventConsumer, topic: &Topic, event: &EventEnvelope) -> Tried {
    let deadline = consumer.config.deadline;
    let call = AssertUnwindSafe(async { consumer.handler.handle(topic, event).await });
    match timeout(deadline, call.catch_unwind()).await {
        Ok(Ok(Ok(()))) => Tried::Handled,
        Ok(Ok(Err(error))) => Tried::Failed(error),
        Ok(Err(_panic)) => Tried::Panicked,
        Err(_) => Tried::TimedOut(deadline),
    }
}

/// Settles until the bus has taken it, or says that the delivery is not held here any more. Until then its key waits:
/// what is not settled comes again, and before later ones.
async fn settled(
    consumer: &EventConsumer,
    subscription: &dyn EventSubscription,
    delivery: &Delivery,
    settlement: &Settlement,
) -> bool {
    for failures in 0.. {
        let call = subscription.settle(delivery.receipt, settlement);
        let late = || StoreError::unknown("the bus has not answered in time");
        let answer = timeout(at_least(consumer.config.deadline), call).await;
        match answer.unwrap_or_else(|_| Err(late())) {
            Ok(()) => break,
            Err(error) if error.kind() == StoreErrorKind::Conflict => return false,
            Err(error) => {
                tracing::warn!(%error, "a delivery is not settled yet");
                sleep(consumer.config.pauses.delay(failures)).await;
            }
        }
    }
    true
}

/// A call with no time at all could never be made.
fn at_least(deadline: Duration) -> Duration {
    deadline.max(Duration::from_secs(1))
}
