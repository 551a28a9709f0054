//! What ends the bench: a line to be read.

use std::error::Error;
use std::fmt;

/// Why the bench ends.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    /// For this reason.
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }

    /// An error and its causes, on one line.
    pub(crate) fn from_error(error: impl Error) -> Self {
        let mut line = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            line = format!("{line}: {error}");
            cause = error.source();
        }
        Self(line)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::from_error(error)
    }
}
