use std::collections::BTreeMap;
use std::time::Duration;

use storefront::stage::Outcome;
use strangler_fig::testkit::history::HistoryRecorder;

use super::books::{InventoryBook, OrderBook, PaymentBook, Shelf, ShopBook};
use super::*;
use crate::tally::{Call, Kind};

fn user(visits: i64) -> User {
    User { name: format!("Ada {visits}"), email: None, visits }
}

fn placed(order: &str, card: &str) -> Placed {
    Placed {
        order: order.to_owned(),
        user: "user-1".to_owned(),
        product: "p-1".to_owned(),
        pieces: 2,
        cents: 1_200,
        card: card.to_owned(),
        is_acknowledged: true,
    }
}

fn shelf(left: i64) -> BTreeMap<String, Shelf> {
    BTreeMap::from([("p-1".to_owned(), Shelf { delivered: 10, left, reserved: 2 })])
}

fn bought(count: i64) -> BTreeMap<String, i64> {
    BTreeMap::from([("bought".to_owned(), count)])
}

/// A run in which all is well: a user who was written, one who was deleted, an order that was confirmed, one cancelled.
fn evidence() -> Evidence {
    let users = HistoryRecorder::<String, User>::new();
    for (key, last) in [("kept", Some(user(2))), ("gone", None)] {
        let key = key.to_owned();
        users.initial(key.clone(), Some(user(0)));
        users.invoke_write(key.clone(), Some(user(1))).ok();
        users.invoke_read(key.clone()).read(Some(user(1)));
        users.invoke_write(key.clone(), last.clone()).ok();
        users.final_read(key, last);
    }
    let orders = [("bought", Status::Confirmed), ("refused", Status::Cancelled)];
    let orders = orders.map(|(order, status)| (order.to_owned(), status));
    let books = Books {
        orders: OrderBook { orders: orders.into() },
        inventory: InventoryBook { products: shelf(8), orders: bought(2), parcels: bought(1) },
        payments: PaymentBook { orders: bought(1_200) },
        shop: shop(Some(true)),
    };
    let placed = vec![placed("bought", "4242"), placed("refused", STOLEN)];
    let bought = vec![placed_at("shop")];
    Evidence { users: users.history(), placed, bought, books, seen: seen() }
}

/// A request, and its answer.
fn seen() -> Seen {
    let (status, outcome) = (Some(200), Outcome::Answered);
    let call = Call { kind: Kind::Read, stage: 0, status, outcome, waited: Duration::ZERO };
    let stages = vec![Stage { name: "live", failures_max: Some(2) }];
    Seen { calls: vec![call], stages, is_chaotic: false }
}

fn placed_at(order: &str) -> Placed {
    placed(order, "")
}

/// The monolith's book, with an order or none, that is paid or not.
fn shop(is_paid: Option<bool>) -> ShopBook {
    let sold = |is_paid| Sold { product: "p-1".to_owned(), pieces: 2, cents: 1_200, is_paid };
    let count = |pieces| BTreeMap::from([("p-1".to_owned(), pieces)]);
    ShopBook {
        before: count(10),
        left: count(if is_paid.is_some() { 8 } else { 10 }),
        orders: is_paid.map(|is_paid| ("shop".to_owned(), sold(is_paid))).into_iter().collect(),
    }
}

#[test]
fn a_run_in_which_all_is_well_is_clean() {
    let judgement = evidence().judge();
    assert!(judgement.is_clean(), "{judgement}");
    assert_eq!((judgement.orders.confirmed, judgement.orders.cancelled), (1, 1));
}

#[test]
fn every_planted_fault_is_found_under_its_name() {
    for plant in Plant::ALL {
        let judgement = evidence().spoilt_by(plant).unwrap().judge();
        assert!(!judgement.is_clean(), "{plant:?} is not found");
        let found = match plant {
            Plant::Lost => judgement.lost(),
            Plant::Stale => judgement.stale(),
            Plant::Resurrected => judgement.users.resurrected,
            Plant::Doubled => judgement.orders.doubled,
            Plant::Uncompensated => judgement.orders.uncompensated,
            Plant::Noticed => judgement.notices.noticed,
        };
        assert_eq!(found, 1, "{plant:?}: {judgement}");
    }
}

#[test]
fn what_nobody_saw_cannot_be_spoilt() {
    let none = Evidence {
        users: HistoryRecorder::new().history(),
        placed: Vec::new(),
        bought: Vec::new(),
        books: Books::default(),
        seen: Seen::default(),
    };
    let judgement = none.judge();
    assert!(!judgement.is_clean(), "nobody got anything done: {judgement}");
    assert_eq!(judgement.notices.noticed, 2);
    for plant in Plant::ALL {
        assert!(none.clone().spoilt_by(plant).is_err(), "{plant:?}");
    }
}

#[test]
fn a_write_in_doubt_is_no_loss() {
    let users = HistoryRecorder::<String, User>::new();
    users.invoke_write("ada".to_owned(), Some(user(1))).ok();
    users.invoke_write("ada".to_owned(), Some(user(2))).unknown();
    users.invoke_read("ada".to_owned()).read(Some(user(1)));
    users.final_read("ada".to_owned(), Some(user(2)));
    let judgement = Evidence { users: users.history(), ..evidence() }.judge();
    assert!(judgement.is_clean(), "{judgement}");
}

/// What the judge says of the evidence as somebody has changed it.
fn faults(change: impl FnOnce(&mut Evidence)) -> OrderFaults {
    let mut evidence = evidence();
    change(&mut evidence);
    evidence.judge().orders
}

#[test]
fn an_order_that_was_acknowledged_and_is_nowhere_is_lost() {
    let found = faults(|it| it.placed.push(placed("vanished", "4242")));
    assert_eq!((found.lost, found.is_clean()), (1, false));
    let unheard = Placed { is_acknowledged: false, ..placed("vanished", "4242") };
    assert!(faults(|it| it.placed.push(unheard)).is_clean());
}

#[test]
fn an_order_that_is_confirmed_and_not_paid_is_lost() {
    let found = faults(|it| it.books.payments.orders.clear());
    assert_eq!(found.lost, 1, "{found:?}");
}

#[test]
fn an_order_that_is_still_open_is_unfinished() {
    let found = faults(|it| {
        it.books.orders.orders.insert("bought".to_owned(), Status::Accepted);
    });
    assert_eq!(found.unfinished, 1, "{found:?}");
}

#[test]
fn a_stolen_card_buys_nothing() {
    let found = faults(|it| STOLEN.clone_into(&mut it.placed[0].card));
    assert_eq!(found.uncompensated, 1, "{found:?}");
}

#[test]
fn what_was_paid_for_an_order_that_is_not_there_is_not_forgotten() {
    let found = faults(|it| {
        it.books.orders.orders.remove("bought");
    });
    assert_eq!(found.uncompensated, 1, "{found:?}");
    let found = faults(|it| it.placed.retain(|placed| placed.order != "bought"));
    assert_eq!(found.doubled, 1, "{found:?}");
}

#[test]
fn a_parcel_is_sent_once() {
    let found = faults(|it| it.books.inventory.parcels = bought(2));
    assert_eq!(found.doubled, 1, "{found:?}");
    let found = faults(|it| it.books.inventory.parcels.clear());
    assert_eq!(found.lost, 1, "{found:?}");
}

#[test]
fn pieces_that_are_nowhere_are_missed() {
    let found = faults(|it| it.books.inventory.products = shelf(7));
    assert_eq!((found.stock_off, found.is_clean()), (1, false));
    let found = faults(|it| it.books.inventory.products.clear());
    assert_eq!(found.stock_off, 1, "{found:?}");
}

#[test]
fn books_are_read_as_services_write_them() {
    let orders = r#"{"statuses":{"confirmed":1},"orders":{"o-1":"confirmed"}}"#;
    let orders: OrderBook = serde_json::from_str(orders).unwrap();
    assert!(orders.orders["o-1"].is_final());
    let inventory = r#"{"products":{"p-1":{"delivered":10,"left":8,"reserved":2}},
        "orders":{"o-1":2},"parcels":{"o-1":1}}"#;
    let inventory: InventoryBook = serde_json::from_str(inventory).unwrap();
    assert_eq!((inventory.products["p-1"].left, inventory.orders["o-1"]), (8, 2));
    let payments = r#"{"cents":1200,"orders":{"o-1":1200}}"#;
    let payments: PaymentBook = serde_json::from_str(payments).unwrap();
    assert_eq!(payments.orders["o-1"], 1_200);
}

#[test]
fn what_the_monolith_sold_is_there_and_paid() {
    for (is_paid, lost) in [(Some(true), 0), (Some(false), 1), (None, 1)] {
        let mut evidence = evidence();
        evidence.books.shop = shop(is_paid);
        let judgement = evidence.judge();
        assert_eq!((judgement.shop.lost, judgement.is_clean()), (lost, lost == 0), "{is_paid:?}");
    }
}

/// What the judge says of one sale at the monolith that somebody has changed: lost, and doubled.
fn sale_faults(change: impl FnOnce(&mut Sold, &mut Placed)) -> (usize, usize) {
    let mut evidence = evidence();
    let sold = evidence.books.shop.orders.get_mut("shop").unwrap();
    change(sold, &mut evidence.bought[0]);
    let judgement = evidence.judge();
    let (lost, doubled) = (judgement.shop.lost, judgement.shop.doubled);
    assert_eq!(judgement.is_clean(), lost + doubled + judgement.shop.stock_off == 0);
    (lost, doubled)
}

#[test]
fn what_the_monolith_sold_is_what_was_placed_acknowledged_or_not() {
    for is_acknowledged in [true, false] {
        let faults = |change: fn(&mut Sold)| {
            sale_faults(|sold, placed| {
                placed.is_acknowledged = is_acknowledged;
                change(sold);
            })
        };
        assert_eq!(faults(|_| {}), (0, 0));
        assert_eq!(faults(|sold| sold.pieces = 1), (1, 0));
        assert_eq!(faults(|sold| sold.cents = -1_200), (1, 0));
        assert_eq!(faults(|sold| "p-2".clone_into(&mut sold.product)), (1, 0));
        assert_eq!(faults(|sold| sold.is_paid = false), (1, 0));
    }
    assert_eq!(sale_faults(|_, placed| placed.order.push('x')), (1, 1), "nobody placed it");
}

#[test]
fn what_the_monolith_has_and_sold_is_all_there_was() {
    let mut evidence = evidence();
    evidence.books.shop.left.clear();
    assert_eq!(evidence.judge().shop.stock_off, 1);
}
