//! Whatever bytes come as an event: they are refused without a word of them, or they are one that says what they say,
//! and that is read as the same again once it was written.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use strangler_fig::event::{CloudEventError, EventEnvelope, PAYLOAD_MAX};

/// Checks the document that the bytes are.
pub fn check(bytes: &[u8]) {
    check_with(EventEnvelope::from_cloud_event, EventEnvelope::to_cloud_event, bytes);
}

/// The same of another codec.
pub fn check_with(
    read: impl Fn(&[u8]) -> Result<EventEnvelope, CloudEventError>,
    write: impl Fn(&EventEnvelope) -> String,
    bytes: &[u8],
) {
    let event = match read(bytes) {
        Ok(event) => event,
        Err(error) => return is_discreet(&error),
    };
    says_what_they_say(&event, bytes);
    let written = write(&event);
    assert!(written.len() < 1 << 20, "a bus takes a mebibyte, not {} bytes", written.len());
    says_what_they_say(&event, written.as_bytes());
    assert_eq!(read(written.as_bytes()).as_ref(), Ok(&event), "{written}");
}

/// It names an attribute, by what may be the name of one.
fn is_discreet(error: &CloudEventError) {
    let field = error.field();
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let is_name = !field.is_empty() && field.len() <= 20 && field.bytes().all(fits);
    assert!(field == "." || is_name, "{field:?}");
}

/// That nothing was added, left out, or understood otherwise.
fn says_what_they_say(event: &EventEnvelope, bytes: &[u8]) {
    let attributes: Attributes<'_> = serde_json::from_slice(bytes).expect("it was read as JSON");
    for (at, (name, _)) in attributes.0.iter().enumerate() {
        let is_alone = attributes.0[..at].iter().all(|(other, _)| other != name);
        assert!(is_alone, "{name} is there twice");
    }
    assert_eq!(attributes.text("specversion").as_deref(), Some("1.0"));
    assert_eq!(attributes.text("id").as_deref(), Some(event.id.as_str()));
    assert_eq!(attributes.text("source").as_deref(), Some(event.source.as_str()));
    assert_eq!(attributes.text("type").as_deref(), Some(event.event_type.as_str()));
    let key = attributes.text("partitionkey").or_else(|| attributes.text("id"));
    assert_eq!(key.as_deref(), Some(event.key.as_str()));
    let version = attributes.scalar("eventversion").map_or(Some(1), |text| text.parse().ok());
    assert_eq!(version, Some(event.version.get()));
    let time = attributes.text("time");
    // One that is before 1970 or behind 9999 is left out; a zone moves it by a day at most.
    let year = time.as_deref().and_then(|text| text.get(..4)?.parse::<u16>().ok());
    assert!(time.is_some() || event.time.is_none());
    assert!(event.time.is_some() || !year.is_some_and(|year| (1971..9999).contains(&year)));
    let trace = attributes.text("traceparent");
    assert!(event.traceparent.as_ref().is_none_or(|it| trace.as_deref() == Some(it.as_str())));
    has_its_extensions(event, &attributes);
    has_its_payload(event, &attributes);
}

const OWN: [&str; 11] = [
    "data",
    "data_base64",
    "datacontenttype",
    "eventversion",
    "id",
    "partitionkey",
    "source",
    "specversion",
    "time",
    "traceparent",
    "type",
];

fn has_its_extensions(event: &EventEnvelope, attributes: &Attributes<'_>) {
    let others = attributes.0.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
    let others = others.filter(|(_, value)| value.get() != "null");
    let mut count = 0;
    for (name, _) in others {
        assert_eq!(event.extensions.get(name), attributes.scalar(name).as_deref(), "{name}");
        count += 1;
    }
    assert_eq!(event.extensions.len(), count);
}

fn has_its_payload(event: &EventEnvelope, attributes: &Attributes<'_>) {
    assert!(event.payload.len() <= PAYLOAD_MAX);
    let (data, base64) = (attributes.find("data"), attributes.text("data_base64"));
    assert!(data.is_none() || base64.is_none(), "which of them?");
    match (event.payload.as_json(), event.payload.as_bytes()) {
        (Some(json), _) => assert_eq!(Some(json.as_str()), data, "it stands as it was"),
        (_, Some(bytes)) => match base64 {
            Some(base64) => assert_eq!(encoded(bytes), base64, "it has one form"),
            None => assert_eq!(Some(bytes), attributes.text("data").as_deref().map(str::as_bytes)),
        },
        _ => assert!(data.is_none() && base64.is_none()),
    }
}

/// RFC 4648, by hand.
fn encoded(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| {
            bits << 8 | u32::from(three.get(at).copied().unwrap_or_default())
        });
        for digit in 0..4 {
            let at = (bits >> (18 - 6 * digit)) & 63;
            text.push(if digit > three.len() { '=' } else { DIGITS[at as usize].into() });
        }
    }
    text
}

/// What a document has, in its order, names that are there twice too.
struct Attributes<'a>(Vec<(String, &'a RawValue)>);

impl Attributes<'_> {
    fn find(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.get())
    }

    /// One that is a text.
    fn text(&self, name: &str) -> Option<String> {
        self.find(name).and_then(|value| serde_json::from_str(value).ok())
    }

    /// One that is a text, an integer or a boolean, as a text.
    fn scalar(&self, name: &str) -> Option<String> {
        let value = self.find(name).filter(|value| *value != "null")?;
        match serde_json::from_str(value) {
            Ok(Value::String(text)) => Some(text),
            Ok(Value::Array(_) | Value::Object(_)) => None,
            _ => Some(value.to_owned()),
        }
    }
}

impl<'de> Deserialize<'de> for Attributes<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(All)
    }
}

struct All;

impl<'de> Visitor<'de> for All {
    type Value = Attributes<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(attribute) = map.next_entry()? {
            all.push(attribute);
        }
        Ok(Attributes(all))
    }
}
