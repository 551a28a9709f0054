use adapters::customer::Customer;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use storefront::users::{newsletter, routes};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::phase::{MigrationState, PhaseTracker};
use strangler_fig::repository::MigrationRepository;
use strangler_fig::testkit::faults::{Fault, FaultyRepository};
use tower::ServiceExt;

type Store = InMemoryRepository<Vec<u8>, Customer>;
type Users = MigrationRepository<FaultyRepository<Store>, Store>;

fn users() -> Users {
    let store = || InMemoryRepository::new(|customer: &Customer| customer.id.clone());
    let tracker = PhaseTracker::detached(MigrationState::new("customers".parse().unwrap()));
    MigrationRepository::new(FaultyRepository::new(store()), store(), tracker).unwrap()
}

struct Service {
    users: Users,
    routes: Router,
}

impl Service {
    fn new() -> Self {
        let users = users();
        let routes = routes(users.clone()).merge(newsletter(users.clone()));
        Self { users, routes }
    }

    /// The status of the answer, and what it says.
    async fn asked(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body).unwrap();
        let response = self.routes.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let retry = response.headers().contains_key(header::RETRY_AFTER);
        assert_eq!(retry, status == 503, "who may come again is told so");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status.as_u16(), serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    async fn put(&self, id: &str, visits: i64) -> (u16, Value) {
        let draft = json!({ "name": "Ada", "email": null, "visits": visits });
        self.asked(Method::PUT, &format!("/users/{id}"), Some(draft)).await
    }

    async fn got(&self, path: &str) -> (u16, Value) {
        self.asked(Method::GET, path, None).await
    }
}

fn ada(id: &str, visits: i64) -> Value {
    json!({ "id": id, "name": "Ada", "email": null, "visits": visits })
}

#[tokio::test]
async fn a_user_is_there_from_its_put_to_its_deletion() {
    let service = Service::new();
    assert_eq!(service.got("/users/a").await.0, 404);
    assert_eq!(service.put("a", 1).await, (204, Value::Null));
    assert_eq!(service.put("a", 2).await.0, 204);
    assert_eq!(service.got("/users/a").await, (200, ada("a", 2)));
    assert_eq!(service.asked(Method::DELETE, "/users/a", None).await.0, 204);
    assert_eq!(service.asked(Method::DELETE, "/users/a", None).await.0, 204, "again is no error");
    assert_eq!(service.got("/users/a").await.1["error"], "missing");
}

#[tokio::test]
async fn several_come_in_the_order_in_which_they_were_asked_for() {
    let service = Service::new();
    service.put("a", 1).await;
    service.put("b", 2).await;
    let both = json!([ada("b", 2), ada("a", 1)]);
    assert_eq!(service.got("/users?ids=b,nobody,a").await, (200, both));
    assert_eq!(service.got("/users?ids=").await, (200, json!([])));
    assert_eq!(service.got("/users").await.0, 400);
    let many = vec!["a"; 201].join(",");
    assert_eq!(service.got(&format!("/users?ids={many}")).await.1["error"], "malformed");
}

#[tokio::test]
async fn what_is_no_user_is_not_stored() {
    let service = Service::new();
    for draft in [json!({ "name": "Ada" }), json!({ "visits": 1, "email": null }), json!([])] {
        let (status, answer) = service.asked(Method::PUT, "/users/a", Some(draft)).await;
        assert_eq!((status, &answer["error"]), (400, &json!("malformed")));
    }
    assert_eq!(service.got("/users/a").await.0, 404);
}

#[tokio::test]
async fn an_address_for_news_changes_nothing_else() {
    let service = Service::new();
    let news = json!({ "email": "ada@example.org" });
    let asked = || service.asked(Method::POST, "/newsletter/a", Some(news.clone()));
    assert_eq!(asked().await.0, 404);
    service.put("a", 7).await;
    assert_eq!(asked().await.0, 204);
    let (_, user) = service.got("/users/a").await;
    assert_eq!((&user["email"], &user["visits"]), (&news["email"], &json!(7)));
    assert_eq!(service.asked(Method::POST, "/newsletter/a", Some(json!({}))).await.0, 400);
}

#[tokio::test]
async fn a_failed_write_says_whether_it_may_have_been_done() {
    let service = Service::new();
    service.put("a", 1).await;
    service.users.legacy().push_apply(Fault::Refuse(StoreErrorKind::Unavailable));
    let (status, answer) = service.put("a", 2).await;
    assert_eq!((status, &answer["error"]), (503, &json!("unavailable")));
    assert_eq!(service.got("/users/a").await, (200, ada("a", 1)), "nothing was done");
    service.users.legacy().push_apply(Fault::FailAfter);
    let (status, answer) = service.put("a", 3).await;
    assert_eq!((status, &answer["error"]), (500, &json!("unknown")));
    assert_eq!(service.got("/users/a").await, (200, ada("a", 3)), "and this one was");
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_no_missing_user() {
    let service = Service::new();
    service.put("a", 1).await;
    service.users.legacy().always_read(Fault::Refuse(StoreErrorKind::Unavailable));
    assert_eq!(service.got("/users/a").await.0, 503);
    assert_eq!(service.got("/users?ids=a,b").await.0, 503);
    service.users.legacy().heal();
    assert_eq!(service.got("/users/a").await.0, 200);
}
