//! Events, and who admits them.

use std::fmt;

use super::InboxFixture;
use crate::error::StoreError;
use crate::event::{Arrival, EventEnvelope, EventPayload};

pub(super) fn answered<T: fmt::Debug>(what: &str, answer: Result<T, StoreError>) -> T {
    answer.unwrap_or_else(|error| panic!("{what} failed: {error:?}"))
}

pub(super) fn event(source: &str, id: &str) -> EventEnvelope {
    let [event_type, key] = ["order.created", "order-4711"];
    EventEnvelope::new(
        id.parse().expect("it is an id"),
        source.parse().expect("it is a source"),
        event_type.parse().expect("it is a type"),
        key.parse().expect("it is a key"),
        EventPayload::json(id).expect("it is JSON"),
    )
}

pub(super) async fn begin<F: InboxFixture>(fixture: &F) -> F::Transaction {
    let begun = fixture.begin().await;
    begun.unwrap_or_else(|error| panic!("no transaction was begun: {error:?}"))
}

pub(super) async fn commit<F: InboxFixture>(fixture: &F, transaction: F::Transaction) {
    answered("committing", fixture.commit(transaction).await);
}

pub(super) async fn admit<F: InboxFixture>(
    fixture: &F,
    transaction: &mut F::Transaction,
    consumer: &str,
    event: &EventEnvelope,
) -> Arrival {
    let consumer = consumer.parse().expect("it is a name");
    answered("admitting", fixture.inbox().admit(transaction, &consumer, event).await)
}

/// In a transaction of its own that commits.
pub(super) async fn admitted<F: InboxFixture>(
    fixture: &F,
    consumer: &str,
    event: &EventEnvelope,
) -> Arrival {
    answered("admitting", try_admit(fixture, consumer, event).await)
}

/// The same, or why not.
pub(super) async fn try_admit<F: InboxFixture>(
    fixture: &F,
    consumer: &str,
    event: &EventEnvelope,
) -> Result<Arrival, StoreError> {
    let consumer = consumer.parse().expect("it is a name");
    let mut transaction = fixture.begin().await?;
    let arrival = fixture.inbox().admit(&mut transaction, &consumer, event).await?;
    // Whoever comes at the same time comes now.
    tokio::task::yield_now().await;
    fixture.commit(transaction).await?;
    Ok(arrival)
}
