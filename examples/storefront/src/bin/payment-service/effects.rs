use adapters::postgres::PostgresTransaction;
use storefront::orders::{PROCESS_PAYMENT, REFUND_PAYMENT, order_of, refused};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{CommandHandler, ReceivedCommand, Reply};

const TAKE: &str = "INSERT INTO payment (customer_order, cents) VALUES ($1, $2)";
const GIVE_BACK: &str = "\
    INSERT INTO payment (customer_order, cents)
    SELECT customer_order, -sum(cents) FROM payment WHERE customer_order = $1
    GROUP BY customer_order HAVING sum(cents) <> 0";

/// A card that no bank takes.
const STOLEN: &str = "stolen";

/// How money comes, and goes back.
#[derive(Debug)]
pub(crate) struct PaymentEffects;

#[async_trait]
impl CommandHandler<PostgresTransaction> for PaymentEffects {
    async fn handle(
        &self,
        open: &mut PostgresTransaction,
        command: &ReceivedCommand,
    ) -> Result<Reply, StoreError> {
        let order = order_of(command)?;
        match command.event_type().as_str() {
            PROCESS_PAYMENT if order.card == STOLEN => return Ok(refused("the card is declined")),
            PROCESS_PAYMENT => {
                open.query(TAKE, &[&order.order, &i64::from(order.cents)]).await?;
            }
            REFUND_PAYMENT => {
                open.query(GIVE_BACK, &[&order.order]).await?;
            }
            _ => return Ok(refused("no such command")),
        }
        Ok(Reply::done())
    }
}
