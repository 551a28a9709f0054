//! What monolith and user service ask of each other's store while users move: the same, and with the same code.

use adapters::customer::Customer;
use pact_consumer::prelude::*;
use serde_json::{Value, json};
use storefront::users::{Draft, remote};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::key::KeyExt;
use strangler_fig::repository::{Applied, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};

pub(super) const JSON: &str = "application/json";
/// A write, one before it, and one after it.
const OLD: &str = "0190f3c2a1b4000100000000000000ff";
const STAMP: &str = "0190f3c2a1b4000200000000000000ff";
const NEW: &str = "0190f3c2a1b4000300000000000000ff";
const NEVER: &str = "00000000000000000000000000000000";
const STAMPS: &str = "^[0-9a-f]{32}$";

fn stamp(text: &str) -> Stamp {
    text.parse().unwrap()
}

fn ada(id: &str) -> Customer {
    Draft { name: "Ada".to_owned(), email: None, visits: 3 }.of(id.to_owned())
}

fn record(id: &str, at: &str) -> Record<Customer> {
    Record::live(stamp(at), ada(id))
}

/// The key of a user, as stores and queues have it.
pub(super) fn encoded(id: &str) -> Vec<u8> {
    id.as_bytes().to_vec().to_bytes()
}

/// The same, as it stands in a path.
fn key(id: &str) -> String {
    hex::encode(encoded(id))
}

/// What the store must say of a user.
fn stored(id: &str) -> JsonPattern {
    json_pattern!({
        "stamp": term!(STAMPS, STAMP),
        "value": {
            "id": json!(id.as_bytes()),
            "name": like!("Ada"),
            "email": null,
            "balance": like!(0),
            "joined": like!(0),
            "visits": like!(3),
            "is_active": like!(true),
            "seal": null,
        },
    })
}

/// The params of the state in which the store holds a record.
fn held(id: &str) -> Value {
    json!({ "record": record(id, STAMP) })
}

const IS_HELD: &str = "a record is stored";
const IS_NOT_HELD: &str = "a key was never written";

pub(super) fn reads(pact: &mut PactBuilder) {
    pact.interaction("reads a record", "", |mut it| {
        it.given_with_params(IS_HELD, &held("A"));
        it.request.path(format!("/internal/users/records/{}", key("A")));
        it.response.content_type(JSON).json_body(stored("A"));
        it
    });
    pact.interaction("reads what was never written", "", |mut it| {
        it.given_with_params(IS_NOT_HELD, &json!({ "id": "Z" }));
        it.request.path(format!("/internal/users/records/{}", key("Z")));
        it.response.content_type(JSON);
        it.response.json_body(json_pattern!({ "stamp": NEVER, "value": null }));
        it
    });
    pact.interaction("reads several records", "", |mut it| {
        it.given_with_params(IS_HELD, &held("A"));
        it.given_with_params(IS_NOT_HELD, &json!({ "id": "Z" }));
        it.request.post().path("/internal/users/reads").content_type(JSON);
        it.request.json_body(json!([key("A"), key("Z")]));
        it.response.content_type(JSON).json_body(json_pattern!([
            { "Ok": stored("A") }, { "Ok": { "stamp": NEVER, "value": null } },
        ]));
        it
    });
}

/// One whose name the store cannot hold.
fn too_long() -> Record<Customer> {
    Record::live(stamp(NEW), Customer { name: "a".repeat(201), ..ada("D") })
}

pub(super) fn writes(pact: &mut PactBuilder) {
    pact.interaction("writes a newer record", "", |mut it| {
        it.given_with_params(IS_HELD, &held("B"));
        it.request.put().path(format!("/internal/users/records/{}", key("B")));
        it.request.content_type(JSON).json_body(json!(record("B", NEW)));
        it.response.content_type(JSON).json_body(json_pattern!("Stored"));
        it
    });
    pact.interaction("writes what was superseded", "", |mut it| {
        it.given_with_params(IS_HELD, &held("C"));
        it.request.put().path(format!("/internal/users/records/{}", key("C")));
        it.request.content_type(JSON).json_body(json!(record("C", OLD)));
        it.response.content_type(JSON).json_body(json_pattern!({ "Stale": term!(STAMPS, STAMP) }));
        it
    });
    pact.interaction("writes what the store cannot hold", "", |mut it| {
        it.request.put().path(format!("/internal/users/records/{}", key("D")));
        it.request.content_type(JSON).json_body(json!(too_long()));
        it.response.status(422).content_type(JSON);
        it.response.json_body(json_pattern!({ "kind": "rejected", "message": like!("why") }));
        it
    });
    pact.interaction("writes several records", "", |mut it| {
        it.given_with_params(IS_HELD, &held("E"));
        it.request.post().path("/internal/users/applies").content_type(JSON);
        it.request.json_body(json!([
            [key("E"), record("E", OLD)],
            [key("F"), Record::<Customer>::tombstone(stamp(NEW))],
        ]));
        it.response.content_type(JSON).json_body(json_pattern!([
            { "Ok": { "Stale": term!(STAMPS, STAMP) } }, { "Ok": "Stored" },
        ]));
        it
    });
}

pub(super) async fn asks_the_store(url: &str) {
    let users = remote(url).unwrap();
    let id = |text: &str| text.as_bytes().to_vec();
    assert_eq!(users.read(&id("A")).await.unwrap(), record("A", STAMP));
    assert_eq!(users.read(&id("Z")).await.unwrap(), Record::absent());
    let several = users.read_many(&[id("A"), id("Z")]).await;
    let several: Vec<_> = several.into_iter().map(Result::unwrap).collect();
    assert_eq!(several, [record("A", STAMP), Record::absent()]);
    let newer = users.apply(&id("B"), &record("B", NEW)).await;
    assert_eq!(newer.unwrap(), Applied::Stored);
    let older = users.apply(&id("C"), &record("C", OLD)).await;
    assert_eq!(older.unwrap(), Applied::Stale(stamp(STAMP)));
    let refused = users.apply(&id("D"), &too_long()).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Rejected, "surely nothing was done");
    let several = [(id("E"), record("E", OLD)), (id("F"), Record::tombstone(stamp(NEW)))];
    let several = users.apply_many(&several).await.into_iter().map(Result::unwrap);
    assert_eq!(several.collect::<Vec<_>>(), [Applied::Stale(stamp(STAMP)), Applied::Stored]);
}
