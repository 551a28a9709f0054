//! What is known when it is over.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use serde::de::DeserializeOwned;
use storefront::Failed;
use storefront::stage::{INVENTORY, ORDERS, PAYMENT, Rooms, Web};
use tokio::time::sleep;
use tokio_postgres::NoTls;

use crate::judge::{Books, Evidence, Placed, Seen, ShopBook, Sold, Status, User};
use crate::traffic::People;

/// How long orders may take to their end when nobody disturbs them any more.
const ORDERS_END: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(200);

/// What people saw, what the modern store holds now, and what services have written down.
pub(crate) async fn evidence(
    web: &Web,
    urls: &[String],
    people: &People,
    rooms: &Rooms,
    before: BTreeMap<String, i64>,
    seen: Seen,
) -> Result<Evidence, Failed> {
    let (placed, bought) = (people.placed(), people.bought());
    let mut books = settled(web, urls, &placed).await?;
    books.shop = shop(&rooms.shop(), before).await?;
    let mut kept = modern(&rooms.postgres("users")).await?;
    // Whom nobody has heard of is heard of now.
    let mut known = people.known();
    known.extend(kept.keys().cloned());
    for key in known {
        people.users.final_read(key.clone(), kept.remove(&key));
    }
    Ok(Evidence { users: people.users.history(), placed, bought, books, seen })
}

/// The books, once each order has come to an end, or long enough after.
async fn settled(web: &Web, urls: &[String], placed: &[Placed]) -> Result<Books, Failed> {
    let began = Instant::now();
    loop {
        let orders = book(web, &urls[ORDERS]).await?;
        let inventory = book(web, &urls[INVENTORY]).await?;
        let payments = book(web, &urls[PAYMENT]).await?;
        let books = Books { orders, inventory, payments, ..Books::default() };
        if is_over(&books, placed) || began.elapsed() > ORDERS_END {
            println!("-- {} orders, waited for {:.1?}", placed.len(), began.elapsed());
            return Ok(books);
        }
        sleep(LOOK).await;
    }
}

/// Whether each has been decided, and whatever was confirmed is on its way.
fn is_over(books: &Books, placed: &[Placed]) -> bool {
    let (orders, parcels) = (&books.orders.orders, &books.inventory.parcels);
    let is_sent = |order: &String| parcels.get(order).is_some_and(|parcels| *parcels > 0);
    let mut taken = placed.iter().filter(|placed| placed.is_acknowledged);
    taken.all(|placed| orders.contains_key(&placed.order))
        && orders.iter().all(|(order, status)| match status {
            Status::Confirmed => is_sent(order),
            status => status.is_final(),
        })
}

async fn book<T: DeserializeOwned>(web: &Web, url: &str) -> Result<T, Failed> {
    let answer = web.get(&format!("{url}/books")).await;
    let said = String::from_utf8_lossy(&answer.body);
    answer.json().ok_or_else(|| format!("the books at {url}: {:?} {said}", answer.status).into())
}

/// What the monolith has sold since then.
async fn shop(url: &str, before: BTreeMap<String, i64>) -> Result<ShopBook, Failed> {
    let left = pieces(url).await?;
    let mut shop = mysql_async::Conn::from_url(url).await?;
    let sql = "SELECT CAST(id AS CHAR), product, o.pieces, o.cents, p.cents <=> o.cents
               FROM orders AS o LEFT JOIN payments AS p ON p.orders = o.id";
    let sold = |(order, product, pieces, cents, is_paid)| {
        (order, Sold { product, pieces, cents, is_paid })
    };
    let orders: Vec<(String, Sold)> = shop.query_map(sql, sold).await?;
    shop.disconnect().await?;
    Ok(ShopBook { before, left, orders: orders.into_iter().collect() })
}

/// The monolith's pieces of each product.
pub(crate) async fn pieces(url: &str) -> Result<BTreeMap<String, i64>, Failed> {
    let mut shop = mysql_async::Conn::from_url(url).await?;
    let pieces: Vec<(String, i64)> = shop.query("SELECT product, pieces FROM stock").await?;
    shop.disconnect().await?;
    Ok(pieces.into_iter().collect())
}

/// Every user in the modern store, asked of the store itself.
async fn modern(url: &str) -> Result<BTreeMap<String, User>, Failed> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let sql = "SELECT convert_from(id, 'UTF8'), name, email, visits FROM customer
               WHERE name IS NOT NULL";
    let rows = client.query(sql, &[]).await?;
    let user = |row: &tokio_postgres::Row| {
        let user = User { name: row.get(1), email: row.get(2), visits: row.get(3) };
        (row.get(0), user)
    };
    Ok(rows.iter().map(user).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_over_when_every_order_has_come_to_an_end() {
        let mut books = Books::default();
        let placed = |is_acknowledged| Placed {
            order: "o-1".to_owned(),
            user: String::new(),
            product: "p-1".to_owned(),
            pieces: 1,
            cents: 1,
            card: String::new(),
            is_acknowledged,
        };
        assert!(is_over(&books, &[placed(false)]), "nobody said that it is taken");
        assert!(!is_over(&books, &[placed(true)]));
        for status in [Status::Open, Status::Accepted, Status::Confirmed] {
            books.orders.orders.insert("o-1".to_owned(), status);
            assert!(!is_over(&books, &[placed(true)]), "{status:?}, and not sent");
        }
        books.inventory.parcels.insert("o-1".to_owned(), 1);
        assert!(is_over(&books, &[placed(true)]));
        books.orders.orders.insert("o-1".to_owned(), Status::Cancelled);
        assert!(is_over(&books, &[placed(true)]));
    }
}
