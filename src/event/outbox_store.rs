use std::fmt;
use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use async_trait::async_trait;

use super::{
    FetchLimit, LaneClaim, LaneClaims, OutboxDepth, OutboxPosition, OutboxRow, ParkedRow, RowEnd,
};
use crate::error::StoreError;
use crate::phase::NodeId;

/// What relays ask of an outbox.
///
/// ```
/// use std::num::{NonZeroU16, NonZeroUsize};
/// use std::time::Duration;
/// use strangler_fig::event::{FetchLimit, OutboxStore};
/// use strangler_fig::memory::InMemoryOutbox;
/// use strangler_fig::phase::{Incarnation, NodeId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let outbox = InMemoryOutbox::default();
/// let relay = NodeId { name: "relay-1".parse()?, incarnation: Incarnation::random()? };
/// let claims = outbox.claim(&relay, NonZeroU16::MAX, Duration::from_secs(30)).await?;
/// let limit = FetchLimit { rows: NonZeroUsize::MIN, bytes: NonZeroUsize::MAX };
/// assert!(outbox.fetch(&claims.held, limit).await?.is_empty());
///
/// // So does a relay take its leave: its lanes are free, and it is counted no more.
/// outbox.claim(&relay, NonZeroU16::MIN, Duration::ZERO).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. Every key has one lane, always the same; an outbox has the same number of lanes for ever.
/// 2. `claim` begins the terms of what `relay` holds anew, and takes lanes that nobody holds until it has `wanted`. Each
///    taken lane gets an epoch larger than any before it. Of two relays at once, at most one gets a lane. Whoever is of
///    another incarnation is another relay. It never takes a lane away from anybody, nor gives one back that the relay
///    has.
/// 3. A lane is held until `release`, or until the term of its last claim has run out by the outbox's own clock; a term
///    of no time has run out at once, also that of what was held for longer.
/// 4. `relays` counts those that have claimed within their own terms, one that got nothing too.
/// 5. `release` of a claim that is not the newest changes nothing and is no error.
/// 6. `fetch` answers rows of the lanes of those claims that are the newest and have not run out, each with what is
///    committed by now: every row that is neither sent nor parked, due, and not behind another of its key that is put
///    off and not due, or parked. The oldest first, at most the limit; so of one key they come in the order of their
///    positions, and none is left out before one that comes. It changes nothing: until they are settled, they come
///    again.
/// 7. A row that cannot be read comes as such, and holds up no other key.
/// 8. `settle` ends rows of one lane, all or none, durably. It is `Conflict`, and changes nothing, if the claim is not
///    the newest; that its term has run out does not matter. Rows that are not there, or settled (sent, parked, or put
///    off and not due), are passed over; so are rows of other lanes: nothing else is touched, whatever was staged
///    meanwhile.
/// 9. `Sent` rows never come again. `Retry` counts an attempt, keeps the error, and makes the row due after `delay`;
///    `Refused` does the same, and counts a refusal too. `Parked` keeps the reason; the row is never fetched, nor purged.
/// 10. `parked` lists parked rows after `after`, in the order of their positions. `retry` makes one due at once, with
///     neither attempts nor refusals; `discard` removes it, and its key goes on. Each answers whether there was such a parked row.
/// 11. `purge` removes at most `limit` rows that were sent longer than `age` ago, and answers how many. An outbox may
///     remove rows when they are sent, or keep them for a longer time of its own.
/// 12. `depth` counts what the lists hold.
/// 13. Errors and reasons may be cut after 1,000 characters.
///
/// # Cancel safety
///
/// A dropped call may have had its effect. Each may be repeated: `settle` passes over what is settled; what was claimed
/// unseen is held until its term has run out, by this relay, which may claim it again.
#[async_trait]
pub trait OutboxStore: fmt::Debug + Send + Sync + 'static {
    /// Renews, and takes what is free.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Unknown`: some may be held until the term is over.
    async fn claim(
        &self,
        relay: &NodeId,
        wanted: NonZeroU16,
        term: Duration,
    ) -> Result<LaneClaims, StoreError>;

    /// Gives lanes back.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: they end by their term.
    async fn release(&self, claims: &[LaneClaim]) -> Result<(), StoreError>;

    /// What is to be sent.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Rejected` if the store is not what it should be, but not for a single row.
    async fn fetch(
        &self,
        claims: &[LaneClaim],
        limit: FetchLimit,
    ) -> Result<Vec<OutboxRow>, StoreError>;

    /// Writes down what became of rows.
    ///
    /// # Errors
    ///
    /// `Conflict`: the lane is another relay's; `Unavailable`, `Unknown`: settle again.
    async fn settle(
        &self,
        claim: &LaneClaim,
        ends: &[(OutboxPosition, RowEnd)],
    ) -> Result<(), StoreError>;

    /// Parked rows.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn parked(
        &self,
        after: Option<OutboxPosition>,
        limit: NonZeroUsize,
    ) -> Result<Vec<ParkedRow>, StoreError>;

    /// Makes a parked row due.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: look.
    async fn retry(&self, position: OutboxPosition) -> Result<bool, StoreError>;

    /// Removes a parked row, for good.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: look.
    async fn discard(&self, position: OutboxPosition) -> Result<bool, StoreError>;

    /// Removes what was sent long ago.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: purge again.
    async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError>;

    /// How much waits.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    async fn depth(&self) -> Result<OutboxDepth, StoreError>;

    /// Whether `staged` tells of all that is staged, by whomever, and of what `retry` and `discard` let go. Relays look by
    /// themselves once a minute then, if they were told nothing else. By default it does not.
    fn notifies(&self) -> bool {
        false
    }

    /// Resolves when something may have been staged since the last `fetch`. A hint that saves waiting for the next poll;
    /// by default it never comes.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    async fn staged(&self) {
        std::future::pending::<()>().await;
    }
}
