//! Flawed codecs of events, each with a mistake that somebody could make.

use serde_json::Value;
use strangler_fig::event::{CloudEventError, EventEnvelope, EventPayload, EventTime, Extensions};
use strangler_fig::saga::Payload;

use crate::corpus::found_out;
use crate::events::check_with;

fn flawed(read: impl Fn(&[u8]) -> Result<EventEnvelope, CloudEventError>) -> usize {
    found_out("events", |bytes| check_with(&read, EventEnvelope::to_cloud_event, bytes))
}

/// One that reads rightly, and then does this.
fn changes(change: impl Fn(&mut EventEnvelope)) -> usize {
    flawed(|bytes| {
        let mut event = EventEnvelope::from_cloud_event(bytes)?;
        change(&mut event);
        Ok(event)
    })
}

/// One that reads documents with this in them through values, changed so; the others as they should be.
fn through_values(with: &str, change: impl Fn(&mut Value)) -> usize {
    flawed(|bytes| match serde_json::from_slice::<Value>(bytes) {
        Ok(mut document) if String::from_utf8_lossy(bytes).contains(with) => {
            change(&mut document);
            EventEnvelope::from_cloud_event(document.to_string().as_bytes())
        }
        _ => EventEnvelope::from_cloud_event(bytes),
    })
}

fn writes(write: impl Fn(&EventEnvelope) -> String) -> usize {
    found_out("events", |bytes| check_with(EventEnvelope::from_cloud_event, &write, bytes))
}

#[test]
fn a_sound_codec_is_not_found_out() {
    assert_eq!(changes(|_| {}) + writes(EventEnvelope::to_cloud_event), 0);
}

#[test]
fn one_that_takes_the_last_of_two_is_found_out() {
    assert!(through_values("\"id\":\"2\"", |_| {}) > 0);
}

#[test]
fn one_that_writes_payloads_anew_is_found_out() {
    let anew = |event: &mut EventEnvelope| {
        let json = event.payload.as_json().and_then(|json| json.read::<Value>().ok());
        if let Some(json) = json {
            event.payload = EventPayload::from_json(Payload::of(&json).unwrap()).unwrap();
        }
    };
    assert!(changes(anew) > 0);
}

#[test]
fn one_that_forgets_the_key_the_version_or_the_time_is_found_out() {
    assert!(changes(|event| event.key = event.id.as_str().parse().unwrap()) > 0);
    assert!(changes(|event| event.version = std::num::NonZeroU32::MIN) > 0);
    assert!(changes(|event| event.time = None) > 0);
    assert!(changes(|event| event.extensions = Extensions::default()) > 0);
    assert!(changes(|event| event.payload = EventPayload::default()) > 0);
}

#[test]
fn one_that_takes_null_for_a_text_is_found_out() {
    let null = |document: &mut Value| {
        let fields = document.as_object_mut().into_iter().flatten();
        for (_, value) in fields.filter(|(name, value)| *name != "data" && value.is_null()) {
            *value = "null".into();
        }
    };
    assert!(through_values(":null", null) > 0);
}

#[test]
fn one_that_is_lenient_with_base64_is_found_out() {
    let lenient = |document: &mut Value| {
        let text = document.get("data_base64").and_then(Value::as_str).unwrap_or_default();
        let text = text.replace(['\n', '\r', '='], "").replace('-', "+").replace('_', "/");
        let padding = "=".repeat((4 - text.len() % 4) % 4);
        if let Some(value) = document.get_mut("data_base64") {
            *value = (text + &padding).into();
        }
    };
    assert!(through_values("data_base64", lenient) > 0);
}

#[test]
fn one_that_tells_what_it_refuses_is_found_out() {
    let tells = |bytes: &[u8]| {
        EventEnvelope::from_cloud_event(bytes)
            .map_err(|error| CloudEventError::new(String::from_utf8_lossy(bytes), error.why()))
    };
    assert!(flawed(tells) > 20);
}

#[test]
fn one_that_writes_less_than_it_was_told_is_found_out() {
    let without = |strip: fn(&mut EventEnvelope)| {
        writes(move |event| {
            let mut event = event.clone();
            strip(&mut event);
            event.to_cloud_event()
        })
    };
    assert!(without(|event| event.traceparent = None) > 0);
    assert!(without(|event| event.time = event.time.and_then(whole_second)) > 0);
    assert!(without(|event| event.extensions = Extensions::default()) > 0);
}

fn whole_second(time: EventTime) -> Option<EventTime> {
    EventTime::from_unix_millis(time.unix_millis() / 1_000 * 1_000).ok()
}
