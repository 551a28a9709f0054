/// What cannot be read as an event: where, and why. Never with its content.
///
/// Made by whatever reads one: an adapter with a format of its own too.
///
/// ```
/// use strangler_fig::event::CloudEventError;
///
/// let error = CloudEventError::new("source", "it is missing");
/// assert_eq!(error.to_string(), "no event: source: it is missing");
/// assert_eq!((error.field(), error.why()), ("source", "it is missing"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no event: {field}: {why}")]
pub struct CloudEventError {
    field: String,
    why: String,
}

impl CloudEventError {
    /// That the attribute `field` is no good, and why; `.` is the whole.
    pub fn new(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self { field: field.into(), why: why.into() }
    }

    /// Which attribute; `.` is the whole.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// Why.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }
}
