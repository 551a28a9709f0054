//! User services that answer otherwise than was agreed: what they break is named.

use axum::Router;
use axum::body::Body;
use axum::http::header;
use axum::middleware::map_response;
use axum::response::Response;
use contracts::{USERS_OF_GATEWAY, USERS_OF_MONOLITH};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::users::of_users;

/// What stands in place of a field.
type Change = fn(Value) -> Vec<(&'static str, Value)>;

/// Routes whose answers are `changed` on their way out, wherever they have the field.
fn changed(routes: Router, field: &'static str, change: Change) -> Router {
    routes.layer(map_response(move |response: Response| async move {
        let (mut head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let Ok(mut answer) = serde_json::from_slice(&body) else {
            return Response::from_parts(head, Body::from(body));
        };
        rewrite(&mut answer, field, change);
        head.headers.remove(header::CONTENT_LENGTH);
        Response::from_parts(head, Body::from(answer.to_string()))
    }))
}

fn rewrite(answer: &mut Value, field: &str, change: Change) {
    match answer {
        Value::Array(several) => several.iter_mut().for_each(|it| rewrite(it, field, change)),
        Value::Object(fields) => {
            fields.values_mut().for_each(|it| rewrite(it, field, change));
            if let Some(value) = fields.remove(field) {
                fields.extend(change(value).into_iter().map(|(name, it)| (name.to_owned(), it)));
            }
        }
        _ => {}
    }
}

/// Each of these complaints names the field.
#[track_caller]
fn assert_named(said: &[String], field: &str, count: usize) {
    assert_eq!(said.len(), count, "{}", said.join("\n"));
    assert!(said.iter().all(|it| it.contains(field)), "{}", said.join("\n"));
}

#[tokio::test]
async fn a_field_that_was_renamed_is_named() {
    let renamed = |value| vec![("visit_count", value)];
    let said = of_users(USERS_OF_GATEWAY, |routes| changed(routes, "visits", renamed)).await;
    assert_named(&said, "visits", 3);
}

#[tokio::test]
async fn a_field_of_another_type_is_named() {
    let text = |value: Value| vec![("visits", json!(value.to_string()))];
    let said = of_users(USERS_OF_GATEWAY, |routes| changed(routes, "visits", text)).await;
    assert_named(&said, ".visits", 3);
}

#[tokio::test]
async fn a_failure_of_another_name_is_named() {
    let other = |_| vec![("error", json!("not_found"))];
    let said = of_users(USERS_OF_GATEWAY, |routes| changed(routes, "error", other)).await;
    assert_named(&said, "$.error", 3);
}

#[tokio::test]
async fn a_stamp_of_another_form_is_named() {
    let short = |_| vec![("stamp", json!(7))];
    let said = of_users(USERS_OF_MONOLITH, |routes| changed(routes, "stamp", short)).await;
    assert_named(&said, "stamp", 3);
}

#[tokio::test]
async fn more_than_was_agreed_breaks_nothing() {
    let more = |value| vec![("visits", value), ("visited", json!(true))];
    let said = of_users(USERS_OF_GATEWAY, |routes| changed(routes, "visits", more)).await;
    assert_named(&said, "", 0);
}
