use std::num::NonZeroUsize;
use std::time::Duration;

use adapters::customer::Customer;
use contracts::USERS_OF_MONOLITH;
use pact_consumer::prelude::*;
use serde_json::{Value, json};
use storefront::users::{Draft, HttpRepairQueue, remote};
use strangler_fig::error::StoreErrorKind;
use strangler_fig::key::KeyExt;
use strangler_fig::reconcile::{RepairDepth, RepairEntry, RepairNote, RepairQueue};
use strangler_fig::repository::{Applied, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};

use super::mock::Mock;

const JSON: &str = "application/json";
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
fn encoded(id: &str) -> Vec<u8> {
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

fn reads(pact: &mut PactBuilder) {
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

fn writes(pact: &mut PactBuilder) {
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
        it.response.json_body(json_pattern!({ "kind": "Rejected", "message": like!("why") }));
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

fn note() -> RepairNote {
    RepairNote { key: encoded("R"), reason: "mismatch".to_owned() }
}

fn entry() -> RepairEntry {
    let RepairNote { key, reason } = note();
    RepairEntry { key, reason, notes: 1, attempts: 0, error: None, receipt: 1 }
}

fn queue(pact: &mut PactBuilder) {
    let mut call = |description: &str, is_noted, call: Value, answer: JsonPattern| {
        pact.interaction(description, "", |mut it| {
            if is_noted {
                it.given_with_params("a repair waits", &json!(note()));
            }
            it.request.post().path("/internal/repairs").content_type(JSON).json_body(call);
            it.response.content_type(JSON).json_body(answer);
            it
        });
    };
    let done = || json_pattern!({ "Ok": null });
    call("notes a repair", false, json!({ "Note": [note()] }), done());
    let taken = json_pattern!({ "Ok": [{
        "key": json!(encoded("R")),
        "reason": like!("mismatch"),
        "notes": like!(1),
        "attempts": like!(0),
        "error": null,
        "receipt": like!(1),
    }] });
    call("takes a repair", true, json!({ "Take": [1, { "secs": 10, "nanos": 0 }] }), taken);
    call("has made a repair", true, json!({ "Finish": entry() }), done());
    let postponed = json!({ "Postpone": [entry(), { "secs": 1, "nanos": 0 }, "away"] });
    call("postpones a repair", true, postponed, done());
    call("gives a repair up", true, json!({ "Park": [entry(), "never"] }), done());
    let depth = json_pattern!({ "Ok": {
        "waiting": like!(1),
        "parked": like!(0),
        "oldest": { "secs": like!(2), "nanos": like!(0) },
    } });
    call("asks how many repairs wait", true, json!("Depth"), depth);
}

#[tokio::test]
async fn of_the_user_service() {
    let mock = Mock::new(USERS_OF_MONOLITH, |pact| {
        reads(pact);
        writes(pact);
        queue(pact);
    });
    asks_the_store(&mock.url()).await;
    asks_the_queue(&mock.url()).await;
    mock.agreed();
}

async fn asks_the_store(url: &str) {
    let users = remote(url);
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

async fn asks_the_queue(url: &str) {
    let queue = HttpRepairQueue::new(url).unwrap();
    queue.note(&[note()]).await.unwrap();
    let taken = queue.take(NonZeroUsize::MIN, Duration::from_secs(10)).await.unwrap();
    assert_eq!(taken, [entry()]);
    queue.finish(&entry()).await.unwrap();
    queue.postpone(&entry(), Duration::from_secs(1), "away").await.unwrap();
    queue.park(&entry(), "never").await.unwrap();
    let oldest = Some(Duration::from_secs(2));
    assert_eq!(queue.depth().await.unwrap(), RepairDepth { waiting: 1, parked: 0, oldest });
}
