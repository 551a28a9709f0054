//! What holds of every event, and of every document that is taken.

use std::num::NonZeroU32;
use std::str::FromStr;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use strangler_fig::event::{
    EventEnvelope, EventPayload, EventTime, ExtensionName, PAYLOAD_MAX, Traceparent,
};
use strangler_fig::saga::Payload;

/// A text of at most so many bytes that a `T` can be made of, quotes, signs and all.
fn text<T: FromStr + std::fmt::Debug>(pattern: &'static str) -> impl Strategy<Value = T> {
    pattern
        .prop_filter_map("it is too long, or has what no text may have", |text| text.parse().ok())
}

const PLAIN: &str = "[a-z0-9 \"\\\\/<>&'\u{e9}\u{301}\u{202e}\u{1F4A9}\u{FFFD}-]{1,40}";

fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("1e400".to_owned()),
        Just("-0.10".to_owned()),
        Just("\"\\ud800\"".to_owned()),
        Just("\" \\u00e9 \\/ \u{2028}\"".to_owned()),
        "[1-9][0-9]{0,400}",
        "\"[a-z \u{e9}]{0,20}\"",
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[ {} ]", items.join(" ,\n"))),
            vec(inner, 0..4).prop_map(|items| {
                let fields = items.iter().map(|item| format!("\"a\"\t: {item}"));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

fn payload() -> impl Strategy<Value = EventPayload> {
    let types = prop::sample::select(vec![
        "text/plain",
        "application/json",
        "application/x+json; charset=\"utf-8\"",
        "a/b",
    ]);
    prop_oneof![
        1 => Just(EventPayload::default()),
        4 => json_text().prop_map(|json| {
            EventPayload::from_json(Payload::parse(&json).unwrap()).unwrap()
        }),
        4 => (types, vec(any::<u8>(), 0..200))
            .prop_map(|(of, bytes)| EventPayload::bytes(of, bytes).unwrap()),
    ]
}

fn traceparent() -> impl Strategy<Value = Traceparent> {
    text("00-[0-9a-f]{31}1-[0-9a-f]{15}1-0[01]|cc-[0-9a-f]{31}1-[0-9a-f]{15}1-00(-[a-z\"]{0,9})?")
}

fn event() -> impl Strategy<Value = EventEnvelope> {
    let names =
        (text(PLAIN), text("/[a-z%]{0,9}|urn:[a-z:]{1,20}|[a-z]{1,8}"), text(PLAIN), text(PLAIN));
    let time = prop::option::of(
        (0..253_402_300_800_000_u64)
            .prop_map(|millis| EventTime::from_unix_millis(millis).unwrap()),
    );
    let extensions = vec((text::<ExtensionName>("[a-z0-9]{1,20}"), PLAIN), 0..16);
    (names, 1..=u32::MAX, time, prop::option::of(traceparent()), extensions, payload()).prop_map(
        |((id, source, event_type, key), version, time, traceparent, extensions, payload)| {
            let mut event = EventEnvelope::new(id, source, event_type, key, payload)
                .with_version(NonZeroU32::new(version).unwrap());
            (event.time, event.traceparent) = (time, traceparent);
            for (name, value) in extensions {
                event.extensions.insert(name, &value).unwrap();
            }
            event
        },
    )
}

/// An attribute as a stranger may write it, sense or not.
fn attribute() -> impl Strategy<Value = (String, Value)> {
    let names = vec![
        "id",
        "source",
        "type",
        "specversion",
        "partitionkey",
        "eventversion",
        "time",
        "traceparent",
        "datacontenttype",
        "data",
        "data_base64",
        "subject",
        "dataschema",
        "tenant",
        "Tenant",
        "a b",
    ];
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            "1.0",
            "1",
            "/shop",
            "text/plain",
            "application/json",
            "2026-02-28T13:00:00.5+01:00",
            "aGk=",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "",
        ])
        .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        vec(any::<u8>(), 0..4).prop_map(Value::from),
    ];
    (prop::sample::select(names).prop_map(str::to_owned), value)
}

/// One that has what there must be, mostly.
fn document() -> impl Strategy<Value = Value> {
    (vec(attribute(), 0..8), 0..8_u8).prop_map(|(attributes, missing)| {
        let mut fields: Map<_, _> = attributes.into_iter().collect();
        for (at, (name, value)) in
            (1..).zip([("specversion", "1.0"), ("id", "1"), ("source", "/s"), ("type", "t")])
        {
            if at != missing {
                fields.insert(name.to_owned(), json!(value));
            }
        }
        Value::Object(fields)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn every_event_is_read_as_it_was_written(event in event()) {
        let document = event.to_cloud_event();
        prop_assert_eq!(EventEnvelope::from_cloud_event(document.as_bytes()).unwrap(), event);
    }

    /// By its own word, a document is JSON for everybody.
    #[test]
    fn every_document_is_json_with_texts_and_one_integer(event in event()) {
        let document: Value = match serde_json::from_str(&event.to_cloud_event()) {
            Ok(document) => document,
            // `serde_json` refuses numbers and surrogates that a payload may have; those are not ours.
            Err(_) => return Ok(()),
        };
        for (name, value) in document.as_object().unwrap() {
            let is_own = match name.as_str() {
                "data" => true,
                "eventversion" => value.is_u64(),
                _ => value.is_string(),
            };
            prop_assert!(is_own, "{} is {}", name, value);
        }
    }

    #[test]
    fn what_was_taken_is_read_the_same_again(document in document()) {
        if let Ok(event) = crate::read(&document) {
            let again = EventEnvelope::from_cloud_event(event.to_cloud_event().as_bytes());
            prop_assert_eq!(again.unwrap(), event);
        }
    }

    #[test]
    fn no_bytes_are_too_much(bytes in vec(any::<u8>(), 0..200)) {
        if let Ok(event) = EventEnvelope::from_cloud_event(&bytes) {
            prop_assert!(event.payload.len() <= bytes.len());
        }
    }

    /// What is cut off, or has one byte changed, is refused, or is another event that can be written.
    #[test]
    fn damage_is_seen_or_harmless(event in event(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut document = event.to_cloud_event().into_bytes();
        let at = at.index(document.len());
        prop_assert!(EventEnvelope::from_cloud_event(&document[..at]).is_err());
        document[at] = byte;
        if let Ok(read) = EventEnvelope::from_cloud_event(&document) {
            let again = EventEnvelope::from_cloud_event(read.to_cloud_event().as_bytes());
            prop_assert_eq!(again.unwrap(), read);
        }
    }
}

/// Whatever is the most of each, at once: the bound on documents leaves room for it.
#[test]
fn the_largest_event_is_read_and_fits_a_mebibyte() {
    let longest = "\"".repeat(256);
    let payloads = [
        EventPayload::bytes("application/octet-stream", vec![0xFF; PAYLOAD_MAX]).unwrap(),
        EventPayload::json(&"x".repeat(PAYLOAD_MAX - 2)).unwrap(),
    ];
    for payload in payloads {
        let mut event = EventEnvelope::new(
            longest.parse().unwrap(),
            "/".repeat(256).parse().unwrap(),
            "\\".repeat(128).parse().unwrap(),
            longest.parse().unwrap(),
            payload,
        )
        .with_version(NonZeroU32::MAX)
        .with_time("9999-12-31T23:59:59.999Z".parse().unwrap());
        for n in 0..16 {
            event.extensions.insert(format!("x{n}").parse().unwrap(), &"\\".repeat(1024)).unwrap();
        }
        let document = event.to_cloud_event();
        assert!(document.len() < 1 << 20, "{} bytes", document.len());
        assert_eq!(EventEnvelope::from_cloud_event(document.as_bytes()).unwrap(), event);
    }
}
