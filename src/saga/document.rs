use serde::de::DeserializeOwned;
use serde_path_to_error::Track;

/// A document that is no entry of a saga's journal.
///
/// ```
/// use strangler_fig::saga::SagaEntry;
///
/// let error = SagaEntry::from_document(r#"{"started":{"step":7}}"#).unwrap_err();
/// assert!(error.to_string().starts_with("the entry is broken at started.step"));
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the entry is broken at {}: {}", .0.path(), .0.inner())]
pub struct EntryError(#[from] serde_path_to_error::Error<serde_json::Error>);

/// What a document says that holds nothing else.
pub(super) fn read_whole<T: DeserializeOwned>(text: &str) -> Result<T, EntryError> {
    let mut document = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut document)?;
    let outside = |error| serde_path_to_error::Error::new(Track::new().path(), error);
    document.end().map_err(outside)?;
    Ok(value)
}
