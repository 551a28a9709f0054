use serde::de::DeserializeOwned;

use crate::error::JsonError;

/// A document that is no entry of a saga's journal. It says where, and quotes none of its values.
///
/// ```
/// use strangler_fig::saga::SagaEntry;
///
/// let error = SagaEntry::from_document(r#"{"started":{"step":7}}"#).unwrap_err();
/// assert!(error.to_string().starts_with("the entry is broken at started.step"));
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the entry is broken at {path}: {json}")]
pub struct EntryError {
    path: String,
    json: JsonError,
}

impl EntryError {
    /// What is wrong with the JSON.
    #[must_use]
    pub const fn json(&self) -> &JsonError {
        &self.json
    }
}

/// What a document says that holds nothing else.
pub(super) fn read_whole<T: DeserializeOwned>(text: &str) -> Result<T, EntryError> {
    let mut document = serde_json::Deserializer::from_str(text);
    let broken = |path: String, error: serde_json::Error| EntryError { path, json: error.into() };
    let value = serde_path_to_error::deserialize(&mut document);
    let value = value.map_err(|error| broken(error.path().to_string(), error.into_inner()))?;
    document.end().map_err(|error| broken(".".to_owned(), error))?;
    Ok(value)
}
