//! What `Debug` shows: errors and logs quote it, so that what a store, a bus or a client holds is not in it.

use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::time::Duration;

use strangler_fig::backfill::{CheckpointStore, JobName, JobNameError, Partition};
use strangler_fig::error::JsonError;
use strangler_fig::event::{
    EventEnvelope, EventPayload, EventPublisher, EventSubscriber, Extensions, Outbox, Reply,
    ReplyStore, Settlement, SubscriptionLimits,
};
use strangler_fig::memory::{
    InMemoryBus, InMemoryCheckpointStore, InMemoryOutbox, InMemoryRepairQueue, InMemoryReplyStore,
    InMemorySagaJournal, in_memory_tables,
};
use strangler_fig::phase::{
    DocumentError, Incarnation, MigrationState, NodeId, PhaseTracker, Side,
};
use strangler_fig::reconcile::{RepairNote, RepairQueue};
use strangler_fig::repository::{DivergenceReason, DivergenceSink, StampedRepository, Unstamped};
use strangler_fig::route::{RequestHead, RouteTable, RuleBuilder};
use strangler_fig::saga::{NewSaga, SagaJournal};
use strangler_fig::stamp::{Record, StampClock};
use strangler_fig::testkit::conformance::GivenUp;

/// Text that is nowhere in a type's own words, and its bytes as they are shown.
const SECRET: &str = "hunter2";
const TERM: Duration = Duration::from_secs(30);

/// Whether text, or a list of its bytes, shows it.
fn leaks(shown: &str) -> bool {
    let bytes = format!("{:?}", SECRET.as_bytes());
    shown.contains(SECRET) || shown.contains(bytes.trim_matches(['[', ']']))
}

fn shown(value: &impl Debug) -> String {
    format!("{value:?}")
}

fn event() -> EventEnvelope {
    let mut extensions = Extensions::default();
    extensions.insert("tenant".parse().unwrap(), SECRET).unwrap();
    let mut event = EventEnvelope::new(
        "event-1".parse().unwrap(),
        "/shop/orders".parse().unwrap(),
        "order.created".parse().unwrap(),
        "order-4711".parse().unwrap(),
        EventPayload::json(&SECRET).unwrap(),
    );
    event.extensions = extensions;
    event
}

#[test]
fn the_checker_finds_what_leaks() {
    #[derive(Debug)]
    struct Derived<T>(T);
    assert!(leaks(&shown(&Derived(SECRET))));
    assert!(leaks(&shown(&Derived(SECRET.as_bytes().to_vec()))));
    assert!(!leaks(&shown(&Derived("a word"))));
}

#[test]
fn values_do_not_show_what_they_carry() {
    let head = RequestHead::new("GET", format!("/reset/{SECRET}"))
        .with_header("cookie", format!("session={SECRET}"));
    let (topic, content) = ("shop.orders".parse().unwrap(), SECRET.as_bytes().to_vec());
    let given_up = GivenUp::new(topic, Err(content), "it is no event");
    let rule =
        RuleBuilder::any("canary").header_equals("x-key", SECRET).header_begins("x-or", SECRET);
    let rule = rule.to(Side::Modern);
    let table = RouteTable::builder("shop").rule(rule.clone()).build().unwrap();
    let airports = "airports".parse().unwrap();
    let state = MigrationState::new("airports".parse().unwrap()).to_document();
    let state = state.replacen("\"epoch\":0", &format!("\"epoch\":\"{SECRET}\""), 1);
    let broken = MigrationState::from_document(&state, &airports).unwrap_err();
    assert!(matches!(broken, DocumentError::Broken { .. }), "{broken}");
    let quoted = serde_json::from_str::<u32>(&format!("{SECRET:?}")).map_err(JsonError::from);
    for (name, shown) in [
        ("RequestHead", shown(&head)),
        ("GivenUp", shown(&given_up)),
        ("Message", shown(&event().to("shop.orders".parse().unwrap()))),
        ("Extensions", shown(&event().extensions)),
        ("RuleBuilder", shown(&rule)),
        ("RouteTable", shown(&table)),
        ("DocumentError", shown(&broken)),
        ("JsonError", shown(&quoted)),
    ] {
        assert!(!leaks(&shown), "{name}: {shown}");
    }
}

#[test]
fn a_job_name_that_is_none_is_shown_cut() {
    let long: Result<JobName, JobNameError> = format!("{}{SECRET}", "x".repeat(500)).parse();
    let error = long.unwrap_err();
    assert!(!leaks(&shown(&error)) && !leaks(&error.to_string()), "{error}");
}

async fn sides() -> Vec<(&'static str, String)> {
    let sink = DivergenceSink::new(NonZeroUsize::MIN);
    assert!(sink.note(SECRET.to_owned(), DivergenceReason::Mismatch, None));
    let (rows, _) = in_memory_tables(|key: &String| key.clone());
    let tracker = PhaseTracker::detached(MigrationState::new("rows".parse().unwrap()));
    let stamps = StampClock::new().unwrap();
    let side = Unstamped::new(rows, Side::Legacy, tracker, &stamps);
    let row = Record::live(stamps.now(), SECRET.to_owned());
    side.apply(&SECRET.to_owned(), &row).await.unwrap();
    vec![("DivergenceSink", shown(&sink)), ("Unstamped", shown(&side))]
}

async fn queues() -> Vec<(&'static str, String)> {
    let key = SECRET.as_bytes().to_vec();
    let repairs = InMemoryRepairQueue::default();
    let reason = "mismatch".to_owned();
    repairs.note(&[RepairNote { key: key.clone(), reason }]).await.unwrap();
    let checkpoints = InMemoryCheckpointStore::default();
    let all = Partition { after: None, until: key };
    checkpoints.open(&"users".parse().unwrap(), &[all]).await.unwrap();
    vec![("InMemoryRepairQueue", shown(&repairs)), ("InMemoryCheckpointStore", shown(&checkpoints))]
}

async fn events() -> Vec<(&'static str, String)> {
    let bus = InMemoryBus::default();
    let topic = "shop.orders".parse().unwrap();
    let billing = "billing".parse().unwrap();
    let open = bus.subscribe(&billing, &[topic], SubscriptionLimits::default()).await.unwrap();
    let mut event = event();
    event.key = SECRET.parse().unwrap();
    let message = event.to("shop.orders".parse().unwrap());
    bus.publish(std::slice::from_ref(&message)).await.remove(0).unwrap();
    assert_eq!(bus.unsettled(&billing), 1);

    let outbox = InMemoryOutbox::default();
    let mut transaction = outbox.begin();
    outbox.stage(&mut transaction, &[message]).await.unwrap();
    transaction.commit().unwrap();

    let replies = InMemoryReplyStore::default();
    let refused = Reply::Refused(SECRET.to_owned());
    assert!(replies.put(&"order:4711/pay#execute".parse().unwrap(), &refused).await.unwrap());
    bus.plant(&"shop.orders".parse().unwrap(), SECRET);
    let came = open.receive(NonZeroUsize::MAX).await.unwrap();
    let reason = "it is no event".to_owned();
    let spoilt = came.iter().find(|it| it.event.is_err()).unwrap();
    open.settle(spoilt.receipt, &Settlement::DeadLetter { reason }).await.unwrap();
    let letters = bus.dead_letters(&billing);
    assert_eq!(letters[0].content, Err(SECRET.as_bytes().to_vec()));
    vec![
        ("InMemoryDeadLetter", shown(&letters)),
        ("InMemoryBus", shown(&bus)),
        ("its subscription", shown(&open)),
        ("InMemoryOutbox", shown(&outbox)),
        ("InMemoryReplyStore", shown(&replies)),
    ]
}

async fn sagas() -> Vec<(&'static str, String)> {
    let journal = InMemorySagaJournal::default();
    let name = "node-1".parse().unwrap();
    let runner = NodeId { name, incarnation: Incarnation::random().unwrap() };
    let definition = "checkout@3#00000000000000ff".parse().unwrap();
    let saga = NewSaga { id: SECRET.parse().unwrap(), definition, input: 42, parent: None };
    journal.create(&saga, &[], &runner, TERM).await.unwrap();
    vec![("InMemorySagaJournal", shown(&journal))]
}

#[tokio::test]
async fn stores_show_how_much_they_hold_and_not_what() {
    let all = [sides().await, queues().await, events().await, sagas().await].concat();
    assert_eq!(all.len(), 10);
    for (name, shown) in all {
        assert!(!leaks(&shown), "{name}: {shown}");
    }
}

#[cfg(feature = "http")]
mod http {
    use std::sync::Arc;

    use strangler_fig::gateway::{Body, Mirror, PartAnswer, Request, ResponseFields};
    use strangler_fig::phase::{Share, Side};
    use strangler_fig::route::MirrorPlan;

    use super::{SECRET, leaks, shown};

    fn request() -> Request {
        let request = ::http::Request::get(format!("/me?token={SECRET}"));
        request.header("cookie", SECRET).body(Body::full(SECRET)).unwrap()
    }

    #[test]
    fn a_part_s_answer_shows_how_long_it_is() {
        let mut answer = PartAnswer::of(SECRET);
        answer.headers.insert("set-cookie", SECRET.parse().unwrap());
        assert_eq!(shown(&answer), "PartAnswer(1 headers, 7 bytes)");
    }

    #[test]
    fn a_drawn_mirror_shows_no_credentials() {
        let mirror = Mirror::new(Arc::new(ResponseFields::default())).with_credentials();
        let plan = MirrorPlan::new(Side::Modern, Share::WHOLE);
        let drawn = mirror.draw(plan, "me", &request()).expect("it is chosen");
        assert!(!leaks(&shown(&drawn)), "{drawn:?}");
    }
}
