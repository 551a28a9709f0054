use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;

use super::{
    NewRequest, Recorded, RequestAppend, RequestClaim, RequestKey, RequestRecord, RequestRetention,
    Shelf,
};
use crate::error::StoreError;
use crate::phase::NodeId;

/// Where dual-written requests are written down before they are sent, and what came of them.
///
/// ```
/// # use std::time::Duration;
/// # use strangler_fig::gateway::dual::{
/// #     Fingerprint, NewRequest, RecordedRequest, Recorded, RequestAppend, RequestJournal, RequestKey,
/// #     RequestNote, RequestStatus,
/// # };
/// # use strangler_fig::memory::InMemoryRequestJournal;
/// # use strangler_fig::phase::{Incarnation, NodeId, Side};
/// # use strangler_fig::stamp::StampClock;
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let journal = InMemoryRequestJournal::default();
/// let gateway = NodeId { name: "gateway-1".parse()?, incarnation: Incarnation::random()? };
/// let term = Duration::from_secs(30);
/// let order = NewRequest {
///     key: RequestKey::new("ada", "order-4711")?,
///     fingerprint: Fingerprint::of("POST", "/orders", b"two pears"),
///     request: RecordedRequest { body: b"two pears".to_vec(), ..RecordedRequest::default() },
///     stamp: StampClock::new()?.now(),
///     first: Side::Legacy,
///     is_strict: false,
///     answers: Side::Legacy,
///     rule: "orders".to_owned(),
///     entity_id: None,
/// };
/// let Recorded::New(claim) = journal.record(&order, &gateway, term).await? else {
///     panic!("it is the first of its key");
/// };
///
/// let answered = RequestNote::Answered { side: Side::Legacy, status: 201 };
/// let append = RequestAppend::new(0, &answered, term);
/// journal.note(&claim, &append).await?;
/// assert!(journal.note(&claim, &append).await.is_err(), "its place is taken");
/// let found = journal.load(&order.key).await?.expect("it was recorded");
/// assert_eq!(found.state.status(), RequestStatus::HalfDone);
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. `record` writes a request down, open and due at once, with a claim of it under epoch 1, all or nothing. If
///    there is one of that key it changes nothing and answers what is there, also after its purge. Of several
///    calls at once, one is `New`. What it answered `New` to is durable.
/// 2. `note` adds a note, all or nothing, durable when it answers `Ok`. It is `Conflict`, and changes nothing, if
///    the claim is not the newest, if there are not exactly as many notes as the position says, if
///    [`RequestState::apply`](super::RequestState::apply) refuses the note, if it is `Withdrawn` under another
///    claim than that of the `record` or the `Reopened` before it. That the claim's term has run out does not
///    matter. Of several calls at once at one position, one succeeds.
/// 3. A note that [keeps its claim](super::RequestNote::keeps_claim) begins the claim's term anew if the request is open
///    after it. Every other one gives the claim back, and what is open after it is due when `due` has passed.
/// 4. `claim` answers the right to write about a request under an epoch larger than any before, for `term`; `None`
///    if there is no such request or another holds it. Whoever holds it may claim it anew. Where the request
///    stands does not matter.
/// 5. A claim is held until a note gives it back, or until its term has run out by the journal's own clock; a term
///    of no time has run out at once. Whoever is of another incarnation is another. A claim that another one follows,
///    whosever, before a note gave it back [has lapsed](RequestRecord::has_lapsed): that is told from then on, until a
///    note [begins anew](super::RequestNote::begins_anew).
/// 6. `take` claims requests that are open, due and held by nobody, those that have been due longest first, at
///    most `limit`, and answers them as they are. No request is given to two at once. One that cannot be read is
///    left out, and holds up no other.
/// 7. `load` answers a request as one moment had it, with how long it is until it is due; `None` if there is none.
///    What cannot be read is `Rejected`.
/// 8. `list` answers the requests of a shelf after `after`, in the order of the bytes of scope and key: `limit` of
///    them, or all there are. One that cannot be read is left out, and reported by `tracing`; the next one takes
///    its place.
/// 9. `purge` empties requests that have been closed for as long as content is kept: method, target, headers and body go, all else
///    stays, and the same key still finds it. It forgets those that have been closed for as long as keys
///    are, and those withdrawn for as long as content is; either time may be the shorter one. At most `limit` in one
///    call, and it answers how many. What is open or parked it leaves alone, and it changes nothing that somebody holds.
/// 10. Keys, bodies, headers and notes come back as they were, byte for byte; keys that differ in case are
///     different, and so are keys of two scopes.
///
/// # Cancel safety
///
/// A dropped call may have had its effect, or have it yet. `record` and `note` name what they expect, so
/// that a repeat does harm to nobody: load, and see. What a dropped `take` has claimed is due again after its term.
#[async_trait]
pub trait RequestJournal: fmt::Debug + Send + Sync + 'static {
    /// Writes a request down, and claims it for `holder`.
    ///
    /// # Errors
    ///
    /// `Rejected`, `Unavailable`: nothing was written; `Unknown`: load it and see.
    async fn record(
        &self,
        request: &NewRequest,
        holder: &NodeId,
        term: Duration,
    ) -> Result<Recorded, StoreError>;

    /// Adds a note at its position.
    ///
    /// # Errors
    ///
    /// `Conflict`: it may not be added under this claim, or there; `Rejected`, `Unavailable`: nothing was
    /// written; `Unknown`: load it and see.
    async fn note(
        &self,
        claim: &RequestClaim,
        append: &RequestAppend<'_>,
    ) -> Result<(), StoreError>;

    /// A request, and what has become of it.
    ///
    /// # Errors
    ///
    /// `Rejected` if what is stored cannot be read; else `Unavailable`.
    async fn load(&self, key: &RequestKey) -> Result<Option<RequestRecord>, StoreError>;

    /// Claims a request for `holder`.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Unknown`: it may be held until the term is over.
    async fn claim(
        &self,
        key: &RequestKey,
        holder: &NodeId,
        term: Duration,
    ) -> Result<Option<RequestClaim>, StoreError>;

    /// Claims what is due, for `holder`.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: some may be held until the term is over.
    async fn take(
        &self,
        holder: &NodeId,
        limit: NonZeroUsize,
        term: Duration,
    ) -> Result<Vec<(RequestClaim, RequestRecord)>, StoreError>;

    /// The requests of a shelf.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Rejected` if the store is not what it should be, but not for a single record.
    async fn list(
        &self,
        shelf: Shelf,
        after: Option<&RequestKey>,
        limit: NonZeroUsize,
    ) -> Result<Vec<RequestRecord>, StoreError>;

    /// Empties and forgets what has been closed for long.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: purge again.
    async fn purge(
        &self,
        retention: RequestRetention,
        limit: NonZeroUsize,
    ) -> Result<usize, StoreError>;
}
