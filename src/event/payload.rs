use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use smol_str::SmolStr;

use crate::saga::{Payload, PayloadError};

/// The most bytes a payload may have: 512 KiB, so that an event as a text, its bytes in base64, fits the 1 MiB that
/// NATS and Kafka take unless told otherwise.
pub const PAYLOAD_MAX: usize = 512 << 10;

/// The longest content type, in bytes.
const CONTENT_TYPE_MAX: usize = 128;

/// What an event carries: nothing, JSON with its text as it stands, or bytes of some type. At most [`PAYLOAD_MAX`]
/// bytes.
///
/// It may hold what concerns nobody else: `Debug` shows its length only.
///
/// ```
/// use strangler_fig::event::EventPayload;
///
/// let order = EventPayload::json(&("SKU-1", 3))?;
/// assert_eq!(order.as_json().map(|json| json.as_str()), Some(r#"["SKU-1",3]"#));
/// assert_eq!(format!("{order:?}"), "EventPayload(11 bytes)");
///
/// let note = EventPayload::bytes("text/plain", "hello")?;
/// assert_eq!((note.content_type(), note.as_bytes()), (Some("text/plain"), Some(&b"hello"[..])));
/// assert!(EventPayload::default().is_empty());
/// # Ok::<(), strangler_fig::event::EventPayloadError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct EventPayload(Content);

#[derive(Clone, PartialEq, Eq, Default)]
enum Content {
    #[default]
    Empty,
    Json(Payload),
    Bytes {
        content_type: SmolStr,
        bytes: Arc<[u8]>,
    },
}

/// What cannot be a payload.
///
/// ```
/// use strangler_fig::event::{EventPayload, EventPayloadError, PAYLOAD_MAX};
///
/// let refused = EventPayload::bytes("text/plain", vec![0; PAYLOAD_MAX + 1]);
/// assert!(matches!(refused, Err(EventPayloadError::TooLarge { .. })));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventPayloadError {
    /// It is larger than [`PAYLOAD_MAX`].
    #[error("a payload of {bytes} bytes is too large: {PAYLOAD_MAX} are allowed")]
    TooLarge {
        /// How large it is.
        bytes: usize,
    },
    /// Its content type is none.
    #[error("a content type is at most 128 printable characters, with a slash within")]
    ContentType,
    /// It has no JSON.
    #[error(transparent)]
    Json(#[from] PayloadError),
}

impl EventPayload {
    /// The JSON of `value`.
    ///
    /// # Errors
    ///
    /// [`EventPayloadError`]: it has none, or it is too large.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self, EventPayloadError> {
        Self::from_json(Payload::of(value)?)
    }

    /// This JSON, as it stands.
    ///
    /// # Errors
    ///
    /// [`EventPayloadError::TooLarge`].
    pub fn from_json(json: Payload) -> Result<Self, EventPayloadError> {
        let bytes = json.as_str().len();
        if bytes > PAYLOAD_MAX { Err(too_large(bytes)) } else { Ok(Self(Content::Json(json))) }
    }

    /// Bytes of a type: `application/protobuf`, `text/plain`.
    ///
    /// # Errors
    ///
    /// [`EventPayloadError`]: the type is none, or they are too many.
    pub fn bytes(content_type: &str, bytes: impl Into<Vec<u8>>) -> Result<Self, EventPayloadError> {
        let bytes: Arc<[u8]> = bytes.into().into();
        if bytes.len() > PAYLOAD_MAX {
            return Err(too_large(bytes.len()));
        }
        if !is_content_type(content_type) {
            return Err(EventPayloadError::ContentType);
        }
        Ok(Self(Content::Bytes { content_type: content_type.into(), bytes }))
    }

    /// The JSON, if it is JSON.
    #[must_use]
    pub fn as_json(&self) -> Option<&Payload> {
        match &self.0 {
            Content::Json(json) => Some(json),
            _ => None,
        }
    }

    /// The bytes, if it is bytes.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Content::Bytes { bytes, .. } => Some(bytes),
            _ => None,
        }
    }

    /// What it is; `None`: nothing.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        match &self.0 {
            Content::Empty => None,
            Content::Json(_) => Some("application/json"),
            Content::Bytes { content_type, .. } => Some(content_type),
        }
    }

    /// How many bytes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Content::Empty => 0,
            Content::Json(json) => json.as_str().len(),
            Content::Bytes { bytes, .. } => bytes.len(),
        }
    }

    /// Whether it is nothing: neither JSON nor bytes, not even none of them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self.0, Content::Empty)
    }
}

fn too_large(bytes: usize) -> EventPayloadError {
    EventPayloadError::TooLarge { bytes }
}

fn is_content_type(text: &str) -> bool {
    let is_printable = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let is_within = |slash: usize| slash > 0 && slash + 1 < text.len();
    text.len() <= CONTENT_TYPE_MAX && is_printable && text.find('/').is_some_and(is_within)
}

impl fmt::Debug for EventPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventPayload({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_has_its_size() {
        assert!(EventPayload::bytes("a/b", vec![0; PAYLOAD_MAX]).is_ok());
        assert!(EventPayload::bytes("a/b", vec![0; PAYLOAD_MAX + 1]).is_err());
        assert!(EventPayload::json(&"x".repeat(PAYLOAD_MAX - 2)).is_ok());
        assert!(EventPayload::json(&"x".repeat(PAYLOAD_MAX - 1)).is_err());
    }

    #[test]
    fn a_content_type_has_a_slash_within() {
        for bad in ["", "text", "/", "a/", "/b", "a/b\n", "a/é", &format!("a/{}", "x".repeat(127))]
        {
            assert!(EventPayload::bytes(bad, "").is_err(), "{bad:?}");
        }
        assert!(EventPayload::bytes("text/plain; charset=utf-8", "").is_ok());
    }

    #[test]
    fn no_bytes_are_something() {
        let none = EventPayload::bytes("text/plain", "").unwrap();
        assert_eq!((none.is_empty(), none.len()), (false, 0));
        assert_ne!(none, EventPayload::default());
    }
}
