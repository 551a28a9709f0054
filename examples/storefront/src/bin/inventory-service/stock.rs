use std::collections::BTreeMap;
use std::str::FromStr;

use adapters::postgres::PostgresDatabase;
use serde::Serialize;
use storefront::orders::Answer;
use strangler_fig::error::StoreError;
use strangler_fig::repository::Access;

const DELIVER: &str = "\
    INSERT INTO stock (product, delivered, pieces) VALUES ($1, $2, $2) ON CONFLICT DO NOTHING";
const LEFT: &str = "SELECT pieces FROM stock WHERE product = $1";
const RESERVED: &str = "\
    SELECT product, pieces, parcels FROM reservation WHERE customer_order = $1";
const PRODUCTS: &str = "\
    SELECT product, delivered, pieces, (
        SELECT coalesce(sum(pieces), 0)::bigint FROM reservation AS it
        WHERE it.product = stock.product
    ) FROM stock";
const ALL: &str = "SELECT customer_order, pieces, parcels FROM reservation";

/// What comes into an empty house: `p-1=100,p-2=50`.
#[derive(Debug, Default)]
pub(crate) struct Delivery(BTreeMap<String, u32>);

impl FromStr for Delivery {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lines = text.split(',').filter(|line| !line.is_empty());
        let parsed = lines.map(|line| {
            let (product, pieces) = line.split_once('=')?;
            Some((product.to_owned(), pieces.parse().ok()?))
        });
        let parsed = parsed.collect::<Option<_>>();
        parsed.map(Self).ok_or_else(|| format!("{text:?} is not like p-1=100,p-2=50"))
    }
}

/// The tables of products and reservations.
#[derive(Debug, Clone)]
pub(crate) struct Stock {
    database: PostgresDatabase,
}

/// What there is of a product, and what is put aside.
#[derive(Debug, Serialize)]
struct Product {
    delivered: i64,
    left: i64,
    reserved: i64,
}

/// All products, and for each order the pieces that are put aside, and the parcels that were sent.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Books {
    products: BTreeMap<String, Product>,
    orders: BTreeMap<String, i64>,
    parcels: BTreeMap<String, i64>,
}

/// What is put aside for an order.
#[derive(Debug, Serialize)]
pub(crate) struct Reservation {
    product: String,
    pieces: i64,
    parcels: i64,
}

impl Stock {
    pub(crate) const fn new(database: PostgresDatabase) -> Self {
        Self { database }
    }

    /// What is there already stays as it is: this is said at each start.
    pub(crate) async fn deliver(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let mut open = self.database.begin(Access::Write).await?;
        for (product, pieces) in &delivery.0 {
            open.query(DELIVER, &[product, &i64::from(*pieces)]).await?;
        }
        open.commit().await
    }

    pub(crate) async fn left(&self, product: &str) -> Result<i64, Answer> {
        let mut open = self.database.begin(Access::Read).await?;
        let rows = open.query(LEFT, &[&product]).await?;
        Ok(rows.first().ok_or(Answer::Missing)?.get(0))
    }

    pub(crate) async fn reserved(&self, order: &str) -> Result<Reservation, Answer> {
        let mut open = self.database.begin(Access::Read).await?;
        let rows = open.query(RESERVED, &[&order]).await?;
        let row = rows.first().ok_or(Answer::Missing)?;
        Ok(Reservation { product: row.get(0), pieces: row.get(1), parcels: row.get(2) })
    }

    /// All of one moment.
    pub(crate) async fn books(&self) -> Result<Books, Answer> {
        let mut open = self.database.begin(Access::Read).await?;
        let mut books = Books::default();
        for row in open.query(PRODUCTS, &[]).await? {
            let product = Product { delivered: row.get(1), left: row.get(2), reserved: row.get(3) };
            books.products.insert(row.get(0), product);
        }
        for row in open.query(ALL, &[]).await? {
            books.orders.insert(row.get(0), row.get(1));
            books.parcels.insert(row.get(0), row.get(2));
        }
        Ok(books)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_read_and_what_is_none_is_named() {
        let delivery: Delivery = "p-1=100,p-2=50".parse().expect("it is a delivery");
        assert_eq!(
            delivery.0.into_iter().collect::<Vec<_>>(),
            [("p-1".into(), 100), ("p-2".into(), 50)]
        );
        for wrong in ["p-1", "p-1=many", "p-1=-1"] {
            assert!(wrong.parse::<Delivery>().is_err(), "{wrong}");
        }
    }
}
