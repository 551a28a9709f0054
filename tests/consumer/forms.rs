//! Events of old forms, and of newer ones.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strangler_fig::event::{
    EventConsumer, EventEnvelope, EventPayload, EventType, UpcastError, Upcasters, handler_fn,
};

use super::world::{
    Scripted, bus_with, config, consumer, event, name, run_for, run_until_empty, topic,
};

const NEWEST: NonZeroU32 = NonZeroU32::new(2).unwrap();

fn changed() -> EventType {
    "order.changed".parse().unwrap()
}

fn upcasters() -> Arc<Upcasters> {
    let reads = Upcasters::default().reads(changed(), NEWEST);
    Arc::new(reads.with_json_step(changed(), NonZeroU32::MIN, |n| match n.as_u64() {
        Some(3) => Err("three is no order".into()),
        _ => Ok(serde_json::json!({ "n": n })),
    }))
}

#[tokio::test(start_paused = true)]
async fn an_event_of_an_old_form_is_handled_in_the_one_that_is_read() {
    let bus = bus_with(&[event("pears", 1).to(topic())]).await;
    let seen = Arc::new(Mutex::new(Vec::<EventEnvelope>::new()));
    let handler = handler_fn({
        let seen = Arc::clone(&seen);
        move |event, _| {
            seen.lock().unwrap().push(event);
            std::future::ready(Ok(()))
        }
    });
    let consumer =
        EventConsumer::new(Arc::new(bus.clone()), name(), vec![topic()], Arc::new(handler))
            .with_config(config())
            .with_upcasters(upcasters());
    run_until_empty(&consumer, &bus).await;
    let seen = seen.lock().unwrap();
    let payload = EventPayload::json(&serde_json::json!({ "n": 1 })).unwrap();
    assert_eq!((seen.len(), seen[0].version, &seen[0].payload), (1, NEWEST, &payload));
}

/// It was sent by somebody who was deployed first, and its key waits for who can read it.
#[tokio::test(start_paused = true)]
async fn an_event_of_a_newer_form_waits_and_is_never_given_up() {
    let newer = event("pears", 1).with_version(NEWEST.saturating_add(1));
    let bus = bus_with(&[newer.to(topic()), event("pears", 2).to(topic())]).await;
    let handler = Scripted::default();
    let config = config().with_attempts_max(NonZeroU32::MIN);
    let old = consumer(bus.clone(), &handler).with_config(config).with_upcasters(upcasters());
    let report = run_for(&old, Duration::from_secs(100)).await;
    assert_eq!((report.retried, report.dead_lettered, report.given_back), (4, 0, 2), "each 30 s");
    let new = consumer(bus.clone(), &handler);
    run_until_empty(&new, &bus).await;
    assert_eq!(handler.handled(), ["pears-1", "pears-2"]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_no_step_can_bring_on_is_given_up_with_the_reason() {
    let bus = bus_with(&[event("pears", 3).to(topic()), event("pears", 4).to(topic())]).await;
    let handler = Scripted::default();
    let consumer = consumer(bus.clone(), &handler).with_upcasters(upcasters());
    let report = run_until_empty(&consumer, &bus).await;
    assert_eq!((report.dead_lettered, report.acknowledged), (1, 1));
    let dead = bus.dead_letters(&name());
    assert!(dead[0].reason.contains("three is no order"), "{}", dead[0].reason);
    let error = upcasters().upcast(event("pears", 3)).unwrap_err();
    assert!(matches!(error, UpcastError::Failed { .. }));
}
