/// A text that names none of what it should.
///
/// ```
/// use strangler_fig::phase::{Phase, Side};
///
/// assert_eq!("modern".parse(), Ok(Side::Modern));
/// let refused = "sideways".parse::<Phase>().unwrap_err();
/// assert_eq!(refused.to_string(), "there is no phase \"sideways\"");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} {text:?}")]
pub struct UnknownName {
    what: &'static str,
    text: String,
}

impl UnknownName {
    pub(super) fn of(what: &'static str, text: &str) -> Self {
        Self { what, text: text.chars().take(100).collect() }
    }
}
