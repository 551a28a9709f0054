//! What an error of NATS says about the effect of the request.

use std::error::Error;

use async_nats::error::Error as NatsError;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::stream::{PurgeError, PurgeErrorKind};
use strangler_fig::error::{StoreError, StoreErrorKind};

use crate::effect::Effect;

/// `error` of a publication.
pub(super) fn published(error: PublishError) -> StoreError {
    let is_answer = error.source().is_some_and(<dyn Error>::is::<async_nats::jetstream::Error>);
    let kind = match error.kind() {
        PublishErrorKind::WrongLastSequence => StoreErrorKind::Conflict,
        // Nobody has heard it; or it was not sent.
        PublishErrorKind::StreamNotFound | PublishErrorKind::MaxAckPending => {
            StoreErrorKind::Unavailable
        }
        // The stream says that it has not stored it.
        PublishErrorKind::Other if is_answer => StoreErrorKind::Unavailable,
        _ => StoreErrorKind::Unknown,
    };
    StoreError::new(kind, error)
}

/// `error` of a removal.
pub(super) fn purged(error: PurgeError) -> StoreError {
    let kind = match error.kind() {
        PurgeErrorKind::JetStream(_) => StoreErrorKind::Unavailable,
        _ => Effect::Possible.when_cut_off(),
    };
    StoreError::new(kind, error)
}

/// `error` of a request that only asks.
pub(super) fn asked<K>(error: NatsError<K>) -> StoreError
where
    NatsError<K>: Error + Send + Sync + 'static,
    K: Clone + std::fmt::Debug + std::fmt::Display + PartialEq,
{
    StoreError::unavailable(error)
}
