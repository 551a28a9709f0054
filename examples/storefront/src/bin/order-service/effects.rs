use adapters::postgres::{PostgresOutbox, PostgresTransaction};
use storefront::orders::{
    ACCEPT_ORDER, CANCEL_ORDER, CONFIRM_ORDER, ORDER_CANCELLED, ORDER_CONFIRMED, order_of, refused,
};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{CommandHandler, Outbox, ReceivedCommand, Reply};

use crate::orders::told;

const BECOME: &str = "UPDATE customer_order SET status = $2 WHERE id = $1 RETURNING 1";

/// How orders come to stand as their sagas say.
#[derive(Debug)]
pub(crate) struct OrderEffects;

#[async_trait]
impl CommandHandler<PostgresTransaction> for OrderEffects {
    async fn handle(
        &self,
        open: &mut PostgresTransaction,
        command: &ReceivedCommand,
    ) -> Result<Reply, StoreError> {
        let (status, event) = match command.event_type().as_str() {
            ACCEPT_ORDER => ("accepted", None),
            CONFIRM_ORDER => ("confirmed", Some(ORDER_CONFIRMED)),
            CANCEL_ORDER => ("cancelled", Some(ORDER_CANCELLED)),
            _ => return Ok(refused("no such command")),
        };
        let order = order_of(command)?;
        if open.query(BECOME, &[&order.order, &status]).await?.is_empty() {
            return Ok(refused("there is no such order"));
        }
        if let Some(event) = event {
            PostgresOutbox::notifying().stage(open, &[told(event, &order)?]).await?;
        }
        Ok(Reply::done())
    }
}
