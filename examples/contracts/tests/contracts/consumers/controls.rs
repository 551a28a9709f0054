//! Consumers that ask otherwise than was agreed: the mock refuses them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::http::Method;
use contracts::USERS_OF_GATEWAY;
use pact_consumer::prelude::*;
use serde_json::{Value, json};

use super::front::Front;
use super::mock::Mock;

fn puts(pact: &mut PactBuilder) {
    let draft = json!({ "name": "Ada", "email": null, "visits": 3 });
    pact.interaction("writes a user", "", |mut it| {
        it.request.put().path("/users/10").content_type("application/json").json_body(draft);
        it.response.status(204);
        it
    });
}

/// What the mock says of a gateway that was asked this, and what the test says that agrees to it.
async fn said(method: Method, path: &str, body: Option<Value>) -> (u16, String) {
    let mock = Mock::new(USERS_OF_GATEWAY, puts);
    let status = Front::new(&mock.url()).status(method, path, body).await;
    let failed = catch_unwind(AssertUnwindSafe(|| mock.agreed())).expect_err("it must not agree");
    (status, *failed.downcast::<String>().expect("it says why"))
}

#[tokio::test]
async fn a_field_with_another_name_is_refused_by_name() {
    let draft = json!({ "name": "Ada", "email": null, "visit_count": 3 });
    let (status, why) = said(Method::PUT, "/users/10", Some(draft)).await;
    assert_eq!(status, 500);
    assert!(why.contains("visits"), "{why}");
}

#[tokio::test]
async fn another_path_is_refused() {
    let (status, why) = said(Method::DELETE, "/users/11", None).await;
    assert_eq!(status, 500);
    assert!(why.contains("request-not-found") && why.contains("/users/11"), "{why}");
}

#[tokio::test]
async fn what_is_not_asked_is_missed() {
    let mock = Mock::new(USERS_OF_GATEWAY, puts);
    assert_eq!(mock.refused().len(), 1);
    let failed = catch_unwind(AssertUnwindSafe(|| mock.agreed())).expect_err("it must not agree");
    let why = failed.downcast::<String>().expect("it says why");
    assert!(why.contains("missing-request"), "{why}");
}
