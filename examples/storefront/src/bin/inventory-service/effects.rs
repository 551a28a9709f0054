use adapters::postgres::PostgresTransaction;
use storefront::orders::{Order, RELEASE_INVENTORY, RESERVE_INVENTORY, order_of, refused};
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{CommandHandler, ReceivedCommand, Reply};

// One that is reserved twice shows it: what hides it would hide a fault of the barrier.
const TAKE: &str =
    "UPDATE stock SET pieces = pieces - $2 WHERE product = $1 AND pieces >= $2 RETURNING 1";
const RESERVE: &str = "\
    INSERT INTO reservation AS held (customer_order, product, pieces) VALUES ($1, $2, $3)
    ON CONFLICT (customer_order) DO UPDATE SET pieces = held.pieces + excluded.pieces";
const RELEASE: &str = "\
    WITH released AS (
        DELETE FROM reservation WHERE customer_order = $1 RETURNING product, pieces
    )
    UPDATE stock SET pieces = stock.pieces + released.pieces
    FROM released WHERE stock.product = released.product";

/// How pieces are put aside, and back.
#[derive(Debug)]
pub(crate) struct StockEffects;

#[async_trait]
impl CommandHandler<PostgresTransaction> for StockEffects {
    async fn handle(
        &self,
        open: &mut PostgresTransaction,
        command: &ReceivedCommand,
    ) -> Result<Reply, StoreError> {
        let order = order_of(command)?;
        match command.event_type().as_str() {
            RESERVE_INVENTORY => reserve(open, &order).await,
            RELEASE_INVENTORY => {
                open.query(RELEASE, &[&order.order]).await?;
                Ok(Reply::done())
            }
            _ => Ok(refused("no such command")),
        }
    }
}

async fn reserve(open: &mut PostgresTransaction, order: &Order) -> Result<Reply, StoreError> {
    let pieces = i64::from(order.pieces);
    if open.query(TAKE, &[&order.product, &pieces]).await?.is_empty() {
        return Ok(refused("sold out"));
    }
    open.query(RESERVE, &[&order.order, &order.product, &pieces]).await?;
    Ok(Reply::done())
}
