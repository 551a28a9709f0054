use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::Arc;

use tokio::time::{Instant, sleep};
use tracing::{Instrument, info_span};

use super::EventConsumer;
use super::config::PAUSE_MIN;
use super::decide::{Next, Tried, after};
use crate::error::StoreErrorKind;
use crate::event::in_time::{Cut, answered, in_time};
use crate::event::{Delivery, EventContext, EventEnvelope, EventSubscription, Settlement};
use crate::observe::{Event, field, link, span};

/// A delivery, and how often it was tried here.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) delivery: Arc<Delivery>,
    pub(super) tries: u32,
    /// Which attempt that was, when it came first.
    pub(super) first: NonZeroU32,
}

impl Held {
    /// Which attempt the next one is.
    fn attempt(&self) -> NonZeroU32 {
        self.first.saturating_add(self.tries)
    }
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
    let tried = tried(consumer, held).await;
    let next = after(&tried, held.tries.saturating_add(1), consumer.config.attempts_max);
    if let Some(observer) = &consumer.config.observer {
        let attempt = held.attempt().get();
        let (outcome, duration) = (next.outcome(), began.elapsed());
        observer.on_event(&Event::EventHandled { outcome, attempt, duration });
    }
    let is_settled = match next.settlement() {
        Some(settlement) => settled(consumer, subscription, delivery, &settlement).await,
        None => false,
    };
    Attempted { next, is_settled }
}

async fn tried(consumer: &EventConsumer, held: &Held) -> Tried {
    let delivery = &*held.delivery;
    let event = match &delivery.event {
        Ok(event) => event,
        Err(error) => return Tried::Unreadable(error.clone()),
    };
    let trace = event.traceparent.as_ref().map(tracing::field::display);
    let span = info_span!(
        parent: None,
        span::HANDLE,
        { field::CONSUMER } = %consumer.name,
        { field::TOPIC } = %delivery.topic,
        { field::TRACEPARENT } = trace
    );
    if let Some(cause) = &event.traceparent {
        link(&span, cause.as_str());
    }
    let deadline = consumer.config.deadline;
    let context = EventContext::new(&delivery.topic, &consumer.name).with_attempt(held.attempt());
    let call = handled(consumer, event, &context).instrument(span);
    in_time(deadline, call).await.unwrap_or_else(|cut| match cut {
        Cut::Panicked => Tried::Panicked,
        Cut::TimedOut => Tried::TimedOut(deadline),
    })
}

async fn handled(
    consumer: &EventConsumer,
    event: &EventEnvelope,
    context: &EventContext<'_>,
) -> Tried {
    let read = match &consumer.upcasters {
        None => Cow::Borrowed(event),
        Some(upcasters) => match upcasters.upcast(event.clone()) {
            Ok(event) => Cow::Owned(event),
            Err(error) => return Tried::NotRead(error),
        },
    };
    match consumer.handler.handle(&read, context).await {
        Ok(()) => Tried::Handled,
        Err(error) => Tried::Failed(error),
    }
}

/// Settles until the bus has taken it, or says that the delivery is not held here any more. Until then its key waits:
/// what is not settled comes again, and before later ones.
pub(super) async fn settled(
    consumer: &EventConsumer,
    subscription: &dyn EventSubscription,
    delivery: &Delivery,
    settlement: &Settlement,
) -> bool {
    for failures in 0.. {
        let call = async { subscription.settle(delivery.receipt, settlement).await };
        match answered("the bus", consumer.config.bus_deadline, call).await {
            Ok(()) => break,
            Err(error) if error.kind() == StoreErrorKind::Conflict => return false,
            Err(error) => {
                tracing::warn!({ field::ERROR } = %error, "a delivery is not settled yet");
                sleep(consumer.config.pauses.delay(failures).max(PAUSE_MIN)).await;
            }
        }
    }
    true
}
