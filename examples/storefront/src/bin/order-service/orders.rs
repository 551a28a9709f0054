use std::collections::BTreeMap;

use adapters::postgres::{PostgresDatabase, PostgresOutbox};
use serde::Serialize;
use storefront::orders::{Answer, Mailbox, ORDER_CREATED, Order};
use strangler_fig::error::StoreError;
use strangler_fig::event::{EventEnvelope, EventPayload, Message, Outbox};
use strangler_fig::repository::Access;

/// Who tells what happens to orders.
pub(crate) const SOURCE: &str = "/storefront/orders";

const PLACE: &str = "\
    INSERT INTO customer_order (id, customer, product, pieces, cents, card)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING RETURNING 1";
const IS_SAME: &str = "\
    SELECT customer = $2 AND product = $3 AND pieces = $4 AND cents = $5 AND card = $6
    FROM customer_order WHERE id = $1";
const STATUS: &str = "SELECT status FROM customer_order WHERE id = $1";
const ALL: &str = "SELECT id, status FROM customer_order";

/// The table of orders.
#[derive(Debug, Clone)]
pub(crate) struct Orders {
    database: PostgresDatabase,
}

/// All orders, and how many stand how.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Books {
    statuses: BTreeMap<String, u64>,
    orders: BTreeMap<String, String>,
}

impl Orders {
    pub(crate) const fn new(database: PostgresDatabase) -> Self {
        Self { database }
    }

    /// Writes an order down, and that it was created: both or none. The same once more is nothing new.
    pub(crate) async fn place(&self, order: &Order) -> Result<(), Answer> {
        order.check().map_err(|why| Answer::Wrong(why.to_string()))?;
        let Order { order: id, user, product, card, .. } = order;
        let (pieces, cents) = (i64::from(order.pieces), i64::from(order.cents));
        let mut open = self.database.begin(Access::Write).await?;
        let placed = open.query(PLACE, &[id, user, product, &pieces, &cents, card]).await?;
        if placed.is_empty() {
            let same = open.query(IS_SAME, &[id, user, product, &pieces, &cents, card]).await?;
            return if same.first().is_some_and(|row| row.get(0)) {
                Ok(())
            } else {
                Err(Answer::Other)
            };
        }
        let created = told(ORDER_CREATED, order)?;
        PostgresOutbox::notifying().stage(&mut open, &[created]).await?;
        Ok(open.commit().await?)
    }

    pub(crate) async fn status(&self, id: &str) -> Result<String, Answer> {
        let mut open = self.database.begin(Access::Read).await?;
        let rows = open.query(STATUS, &[&id]).await?;
        Ok(rows.first().ok_or(Answer::Missing)?.get(0))
    }

    pub(crate) async fn books(&self) -> Result<Books, Answer> {
        let mut open = self.database.begin(Access::Read).await?;
        let mut books = Books::default();
        for row in open.query(ALL, &[]).await? {
            let status: String = row.get(1);
            *books.statuses.entry(status.clone()).or_default() += 1;
            books.orders.insert(row.get(0), status);
        }
        Ok(books)
    }
}

/// What has happened to an order. Told twice it is one event.
pub(crate) fn told(what: &str, order: &Order) -> Result<Message, StoreError> {
    let id = format!("{}:{what}", order.order).parse().map_err(StoreError::rejected)?;
    let source = SOURCE.parse().map_err(StoreError::rejected)?;
    let event_type = what.parse().map_err(StoreError::rejected)?;
    let key = order.order.parse().map_err(StoreError::rejected)?;
    let payload = EventPayload::json(order).map_err(StoreError::rejected)?;
    let event = EventEnvelope::new(id, source, event_type, key, payload);
    Ok(event.to(Mailbox::Sagas.topic()))
}
