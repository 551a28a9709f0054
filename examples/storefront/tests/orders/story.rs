use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use storefront::orders::Order;
use tokio::time::{sleep, timeout};

use crate::site::{SOON, Site};

const ORDERS: u32 = 60;

fn order(number: u32) -> Order {
    let pieces = 1 + number % 3;
    Order {
        order: format!("o-{number}"),
        user: format!("u-{}", number % 5),
        product: if number.is_multiple_of(2) { "p-1" } else { "p-2" }.to_owned(),
        pieces,
        cents: pieces * 1_000,
        card: if number.is_multiple_of(7) { "stolen" } else { "4242" }.to_owned(),
    }
}

/// The order-service's books, once every order has ended, and the inventory's, once every parcel is on its way.
async fn ended(site: &Site) -> (Value, Value) {
    loop {
        let ((_, orders), (_, stock)) =
            tokio::join!(site.orders.get("/books"), site.stock.get("/books"));
        let of = |status: &str| orders["statuses"][status].as_u64().unwrap_or_default();
        let parcels = stock["parcels"].as_object().expect("it is an object");
        let sent = parcels.values().filter(|count| **count != json!(0)).count();
        if of("confirmed") + of("cancelled") == u64::from(ORDERS) && sent as u64 == of("confirmed")
        {
            return (orders, stock);
        }
        sleep(SOON).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_ends_as_it_should_though_services_die() {
    let mut site = Site::new().await;
    for number in 0..ORDERS {
        assert_eq!(site.orders.order(&order(number)).await, StatusCode::ACCEPTED);
        match number {
            15 => site.payments.die_and_live().await,
            30 => site.orders.die_and_live().await,
            45 => site.stock.die_and_live().await,
            _ => {}
        }
    }
    let (orders, stock) = timeout(Duration::from_mins(1), ended(&site)).await.expect("they end");
    let (_, payments) = site.payments.get("/books").await;
    for number in 0..ORDERS {
        let Order { order: id, pieces, cents, .. } = order(number);
        let of = |books: &Value, what: &str| books[what][&id].as_u64().unwrap_or_default();
        let found = (of(&stock, "orders"), of(&stock, "parcels"), of(&payments, "orders"));
        let expected = match orders["orders"][&id].as_str() {
            Some("confirmed") => (pieces.into(), 1, cents.into()),
            _ => (0, 0, 0),
        };
        assert_eq!(found, expected, "{id}: {}", orders["orders"][&id]);
    }
    for product in ["p-1", "p-2"] {
        let count = |what: &str| stock["products"][product][what].as_u64().expect("a count");
        assert_eq!(count("left") + count("reserved"), count("delivered"), "{product}");
    }
    let stolen = (0..ORDERS).filter(|number| order(*number).card == "stolen").count() as u64;
    let cancelled = orders["statuses"]["cancelled"].as_u64();
    assert!(cancelled > Some(stolen), "some came too late: {orders}");
    assert_eq!(orders["orders"]["o-1"], "confirmed");
    site.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ordered_again_is_ordered_once() {
    let site = Site::new().await;
    let first = order(1);
    for _ in 0..2 {
        assert_eq!(site.orders.order(&first).await, StatusCode::ACCEPTED);
    }
    let other = Order { pieces: 9, ..first.clone() };
    assert_eq!(site.orders.order(&other).await, StatusCode::CONFLICT);
    let none = Order { pieces: 0, ..order(2) };
    assert_eq!(site.orders.order(&none).await, StatusCode::BAD_REQUEST);

    let confirmed = async {
        while site.orders.get("/orders/o-1").await.1["status"] != "confirmed" {
            sleep(SOON).await;
        }
    };
    timeout(Duration::from_mins(1), confirmed).await.expect("it is confirmed");
    let (_, reserved) = site.stock.get("/reservations/o-1").await;
    assert_eq!((&reserved["product"], &reserved["pieces"]), (&json!("p-2"), &json!(2)));
    let (_, paid) = site.payments.get("/payments/o-1").await;
    assert_eq!(paid, json!({ "cents": 2_000, "lines": 1 }));
    let (_, left) = site.stock.get("/stock/p-2").await;
    assert_eq!(left, json!({ "product": "p-2", "pieces": 998 }));
    for (service, path) in [
        (&site.orders, "/orders/o-2"),
        (&site.stock, "/reservations/o-2"),
        (&site.stock, "/stock/p-9"),
        (&site.payments, "/payments/o-2"),
    ] {
        assert_eq!(service.get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    site.remove().await;
}
