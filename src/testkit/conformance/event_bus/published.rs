//! What becomes of what is published.

use super::EventBusFixture;
use super::samples::{
    NARROW, all, carrying, event, id, ids, in_order, large, message, messages, of_key, opened,
    opened_for, published, quiet, rest, sorted, topic,
};
use crate::error::{StoreError, StoreErrorKind};
use crate::event::{EventEnvelope, EventPayload, EventTime, Message, PAYLOAD_MAX};
use crate::saga::Payload;

use StoreErrorKind::{Rejected, Unavailable};

/// The kinds of errors, `None` for success.
fn kinds(answers: &[Result<(), StoreError>]) -> Vec<Option<StoreErrorKind>> {
    answers.iter().map(|answer| answer.as_ref().err().map(StoreError::kind)).collect()
}

/// Publisher 1 and 8: as many answers as messages, each at its place.
pub(super) async fn each_message_is_answered_in_order<F: EventBusFixture>(fixture: &F) {
    let bus = fixture.bus();
    assert_eq!(bus.publish(&[]).await.len(), 0, "there is nothing to answer");
    published(&*bus, &messages(&["pears", "plums", "figs"], 3)).await;
    let Some(narrow) = fixture.narrow(NARROW).await else { return };
    let mixed = [large("pears", 1), message("figs", 1), large("nuts", 1), message("plums", 1)];
    let answers = narrow.publish(&mixed).await;
    assert_eq!(kinds(&answers), [Some(Rejected), None, Some(Rejected), None]);
}

/// Publisher 2, subscriber 1.
pub(super) async fn what_was_ok_reaches_every_subscription<F: EventBusFixture>(fixture: &F) {
    let receivers = [opened(fixture, "billing").await, opened(fixture, "stock").await];
    let other = opened_for(fixture, "returns", &["returns"]).await;
    published(&*fixture.bus(), &messages(&["pears", "plums"], 3)).await;
    for receiver in receivers {
        let came = ids(&all(&receiver, 6).await);
        let expected = [in_order("pears", 3), in_order("plums", 3)].concat();
        assert_eq!(sorted(came), expected);
    }
    quiet(&other, "that is not its topic").await;
}

/// Publisher 2: nobody is there to be told.
pub(super) async fn a_message_without_subscriptions_is_ok<F: EventBusFixture>(fixture: &F) {
    let bus = fixture.bus();
    published(&*bus, &[message("pears", 1)]).await;
    let receiver = opened(fixture, "billing").await;
    published(&*bus, &[message("pears", 2)]).await;
    let came = ids(&all(&receiver, 1).await);
    assert!(["pears-1", "pears-2"].contains(&came[0].as_str()), "{came:?}");
}

/// Publisher 3: rejected is not taken.
pub(super) async fn a_message_that_is_too_large_is_rejected_alone<F: EventBusFixture>(fixture: &F) {
    let Some(narrow) = fixture.narrow(NARROW).await else { return };
    let receiver = opened(fixture, "billing").await;
    let mixed = [message("pears", 1), large("plums", 1), message("figs", 1)];
    assert_eq!(kinds(&narrow.publish(&mixed).await), [None, Some(Rejected), None]);
    assert_eq!(sorted(rest(&receiver).await), ["figs-1", "pears-1"]);
    published(&*fixture.bus(), &[large("plums", 1)]).await;
    assert_eq!(rest(&receiver).await, ["plums-1"], "it was the handle that was narrow");
}

/// Publisher 4.
pub(super) async fn behind_a_failed_message_its_key_waits<F: EventBusFixture>(fixture: &F) {
    let Some(narrow) = fixture.narrow(NARROW).await else { return };
    let receiver = opened(fixture, "billing").await;
    let mixed = [message("pears", 1), large("pears", 2), message("pears", 3), message("pears", 4)];
    let answers = narrow.publish(&mixed).await;
    assert_eq!(kinds(&answers), [None, Some(Rejected), Some(Unavailable), Some(Unavailable)]);
    assert_eq!(rest(&receiver).await, ["pears-1"]);
}

/// Publisher 5.
pub(super) async fn other_keys_do_not_wait<F: EventBusFixture>(fixture: &F) {
    let Some(narrow) = fixture.narrow(NARROW).await else { return };
    let receiver = opened(fixture, "billing").await;
    let mixed = [large("pears", 1), message("plums", 1), message("figs", 1), message("plums", 2)];
    let answers = narrow.publish(&mixed).await;
    assert_eq!(kinds(&answers), [Some(Rejected), None, None, None]);
    let came = rest(&receiver).await;
    assert_eq!(of_key(&came, "plums"), in_order("plums", 2));
    assert_eq!(sorted(came), ["figs-1", "plums-1", "plums-2"]);
}

/// Events that a careless codec changes.
fn awkward() -> Vec<EventEnvelope> {
    let json = |text: &str| {
        let payload = Payload::parse(text).expect("it is JSON");
        EventPayload::from_json(payload).expect("it is small")
    };
    let bytes = |content_type: &str, bytes: Vec<u8>| {
        EventPayload::bytes(content_type, bytes).expect("they are not too many")
    };
    let payloads = [
        EventPayload::default(),
        json("null"),
        json("[1.0, 1e3, 18446744073709551616, 0.30000000000000004, -0]"),
        json(r#"{"b": 1, "a": "\u00e9\ud834\udd1e\n\"", "b": [ ]}"#),
        bytes("application/octet-stream", (0..=255).collect()),
        bytes("text/plain; charset=utf-8", Vec::new()),
        bytes("application/json", b"{no json".to_vec()),
        json(&format!("\"{}\"", "x".repeat(PAYLOAD_MAX - 2))),
        bytes("a/b", (0..=255).cycle().take(PAYLOAD_MAX).collect()),
    ];
    let mut events: Vec<_> =
        (1..).zip(payloads).map(|(n, payload)| carrying("awkward", n, payload)).collect();
    events.push(event("q\"\\/ \u{e9}\u{1d11e}\u{2028}", 1));
    events.push(full());
    events
}

/// One with all that an event may have.
fn full() -> EventEnvelope {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut full = event("full", 1)
        .with_version(7.try_into().expect("it is not zero"))
        .with_time(EventTime::from_unix_millis(1_709_251_199_999).expect("it is in range"))
        .with_traceparent(trace.parse().expect("it is one"));
    full.source = "https://shop.example/a%20b?c=d#e".parse().expect("it is a reference");
    for (name, value) in [
        ("correlationid", "c \"quoted\" \\ 1"),
        ("replyto", "replies"),
        ("tenant", "N\u{f6}rd \u{1d11e}"),
        ("n", "007"),
        ("truth", "true"),
    ] {
        let name = name.parse().expect("it is a name");
        full = full.with_extension(name, value).expect("it fits");
    }
    full
}

/// Publisher 6.
pub(super) async fn events_come_back_equal<F: EventBusFixture>(fixture: &F) {
    let receiver = opened_for(fixture, "billing", &["shop.Orders_1-a"]).await;
    let events = awkward();
    let to = topic("shop.Orders_1-a");
    let messages: Vec<Message> = events.iter().cloned().map(|it| it.to(to.clone())).collect();
    published(&*fixture.bus(), &messages).await;
    for delivery in all(&receiver, events.len()).await {
        assert_eq!(delivery.topic, to);
        let came = delivery.event.expect("it is an event");
        let sent = events.iter().find(|event| event.id == came.id).expect("it was sent");
        assert_eq!(&came, sent);
        let json = |event: &EventEnvelope| event.payload.as_json().map(|it| it.as_str().to_owned());
        assert_eq!(json(&came), json(sent), "its text as it stands");
    }
}

/// Publisher 6.
pub(super) async fn topics_that_differ_in_case_differ<F: EventBusFixture>(fixture: &F) {
    let upper = opened_for(fixture, "upper", &["Orders"]).await;
    let lower = opened_for(fixture, "lower", &["orders"]).await;
    let sent = [event("pears", 1).to(topic("orders")), event("plums", 1).to(topic("Orders"))];
    published(&*fixture.bus(), &sent).await;
    let came = [all(&upper, 1).await, all(&lower, 1).await].concat();
    let came: Vec<_> = came.iter().map(|it| (it.topic.as_str().to_owned(), id(it))).collect();
    let expected = [("Orders", "plums-1"), ("orders", "pears-1")];
    assert_eq!(came, expected.map(|(topic, id)| (topic.to_owned(), id.to_owned())));
    quiet(&upper, "it has had its own").await;
    quiet(&lower, "it has had its own").await;
}
