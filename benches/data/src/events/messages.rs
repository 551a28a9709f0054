//! The messages: orders that change, some 300 bytes each.

use std::collections::BTreeMap;

use strangler_fig::event::{EventEnvelope, EventPayload, Message, SubscriptionName, Topic};

use crate::error::Failure;

/// Of how many orders.
const KEYS: u64 = 10_000;

/// How many go at once, in a transaction and to the broker.
pub(crate) const BATCH: u64 = 500;

/// How many batches are on their way at once, as many as a relay has groups of lanes.
pub(crate) const AT_ONCE: u64 = 4;

pub(crate) fn topic() -> Result<Topic, Failure> {
    Ok("orders".parse()?)
}

pub(crate) fn subscription() -> Result<SubscriptionName, Failure> {
    Ok("billing".parse()?)
}

/// The `n`th.
pub(crate) fn message(n: u64) -> Result<Message, Failure> {
    let order = format!("order-{}", n % KEYS);
    let content = BTreeMap::from([
        ("order", order.clone()),
        ("state", "paid".to_owned()),
        ("total", format!("{}.50", n % 1_000)),
        ("lines", format!("{} of sku-{n}", n % 7 + 1)),
        ("to", "12 Orchard Road, 04711 Appletown".to_owned()),
    ]);
    let event = EventEnvelope::new(
        format!("event-{n:012}").parse()?,
        "/shop/orders".parse()?,
        "order.changed".parse()?,
        order.parse()?,
        EventPayload::json(&content)?,
    );
    Ok(event.to(topic()?))
}
