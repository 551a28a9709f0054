//! Calls of adapters that may hang, and their errors in words.

use std::error::Error;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;

use crate::error::{StoreError, with_causes};

/// A call that may take so long; after that nobody knows what came of it, nor
/// after a panic.
pub(super) async fn within<T>(
    deadline: Duration,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let call = AssertUnwindSafe(call).catch_unwind();
    let call = call
        .map(|called| called.unwrap_or_else(|_| Err(StoreError::unknown("the adapter panicked"))));
    let late = |_| Err(StoreError::unknown(format!("no answer within {deadline:?}")));
    tokio::time::timeout(deadline, call).await.unwrap_or_else(late)
}

/// What failed and why, as a queue may keep it.
pub(super) fn told(error: &dyn Error) -> String {
    with_causes(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_told_with_its_source_and_not_at_length() {
        let error = StoreError::rejected("the \0name is taken");
        let said = "the store rejected it: the \\u{0}name is taken";
        assert_eq!(told(&error), said, "some stores take no NUL");
        let long = StoreError::rejected("é".repeat(5_000));
        assert_eq!(told(&long).chars().count(), 1_000);
    }
}
