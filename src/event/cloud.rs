//! Events as documents of `CloudEvents` 1.0 in its JSON format, with the extensions Partitioning and Distributed
//! Tracing, and back.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{
    CloudEventError, EventEnvelope, EventId, EventPayload, EventPayloadError, EventTime,
    ExtensionName, Extensions, PAYLOAD_MAX, TextError,
};
use crate::saga::Payload;

/// The longest document that is read: a payload in base64, and room for all else.
const DOCUMENT_MAX: usize = 2 * PAYLOAD_MAX + (64 << 10);
/// The most attributes, extensions included, that are looked at.
const ATTRIBUTES_MAX: usize = 64;

impl EventEnvelope {
    /// It as a document of `CloudEvents` 1.0: JSON, structured, media type `application/cloudevents+json`.
    ///
    /// The key is the extension `partitionkey`, the version the extension `eventversion`. A JSON payload stands in it
    /// byte for byte.
    ///
    /// ```
    /// use strangler_fig::event::{EventEnvelope, EventPayload};
    ///
    /// let paid = EventEnvelope::new(
    ///     "1".parse()?,
    ///     "/shop".parse()?,
    ///     "order.paid".parse()?,
    ///     "4711".parse()?,
    ///     EventPayload::json(&700)?,
    /// );
    /// let document = paid.to_cloud_event();
    /// assert!(document.starts_with(r#"{"specversion":"1.0","id":"1","source":"/shop","type":"order.paid","#));
    /// assert_eq!(EventEnvelope::from_cloud_event(document.as_bytes())?, paid);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Never: all of it is text.
    #[must_use]
    pub fn to_cloud_event(&self) -> String {
        serde_json::to_string(&Document(self)).expect("texts have JSON")
    }

    /// The event in a document of `CloudEvents` 1.0, as whoever else may have made it.
    ///
    /// Without a `partitionkey` its key is its id: nobody asked for an order. Without an `eventversion` it is in the
    /// first form. An invalid `traceparent` is dropped, as W3C asks for; so is a `time` before 1970 or after 9999. `data` is JSON if its content type is, or if
    /// there is none; else it is a text. Extensions that are integers or booleans become texts.
    ///
    /// ```
    /// use strangler_fig::event::EventEnvelope;
    ///
    /// let document = br#"{"specversion": "1.0", "id": "1", "source": "/shop", "type": "order.paid", "data": 700}"#;
    /// let paid = EventEnvelope::from_cloud_event(document)?;
    /// assert_eq!((paid.key.as_str(), paid.version.get()), ("1", 1));
    ///
    /// let error = EventEnvelope::from_cloud_event(br#"{"specversion": "1.0", "id": 1}"#).unwrap_err();
    /// assert_eq!(error.to_string(), "no event: id: it is no text");
    /// # Ok::<(), strangler_fig::event::CloudEventError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`CloudEventError`]: which attribute is none, and why; never what it is. A document is at most 1,088 KiB long.
    pub fn from_cloud_event(document: &[u8]) -> Result<Self, CloudEventError> {
        if document.len() > DOCUMENT_MAX {
            return Err(CloudEventError::new(".", "it is longer than 1,088 KiB"));
        }
        let no_object =
            |_| CloudEventError::new(".", "it is no JSON object with each attribute once");
        let mut attributes: Attributes<'_> = serde_json::from_slice(document).map_err(no_object)?;
        if attributes.text("specversion")?.as_deref() != Some("1.0") {
            return Err(CloudEventError::new("specversion", "it is not 1.0"));
        }
        let id: EventId = attributes.required("id")?;
        let source = attributes.required("source")?;
        let event_type = attributes.required("type")?;
        let key = match attributes.optional("partitionkey")? {
            Some(key) => key,
            None => id.as_str().parse().map_err(|error| wrong("id", error))?,
        };
        let mut event = Self::new(id, source, event_type, key, EventPayload::default());
        event.version = attributes.version()?;
        event.time = attributes.time()?;
        event.traceparent =
            attributes.text("traceparent").ok().flatten().and_then(|it| it.parse().ok());
        event.payload = attributes.payload()?;
        event.extensions = attributes.extensions()?;
        Ok(event)
    }
}

/// An event, on its way to be one.
struct Document<'a>(&'a EventEnvelope);

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let event = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("specversion", "1.0")?;
        map.serialize_entry("id", event.id.as_str())?;
        map.serialize_entry("source", event.source.as_str())?;
        map.serialize_entry("type", event.event_type.as_str())?;
        map.serialize_entry("partitionkey", event.key.as_str())?;
        map.serialize_entry("eventversion", &event.version)?;
        if let Some(time) = event.time {
            map.serialize_entry("time", &format_args!("{time}"))?;
        }
        if let Some(traceparent) = &event.traceparent {
            map.serialize_entry("traceparent", traceparent.as_str())?;
        }
        for (name, value) in event.extensions.iter() {
            map.serialize_entry(name.as_str(), value)?;
        }
        if let Some(content_type) = event.payload.content_type() {
            map.serialize_entry("datacontenttype", content_type)?;
        }
        if let Some(json) = event.payload.as_json() {
            map.serialize_entry("data", json)?;
        }
        if let Some(bytes) = event.payload.as_bytes() {
            map.serialize_entry("data_base64", &STANDARD.encode(bytes))?;
        }
        map.end()
    }
}

/// The attributes of a document that nobody has taken yet, each once, as they stand.
struct Attributes<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Attributes<'a> {
    fn take(&mut self, name: &str) -> Option<&'a RawValue> {
        let at = self.0.iter().position(|(it, _)| it == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// One that is a text; `null` is as good as none.
    fn text(&mut self, name: &str) -> Result<Option<String>, CloudEventError> {
        let Some(value) = self.take(name).filter(|value| !is_null(value)) else { return Ok(None) };
        let text = serde_json::from_str(value.get());
        text.map(Some).map_err(|_| CloudEventError::new(name, "it is no text"))
    }

    fn optional<T: FromStr<Err = TextError>>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, CloudEventError> {
        let text = self.text(name)?;
        text.map(|text| text.parse().map_err(|error| wrong(name, error))).transpose()
    }

    fn required<T: FromStr<Err = TextError>>(&mut self, name: &str) -> Result<T, CloudEventError> {
        self.optional(name)?.ok_or_else(|| CloudEventError::new(name, "it is missing"))
    }

    /// One that is out of range, as the year 1 of who has set none, is as good as none.
    fn time(&mut self) -> Result<Option<EventTime>, CloudEventError> {
        const NAME: &str = "time";
        let Some(text) = self.text(NAME)? else { return Ok(None) };
        EventTime::read(&text).map_err(|error| wrong(NAME, error))
    }

    /// An integer, or a text of one: some formats know no integers.
    fn version(&mut self) -> Result<NonZeroU32, CloudEventError> {
        const NAME: &str = "eventversion";
        let Some(value) = self.take(NAME).filter(|value| !is_null(value)) else {
            return Ok(NonZeroU32::MIN);
        };
        let text = serde_json::from_str(value.get()).unwrap_or(Cow::Borrowed(value.get()));
        let is_integer = text.bytes().all(|byte| byte.is_ascii_digit());
        let version = if is_integer { text.parse().ok() } else { None };
        version
            .ok_or_else(|| CloudEventError::new(NAME, "it is no integer from 1 to 4,294,967,295"))
    }

    fn payload(&mut self) -> Result<EventPayload, CloudEventError> {
        let content_type = self.text("datacontenttype")?;
        let data = self.take("data");
        let base64 = self.text("data_base64")?;
        match (data, base64) {
            (None, None) => Ok(EventPayload::default()),
            (Some(_), Some(_)) => Err(CloudEventError::new("data", "it is there in base64 too")),
            (None, Some(base64)) => {
                let bytes = STANDARD.decode(base64);
                let bytes =
                    bytes.map_err(|_| CloudEventError::new("data_base64", "it is no base64"))?;
                let content_type = content_type.as_deref().unwrap_or("application/octet-stream");
                bytes_of(content_type, bytes, "data_base64")
            }
            (Some(data), None) if content_type.as_deref().is_none_or(is_json) => {
                let json = Payload::parse(data.get()).map_err(|error| wrong("data", error))?;
                EventPayload::from_json(json).map_err(|error| wrong("data", error))
            }
            (Some(data), None) => {
                let text = serde_json::from_str::<String>(data.get());
                let text = text.map_err(|_| {
                    CloudEventError::new(
                        "data",
                        "it is no text, and its content type is not JSON's",
                    )
                })?;
                bytes_of(content_type.as_deref().unwrap_or_default(), text.into_bytes(), "data")
            }
        }
    }

    /// All that is left.
    fn extensions(self) -> Result<Extensions, CloudEventError> {
        let mut extensions = Extensions::default();
        for (name, value) in self.0.into_iter().filter(|(_, value)| !is_null(value)) {
            // The name is told only once it is known to be one.
            let name = name.parse::<ExtensionName>().map_err(|error| wrong(".", error))?;
            let field = name.to_string();
            let text = match serde_json::from_str::<Cow<'_, str>>(value.get()) {
                Ok(text) => text,
                Err(_) if is_scalar(value.get()) => Cow::Borrowed(value.get()),
                Err(_) => {
                    return Err(CloudEventError::new(field, "it is no text, integer or boolean"));
                }
            };
            extensions.insert(name, &text).map_err(|error| wrong(&field, error))?;
        }
        Ok(extensions)
    }
}

fn bytes_of(
    content_type: &str,
    bytes: Vec<u8>,
    field: &str,
) -> Result<EventPayload, CloudEventError> {
    EventPayload::bytes(content_type, bytes).map_err(|error| match error {
        EventPayloadError::ContentType => wrong("datacontenttype", error),
        _ => wrong(field, error),
    })
}

fn wrong(field: &str, error: impl fmt::Display) -> CloudEventError {
    CloudEventError::new(field, error.to_string())
}

fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

/// An integer or a boolean, as JSON has them.
fn is_scalar(json: &str) -> bool {
    let digits = json.strip_prefix('-').unwrap_or(json);
    matches!(json, "true" | "false") || digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `*/json` or `*+json`, whatever its parameters.
fn is_json(content_type: &str) -> bool {
    let (media_type, _) = content_type.split_once(';').unwrap_or((content_type, ""));
    let subtype = media_type.trim().rsplit_once('/').map_or("", |(_, subtype)| subtype);
    let suffix = subtype.rsplit_once('+').map_or(subtype, |(_, suffix)| suffix);
    suffix.eq_ignore_ascii_case("json")
}

impl<'de> Deserialize<'de> for Attributes<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Once)
    }
}

/// Reads an object in which each name is there once.
struct Once;

impl<'de> Visitor<'de> for Once {
    type Value = Attributes<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        use serde::de::Error;

        let mut attributes = Vec::<(Cow<'de, str>, &'de RawValue)>::new();
        while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &'de RawValue>()? {
            if attributes.len() == ATTRIBUTES_MAX {
                return Err(A::Error::custom("there are too many attributes"));
            }
            if attributes.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("an attribute is there twice"));
            }
            attributes.push((name, value));
        }
        Ok(Attributes(attributes))
    }
}

/// A name that is borrowed where it can be.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_is_json_by_its_end() {
        for json in ["application/json", "text/JSON; charset=utf-8", "a/b+json", "a/b.c+d+json;x=y"]
        {
            assert!(is_json(json), "{json}");
        }
        for other in ["text/plain", "application/jsonl", "json", "a/json+xml", "text/plain; a/json"]
        {
            assert!(!is_json(other), "{other}");
        }
    }

    #[test]
    fn integers_and_booleans_are_scalars() {
        for scalar in ["0", "-12", "true", "false"] {
            assert!(is_scalar(scalar), "{scalar}");
        }
        for other in ["1.5", "1e3", "[]", "{}", "null"] {
            assert!(!is_scalar(other), "{other}");
        }
    }
}
