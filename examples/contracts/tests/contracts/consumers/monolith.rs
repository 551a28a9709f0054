use std::num::NonZeroUsize;
use std::time::Duration;

use contracts::USERS_OF_MONOLITH;
use pact_consumer::prelude::*;
use serde_json::{Value, json};
use storefront::users::HttpRepairQueue;
use strangler_fig::reconcile::{RepairDepth, RepairEntry, RepairNote, RepairQueue};

use super::mock::Mock;
use super::stores::{JSON, asks_the_store, encoded, reads, writes};

fn note() -> RepairNote {
    RepairNote { key: encoded("R"), reason: "mismatch".to_owned() }
}

fn entry() -> RepairEntry {
    let RepairNote { key, reason } = note();
    let mut entry = RepairEntry::new(key, reason);
    entry.receipt = 1;
    entry
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
        "oldest_seconds": like!(2.5),
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

async fn asks_the_queue(url: &str) {
    let queue = HttpRepairQueue::new(url).unwrap();
    queue.note(&[note()]).await.unwrap();
    let taken = queue.take(NonZeroUsize::MIN, Duration::from_secs(10)).await.unwrap();
    assert_eq!(taken, [entry()]);
    queue.finish(&entry()).await.unwrap();
    queue.postpone(&entry(), Duration::from_secs(1), "away").await.unwrap();
    queue.park(&entry(), "never").await.unwrap();
    let oldest = Some(Duration::from_millis(2500));
    assert_eq!(queue.depth().await.unwrap(), RepairDepth::new(1, 0, oldest));
}
