//! What is staged, relayed and handled.

use std::future::pending;
use std::sync::Arc;

use strangler_fig::event::{
    EventConsumer, EventEnvelope, EventId, EventPayload, EventSubscriber, Message, Outbox,
    OutboxRelay, SubscriptionLimits, handler_fn,
};
use strangler_fig::memory::{InMemoryBus, InMemoryOutbox};
use strangler_fig::observe::TraceContext;
use strangler_fig::phase::{Incarnation, NodeId};
use tokio::sync::Notify;
use tracing::{Instrument, info_span};

use super::world::{World, is_child, is_linked_root, traceparent};

const FOREIGN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn event() -> EventEnvelope {
    let [source, kind, key] = ["/shop/orders", "order.created", "order-4711"];
    EventEnvelope::new(
        EventId::random().unwrap(),
        source.parse().unwrap(),
        kind.parse().unwrap(),
        key.parse().unwrap(),
        EventPayload::default(),
    )
}

fn addressed(event: EventEnvelope) -> Message {
    event.to("shop.orders".parse().unwrap())
}

async fn staged(outbox: &InMemoryOutbox, event: EventEnvelope) {
    let mut transaction = outbox.begin();
    outbox.stage(&mut transaction, &[addressed(event)]).await.unwrap();
    transaction.commit().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_event_that_says_nothing_is_in_the_trace_it_was_staged_in() {
    let world = World::new();
    let message = info_span!("caller").in_scope(|| addressed(event()));
    let told = message.event.traceparent.unwrap();
    assert_eq!(told.as_str(), traceparent(&world.span("caller")));
    assert_eq!(addressed(event()).event.traceparent, None, "nothing is current");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_says_in_whose_trace_it_is_stays_in_it() {
    let _world = World::new();
    let named = event().with_traceparent(FOREIGN.parse().unwrap());
    let message = info_span!("caller").in_scope(|| addressed(named));
    assert_eq!(message.event.traceparent.unwrap().as_str(), FOREIGN);
}

#[tokio::test(start_paused = true)]
async fn relay_and_handler_are_traces_of_their_own_linked_to_where_the_event_was_staged() {
    let world = World::new();
    let (outbox, bus) = (InMemoryOutbox::default(), InMemoryBus::default());
    let (name, topic) = ("billing".parse().unwrap(), "shop.orders".parse().unwrap());
    bus.subscribe(&name, &[topic], SubscriptionLimits::default()).await.unwrap();
    staged(&outbox, event()).instrument(info_span!("caller")).await;
    // Whoever relays and consumes does it in a span of its own.
    let process = info_span!("process");
    let node =
        NodeId { name: "shop-1".parse().unwrap(), incarnation: Incarnation::random().unwrap() };
    let relay = OutboxRelay::new(Arc::new(outbox), Arc::new(bus.clone()), node);
    relay.drain(pending()).instrument(process.clone()).await.unwrap();
    let done = Arc::new(Notify::new());
    let handler = {
        let done = done.clone();
        handler_fn(move |_, _| {
            let done = done.clone();
            async move {
                info_span!("effect").in_scope(|| assert!(TraceContext::current().is_some()));
                done.notify_one();
                Ok(())
            }
        })
    };
    let topics = vec!["shop.orders".parse().unwrap()];
    let consumer = EventConsumer::new(Arc::new(bus), name, topics, Arc::new(handler));
    consumer.run(done.notified()).instrument(process).await.unwrap();
    let caller = world.span("caller");
    let (relay, handle) = (world.span("strangler.relay"), world.span("strangler.handle"));
    assert!(is_linked_root(&relay, &caller), "{relay:?}");
    assert!(is_linked_root(&handle, &caller), "{handle:?}");
    assert!(is_child(&world.span("effect"), &handle));
}
