use std::num::NonZeroUsize;

use crate::observe::field;
use tracing::warn;

use super::OutboxRelay;
use crate::error::StoreError;
use crate::event::{OutboxPosition, ParkedRow};
use crate::phase::{Actor, Reason};

/// The confirmation that [`OutboxRelay::discard`] asks for: whoever makes this says that a message is lost for good.
///
/// ```
/// use strangler_fig::event::{MessageIsLost, OutboxPosition};
///
/// let confirmation = MessageIsLost::of(OutboxPosition(4711));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageIsLost {
    position: OutboxPosition,
}

impl MessageIsLost {
    /// The message at this position will never be sent, and later ones of its key will.
    #[must_use]
    pub const fn of(position: OutboxPosition) -> Self {
        Self { position }
    }
}

/// For operators. Each call has the `store_deadline` of the configuration.
impl OutboxRelay {
    /// Messages that were given up, in the order of their positions, after `after`.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Unknown`: the outbox has not answered in time.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it changes nothing.
    pub async fn parked(
        &self,
        after: Option<OutboxPosition>,
        limit: NonZeroUsize,
    ) -> Result<Vec<ParkedRow>, StoreError> {
        self.within(self.outbox().parked(after, limit)).await
    }

    /// Lets a parked message be tried again at once, since what was in its way is mended; its key goes on behind it. Answers
    /// whether there was one. Who did it, and why, is told at `warn`.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: look.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have had its effect; calling again is harmless.
    pub async fn retry(
        &self,
        position: OutboxPosition,
        actor: &Actor,
        reason: &Reason,
    ) -> Result<bool, StoreError> {
        let was_parked = self.within(self.outbox().retry(position)).await?;
        warn!(
            { field::POSITION } = position.0,
            { field::ACTOR } = actor.as_str(),
            { field::REASON } = reason.as_str(),
            { field::WAS_PARKED } = was_parked,
            "a parked message is tried again"
        );
        Ok(was_parked)
    }

    /// Removes a parked message for good, so that its key goes on without it. Answers whether there was one. Who did it, and
    /// why, is told at `warn`.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: look.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have had its effect; calling again is harmless.
    pub async fn discard(
        &self,
        confirmation: MessageIsLost,
        actor: &Actor,
        reason: &Reason,
    ) -> Result<bool, StoreError> {
        let MessageIsLost { position } = confirmation;
        let was_parked = self.within(self.outbox().discard(position)).await?;
        warn!(
            { field::POSITION } = position.0,
            { field::ACTOR } = actor.as_str(),
            { field::REASON } = reason.as_str(),
            { field::WAS_PARKED } = was_parked,
            "a parked message was discarded"
        );
        Ok(was_parked)
    }
}
