use adapters::postgres::{PostgresDatabase, PostgresInbox};
use storefront::orders::{Mailbox, ORDER_CONFIRMED};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{Arrival, EventContext, EventEnvelope, EventHandler, Inbox};
use strangler_fig::repository::Access;

const SEND: &str = "\
    UPDATE reservation SET parcels = parcels + 1 WHERE customer_order = $1 RETURNING 1";

/// Sends a parcel for each order that was confirmed: one, however often the event comes.
#[derive(Debug)]
pub(crate) struct Parcels {
    database: PostgresDatabase,
}

impl Parcels {
    pub(crate) const fn new(database: PostgresDatabase) -> Self {
        Self { database }
    }
}

#[async_trait]
impl EventHandler for Parcels {
    async fn handle(&self, event: &EventEnvelope, _: &EventContext<'_>) -> Result<(), StoreError> {
        if event.event_type.as_str() != ORDER_CONFIRMED {
            return Ok(());
        }
        let mut open = self.database.begin(Access::Write).await?;
        let consumer = Mailbox::Parcels.subscription();
        if PostgresInbox.admit(&mut open, &consumer, event).await? == Arrival::Again {
            return Ok(());
        }
        if open.query(SEND, &[&event.key.as_str()]).await?.is_empty() {
            return Err(StoreError::rejected(
                "an order was confirmed for which nothing is reserved",
            ));
        }
        open.commit().await
    }
}
