use std::error::Error;
use std::fmt;

use serde_json::error::Category;

/// What is wrong with a JSON text, and where; never what stands there.
///
/// The text of [`serde_json::Error`] quotes what it could not read, and errors go into logs with all their sources. So
/// that one is no [`source`](Error::source) of this one: whoever may see the text itself asks for it.
///
/// ```
/// use strangler_fig::error::JsonError;
///
/// let error = serde_json::from_str::<u32>(r#""4929-1111""#).map_err(JsonError::from).unwrap_err();
/// assert_eq!(error.to_string(), "a value is not of its type at line 1 column 11");
/// assert!(!format!("{error:?}").contains("4929"));
/// assert!(error.quoting().to_string().contains("4929-1111"));
/// ```
pub struct JsonError(serde_json::Error);

impl JsonError {
    /// What `serde_json` says, which may quote the text.
    #[must_use]
    pub const fn quoting(&self) -> &serde_json::Error {
        &self.0
    }
}

impl From<serde_json::Error> for JsonError {
    fn from(error: serde_json::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = (self.0.line(), self.0.column());
        f.write_str(match self.0.classify() {
            Category::Data => "a value is not of its type",
            Category::Eof => "it ends too early",
            Category::Io => "it is not read or written to its end",
            // What is written has no place.
            Category::Syntax if line == 0 => "it has no JSON form",
            Category::Syntax => "it is no JSON",
        })?;
        if line > 0 { write!(f, " at line {line} column {column}") } else { Ok(()) }
    }
}

impl fmt::Debug for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonError({self})")
    }
}

impl Error for JsonError {}
