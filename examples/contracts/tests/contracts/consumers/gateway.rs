use axum::http::Method;
use contracts::{ORDERS_OF_GATEWAY, PAYMENTS_OF_GATEWAY, STOCK_OF_GATEWAY, USERS_OF_GATEWAY};
use pact_consumer::prelude::*;
use serde_json::{Value, json};
use storefront::orders::Order;
use storefront::users::{Draft, User};

use super::front::{Front, json};
use super::mock::Mock;

const JSON: &str = "application/json";

fn ada() -> Draft {
    Draft { name: "Ada".to_owned(), email: Some("ada@example.org".to_owned()), visits: 3 }
}

/// The params of the state in which there is a user.
fn user(id: &str, draft: &Draft) -> Value {
    json!({ "id": id, "draft": draft })
}

fn seen(id: &str, draft: Draft) -> User {
    let Draft { name, email, visits } = draft;
    User { id: id.to_owned(), name, email, visits }
}

/// What people read of users, and what they write.
fn users(pact: &mut PactBuilder) {
    let is_there = "there is a user";
    pact.interaction("reads a user", "", |mut it| {
        it.given_with_params(is_there, &user("7", &ada()));
        it.request.path("/users/7");
        it.response.content_type(JSON).json_body(json_pattern!({
            "id": "7", "name": like!("Ada"), "email": like!("ada@example.org"), "visits": like!(3),
        }));
        it
    });
    pact.interaction("reads a user who has no address", "", |mut it| {
        it.given_with_params(is_there, &user("8", &Draft { email: None, ..ada() }));
        it.request.path("/users/8");
        it.response.content_type(JSON).json_body(json_pattern!({
            "id": "8", "name": like!("Ada"), "email": null, "visits": like!(3),
        }));
        it
    });
    pact.interaction("reads a user who is not there", "", |mut it| {
        it.given_with_params("there is no such user", &json!({ "id": "404" }));
        it.request.path("/users/404");
        it.response.status(404).content_type(JSON);
        it.response.json_body(json_pattern!({ "error": "missing" }));
        it
    });
    pact.interaction("reads several users, of whom one is not there", "", |mut it| {
        it.given_with_params(is_there, &user("7", &ada()));
        it.given_with_params("there is no such user", &json!({ "id": "404" }));
        it.given_with_params(is_there, &user("9", &ada()));
        it.request.path("/users").query_param("ids", "9,404,7");
        it.response.content_type(JSON).json_body(json_pattern!([
            { "id": "9", "name": like!("Ada"), "email": like!("ada@example.org"), "visits": like!(3) },
            { "id": "7", "name": like!("Ada"), "email": like!("ada@example.org"), "visits": like!(3) },
        ]));
        it
    });
    pact.interaction("writes a user", "", |mut it| {
        it.request.put().path("/users/10").content_type(JSON).json_body(json!(ada()));
        it.response.status(204);
        it
    });
    pact.interaction("writes what is no user", "", |mut it| {
        it.request.put().path("/users/10").content_type(JSON).json_body(json!({ "name": "Ada" }));
        it.response.status(400).content_type(JSON);
        it.response.json_body(json_pattern!({ "error": "malformed" }));
        it
    });
    pact.interaction("deletes a user", "", |mut it| {
        it.given_with_params(is_there, &user("11", &ada()));
        it.request.delete().path("/users/11");
        it.response.status(204);
        it
    });
    let news = json!({ "email": "news@example.org" });
    pact.interaction("gives a user an address for news", "", |mut it| {
        it.given_with_params(is_there, &user("12", &ada()));
        it.request.post().path("/newsletter/12").content_type(JSON).json_body(news.clone());
        it.response.status(204);
        it
    });
    pact.interaction("gives nobody an address for news", "", |mut it| {
        it.given_with_params("there is no such user", &json!({ "id": "404" }));
        it.request.post().path("/newsletter/404").content_type(JSON).json_body(news.clone());
        it.response.status(404).content_type(JSON);
        it.response.json_body(json_pattern!({ "error": "missing" }));
        it
    });
}

#[tokio::test]
async fn of_the_user_service() {
    let mock = Mock::new(USERS_OF_GATEWAY, users);
    let front = Front::new(&mock.url());
    let read = |(status, body)| {
        let user: User = serde_json::from_value(body).expect("it is a user");
        (status, user)
    };
    assert_eq!(read(json(front.get("/users/7").await)), (200, seen("7", ada())));
    let nowhere = Draft { email: None, ..ada() };
    assert_eq!(read(json(front.get("/users/8").await)), (200, seen("8", nowhere)));
    assert_eq!(json(front.get("/users/404").await), (404, json!({ "error": "missing" })));
    let (status, several) = json(front.get("/users?ids=9,404,7").await);
    let several: Vec<User> = serde_json::from_value(several).unwrap();
    assert_eq!((status, several), (200, vec![seen("9", ada()), seen("7", ada())]));
    let put = |body| front.status(Method::PUT, "/users/10", Some(body));
    assert_eq!(put(json!(ada())).await, 204);
    assert_eq!(put(json!({ "name": "Ada" })).await, 400);
    assert_eq!(front.status(Method::DELETE, "/users/11", None).await, 204);
    let news = Some(json!({ "email": "news@example.org" }));
    assert_eq!(front.status(Method::POST, "/newsletter/12", news.clone()).await, 204);
    assert_eq!(front.status(Method::POST, "/newsletter/404", news).await, 404);
    mock.agreed();
}

fn order(id: &str) -> Order {
    Order {
        order: id.to_owned(),
        user: "7".to_owned(),
        product: "p-1".to_owned(),
        pieces: 2,
        cents: 500,
        card: "4242".to_owned(),
    }
}

/// Somebody orders, perhaps after somebody else, and is answered so.
fn orders_so(
    pact: &mut PactBuilder,
    description: &str,
    (order, placed): (&Order, Option<&Order>),
    (status, answer): (u16, JsonPattern),
) {
    pact.interaction(description, "", |mut it| {
        if let Some(placed) = placed {
            it.given_with_params("an order was placed", &json!(placed));
        }
        it.request.post().path("/orders").content_type(JSON).json_body(json!(order));
        it.response.status(status).content_type(JSON).json_body(answer);
        it
    });
}

fn orders(pact: &mut PactBuilder) {
    let why = || json_pattern!({ "error": like!("why") });
    let placed = json_pattern!({ "order": "o-1" });
    orders_so(pact, "orders", (&order("o-1"), None), (202, placed));
    let other = Order { pieces: 3, ..order("o-2") };
    let after = (&other, Some(&order("o-2")));
    orders_so(pact, "orders something else as the same", after, (409, why()));
    let nothing = Order { pieces: 0, ..order("o-3") };
    orders_so(pact, "orders nothing", (&nothing, None), (400, why()));
    pact.interaction("looks at an order", "", |mut it| {
        it.given_with_params("an order was placed", &json!(order("o-4")));
        it.request.path("/orders/o-4");
        it.response.content_type(JSON).json_body(json_pattern!({
            "status": term!("^(open|accepted|confirmed|cancelled)$", "open"),
        }));
        it
    });
    missing(pact, "looks at an order that nobody placed", "/orders/o-404");
}

/// Nobody has made what is at this path.
fn missing(pact: &mut PactBuilder, description: &str, path: &str) {
    pact.interaction(description, "", |mut it| {
        it.request.path(path);
        it.response.status(404).content_type(JSON);
        it.response.json_body(json_pattern!({ "error": like!("there is none") }));
        it
    });
}

#[tokio::test]
async fn of_the_order_service() {
    let mock = Mock::new(ORDERS_OF_GATEWAY, orders);
    let front = Front::new(&mock.url());
    let post = |order: Order| front.ask(Method::POST, "/orders", Some(json!(order)));
    assert_eq!(json(post(order("o-1")).await), (202, json!({ "order": "o-1" })));
    assert_eq!(post(Order { pieces: 3, ..order("o-2") }).await.0, 409);
    assert_eq!(post(Order { pieces: 0, ..order("o-3") }).await.0, 400);
    assert_eq!(json(front.get("/orders/o-4").await), (200, json!({ "status": "open" })));
    assert_eq!(front.get("/orders/o-404").await.0, 404);
    mock.agreed();
}

#[tokio::test]
async fn of_the_inventory_service() {
    let mock = Mock::new(STOCK_OF_GATEWAY, |pact| {
        pact.interaction("looks at the stock of a product", "", |mut it| {
            it.given_with_params("a product was delivered", &json!({ "product": "p-1" }));
            it.request.path("/stock/p-1");
            it.response.content_type(JSON);
            it.response.json_body(json_pattern!({ "product": "p-1", "pieces": like!(30) }));
            it
        });
        missing(pact, "looks at the stock of what is no product", "/stock/p-404");
        pact.interaction("looks at what is put aside for an order", "", |mut it| {
            it.given_with_params("pieces are put aside for an order", &json!(order("o-5")));
            it.request.path("/reservations/o-5");
            it.response.content_type(JSON).json_body(json_pattern!({
                "product": "p-1", "pieces": 2, "parcels": like!(0),
            }));
            it
        });
        missing(pact, "looks at what is put aside for nobody", "/reservations/o-404");
    });
    let front = Front::new(&mock.url());
    let stock = json!({ "product": "p-1", "pieces": 30 });
    assert_eq!(json(front.get("/stock/p-1").await), (200, stock));
    assert_eq!(front.get("/stock/p-404").await.0, 404);
    let aside = json!({ "product": "p-1", "pieces": 2, "parcels": 0 });
    assert_eq!(json(front.get("/reservations/o-5").await), (200, aside));
    assert_eq!(front.get("/reservations/o-404").await.0, 404);
    mock.agreed();
}

#[tokio::test]
async fn of_the_payment_service() {
    let mock = Mock::new(PAYMENTS_OF_GATEWAY, |pact| {
        pact.interaction("looks at what was paid for an order", "", |mut it| {
            it.given_with_params("an order was paid", &json!(order("o-6")));
            it.request.path("/payments/o-6");
            it.response.content_type(JSON);
            it.response.json_body(json_pattern!({ "cents": 500, "lines": 1 }));
            it
        });
        missing(pact, "looks at what was paid for nothing", "/payments/o-404");
    });
    let front = Front::new(&mock.url());
    let paid = json!({ "cents": 500, "lines": 1 });
    assert_eq!(json(front.get("/payments/o-6").await), (200, paid));
    assert_eq!(front.get("/payments/o-404").await.0, 404);
    mock.agreed();
}
