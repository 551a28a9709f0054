use std::cell::Cell;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use smol_str::SmolStr;

use crate::error::JsonError;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What is longer is not kept.
const SPARE_MAX: usize = 1 << 16;

/// What a saga hands on, as JSON: its input, the outputs of its steps.
///
/// Its text is kept as it is, spaces, line breaks and the order of keys included: a journal must not
/// store it as a type that writes it anew, such as PostgreSQL's `jsonb`.
///
/// It may hold what concerns nobody else: `Debug` shows its length only.
///
/// ```
/// use strangler_fig::saga::Payload;
///
/// let reserved = Payload::of(&("SKU-1", 3))?;
/// assert_eq!(reserved.as_str(), r#"["SKU-1",3]"#);
/// assert_eq!(reserved.read::<(String, u32)>()?.1, 3);
/// assert_eq!(format!("{reserved:?}"), "Payload(11 bytes)");
/// assert!(reserved.read::<bool>().is_err());
/// # Ok::<(), strangler_fig::saga::PayloadError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Payload(SmolStr);

/// A value that has no JSON, or JSON that is no such value. It says where, and quotes nothing.
///
/// ```
/// use strangler_fig::saga::Payload;
///
/// let error = Payload::of("4929-1111")?.read::<u32>().unwrap_err();
/// assert_eq!(error.to_string(), "the payload: a value is not of its type at line 1 column 11");
/// assert!(error.json().quoting().to_string().contains("4929-1111"));
/// # Ok::<(), strangler_fig::saga::PayloadError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the payload: {0}")]
pub struct PayloadError(JsonError);

impl PayloadError {
    /// What is wrong with the JSON.
    #[must_use]
    pub const fn json(&self) -> &JsonError {
        &self.0
    }
}

impl From<serde_json::Error> for PayloadError {
    fn from(error: serde_json::Error) -> Self {
        Self(error.into())
    }
}

impl Payload {
    /// The JSON of `value`.
    ///
    /// # Errors
    ///
    /// When it has none: a map whose keys are no texts, say.
    ///
    /// # Panics
    ///
    /// Never: JSON is UTF-8.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, PayloadError> {
        // On the way into one allocation of the right size, through one that is used again.
        let mut text = SPARE.take();
        text.clear();
        let written = serde_json::to_writer(&mut text, value);
        let payload = std::str::from_utf8(&text).map(|text| Self(text.into()));
        if text.capacity() <= SPARE_MAX {
            SPARE.set(text);
        }
        written?;
        Ok(payload.expect("JSON is UTF-8"))
    }

    /// The JSON in `text`.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, PayloadError> {
        let raw: &RawValue = serde_json::from_str(text)?;
        Ok(Self(raw.get().into()))
    }

    /// The value in it.
    ///
    /// # Errors
    ///
    /// When it is no `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        Ok(serde_json::from_str(&self.0)?)
    }

    /// Its JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}

impl Serialize for Payload {
    /// As what it is, not as a text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(raw.get().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_stands_in_a_document_as_what_it_is() {
        let payload = Payload::of(&[Some("a \"quote\""), None]).unwrap();
        let document = serde_json::to_string(&("x", &payload)).unwrap();
        assert_eq!(document, r#"["x",["a \"quote\"",null]]"#);
        let (_, read): (String, Payload) = serde_json::from_str(&document).unwrap();
        assert_eq!(read, payload);
    }

    #[test]
    fn what_is_no_json_is_no_payload() {
        for bad in ["", "{", "nul", "1 2", "'a'"] {
            assert!(Payload::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Payload::parse(" [1] ").unwrap().as_str(), "[1]");
    }
}
