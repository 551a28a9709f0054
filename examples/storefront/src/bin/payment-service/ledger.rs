use std::collections::BTreeMap;

use adapters::postgres::PostgresDatabase;
use serde::Serialize;
use storefront::orders::Answer;
use strangler_fig::repository::Access;

const OF_ORDER: &str = "\
    SELECT sum(cents)::bigint, count(*) FROM payment WHERE customer_order = $1 HAVING count(*) > 0";
const ALL: &str = "SELECT customer_order, sum(cents)::bigint FROM payment GROUP BY customer_order";

/// The table of payments.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    database: PostgresDatabase,
}

/// What was paid for an order, and in how many lines.
#[derive(Debug, Serialize)]
pub(crate) struct Payment {
    cents: i64,
    lines: i64,
}

/// The money that is here, in all and by order. An order that was refunded has none.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Books {
    cents: i64,
    orders: BTreeMap<String, i64>,
}

impl Ledger {
    pub(crate) const fn new(database: PostgresDatabase) -> Self {
        Self { database }
    }

    pub(crate) async fn of(&self, order: &str) -> Result<Payment, Answer> {
        let mut open = self.database.begin(Access::Read).await?;
        let rows = open.query(OF_ORDER, &[&order]).await?;
        let row = rows.first().ok_or(Answer::Missing)?;
        Ok(Payment { cents: row.get(0), lines: row.get(1) })
    }

    pub(crate) async fn books(&self) -> Result<Books, Answer> {
        let mut open = self.database.begin(Access::Read).await?;
        let mut books = Books::default();
        for row in open.query(ALL, &[]).await? {
            let cents: i64 = row.get(1);
            books.cents += cents;
            books.orders.insert(row.get(0), cents);
        }
        Ok(books)
    }
}
