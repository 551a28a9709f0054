//! What an error of AMQP says about the effect of the call.

use std::future::Future;
use std::time::Duration;

use lapin::ErrorKind;
use strangler_fig::error::StoreError;

/// `error` of a message that was to be sent.
pub(super) fn sent(error: lapin::Error) -> StoreError {
    match error.kind() {
        // The connection was gone before.
        ErrorKind::InvalidChannelState(..) | ErrorKind::InvalidConnectionState(_) => {
            StoreError::unavailable(error)
        }
        _ => StoreError::unknown(error),
    }
}

/// `error` of a call that opens or declares something, which may be made again.
pub(super) fn opened(error: lapin::Error) -> StoreError {
    // A name that is taken by something else, a right that is missing.
    if error.is_amqp_soft_error() {
        StoreError::rejected(error)
    } else {
        StoreError::unavailable(error)
    }
}

/// A call of the broker that is given up in time: some have never ended.
pub(super) async fn within<T>(
    deadline: Duration,
    call: impl Future<Output = lapin::Result<T>>,
    meaning: impl Fn(lapin::Error) -> StoreError,
) -> Result<T, StoreError> {
    match tokio::time::timeout(deadline, call).await {
        Ok(answer) => answer.map_err(meaning),
        Err(late) => Err(StoreError::unknown(late)),
    }
}
