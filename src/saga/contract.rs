use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use async_trait::async_trait;

use super::{
    DefinitionId, NewSaga, SagaClaim, SagaEntry, SagaHeader, SagaId, SagaOutcome, SagaStatus,
};
use crate::error::StoreError;
use crate::phase::NodeId;

/// What came of [`SagaJournal::create`].
///
/// ```
/// use strangler_fig::saga::Created;
///
/// fn line(created: &Created) -> String {
///     match created {
///         Created::New(claim) => format!("{} begins", claim.saga),
///         Created::Found(header) => format!("{} is {} already", header.id, header.status),
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It was recorded, and is the caller's.
    New(SagaClaim),
    /// There is one of that id, which was left as it is.
    Found(Box<SagaHeader>),
}

/// Entries to be recorded, and what the saga is after them.
///
/// ```
/// use strangler_fig::saga::{SagaAppend, SagaStatus};
///
/// let nothing = SagaAppend { position: 7, entries: &[], status: SagaStatus::Running, outcome: None };
/// assert!(nothing.outcome.is_none());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SagaAppend<'a> {
    /// How many entries there are before these.
    pub position: u64,
    /// The entries, in their order.
    pub entries: &'a [SagaEntry],
    /// Where the saga stands after them.
    pub status: SagaStatus,
    /// How it has ended, if it has.
    pub outcome: Option<&'a SagaOutcome>,
}

/// Which sagas a list is about. Every condition holds of each.
///
/// ```
/// use strangler_fig::saga::{SagaFilter, SagaStatus};
///
/// let parked = SagaFilter { statuses: vec![SagaStatus::Parked], ..SagaFilter::default() };
/// assert!(parked.definitions.is_empty(), "of any definition");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SagaFilter {
    /// Those that stand so; empty: anywhere.
    pub statuses: Vec<SagaStatus>,
    /// Those that run by one of these; empty: by any.
    pub definitions: Vec<DefinitionId>,
    /// Whether only those that nobody holds.
    pub is_free: bool,
    /// Whether only those whose entries are not purged.
    pub is_unpurged: bool,
    /// Those that have not changed for so long; zero: any.
    pub idle_min: Duration,
}

impl SagaFilter {
    /// Whether a saga is one of them.
    #[must_use]
    pub fn takes(&self, header: &SagaHeader) -> bool {
        self.takes_what(header.status, &header.definition, header.is_purged)
            && self.takes_when(|| header.holder.is_none(), || header.idle)
    }

    /// Whether it takes one of which that is known.
    pub(crate) fn takes_what(
        &self,
        status: SagaStatus,
        definition: &DefinitionId,
        is_purged: bool,
    ) -> bool {
        (self.statuses.is_empty() || self.statuses.contains(&status))
            && (self.definitions.is_empty() || self.definitions.contains(definition))
            && !(self.is_unpurged && is_purged)
    }

    /// Whether it takes one of which that is so by now.
    pub(crate) fn takes_when(
        &self,
        is_free: impl FnOnce() -> bool,
        idle: impl FnOnce() -> Duration,
    ) -> bool {
        (!self.is_free || is_free()) && (self.idle_min.is_zero() || idle() >= self.idle_min)
    }
}

/// Where sagas write down what they are about to do, and what came of it.
///
/// ```
/// # use std::time::Duration;
/// # use strangler_fig::memory::InMemorySagaJournal;
/// # use strangler_fig::phase::{Incarnation, NodeId};
/// # use strangler_fig::saga::{
/// #     Created, NewSaga, Payload, SagaAppend, SagaEntry, SagaJournal, SagaStatus,
/// # };
/// #
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let journal = InMemorySagaJournal::default();
/// let runner = NodeId { name: "node-1".parse()?, incarnation: Incarnation::random()? };
/// let term = Duration::from_secs(30);
/// let saga = NewSaga {
///     id: "order:4711".parse()?,
///     definition: "checkout@3#00000000000000ff".parse()?,
///     input: 42,
///     parent: None,
/// };
/// let begun = SagaEntry::Begun { input: Payload::of(&4711)?, deadline_unix_ms: None, traceparent: None };
/// let Created::New(claim) = journal.create(&saga, &[begun], &runner, term).await? else {
///     panic!("it is the first of its id");
/// };
///
/// let started = [SagaEntry::Started { step: "charge".parse()? }];
/// let status = SagaStatus::Running;
/// let append = SagaAppend { position: 1, entries: &started, status, outcome: None };
/// journal.append(&claim, &append, term).await?;
/// assert!(journal.append(&claim, &append, term).await.is_err(), "its place is taken");
///
/// let (header, entries) = journal.load(&saga.id).await?.expect("it was recorded");
/// assert_eq!((header.length, entries.len()), (2, 2));
/// # Ok(())
/// # }
/// ```
///
/// # Contract
///
/// 1. `create` records a saga that runs, its first entries and a claim of it under epoch
///    1 or more, all or nothing. If there is one of that id it changes nothing and answers
///    what is there, also after a purge. Of several calls at once, one creates.
/// 2. `append` records all entries or none, at the position they name, and with them the
///    status and the outcome. If the saga goes on by itself after them, it begins the claim's
///    term anew; if not, being parked or over, it gives the claim back. What it answered `Ok`
///    to is durable.
/// 3. An append is `Conflict`, and changes nothing, if the saga does not have exactly as many
///    entries as the position says, or if the claim is not the newest of it. That the
///    claim's term has run out does not matter. Of several calls at once at one position, one succeeds.
/// 4. `load` answers a saga's header and all of its entries in their order, as one moment
///    had them; `None` if there is none.
/// 5. `claim` answers the right to write to a saga, under an epoch larger than any before, for
///    `term`; `None` if there is no such saga, or another runner holds it. The runner
///    that holds it may claim it anew. Of two runners at once, at most one gets it. Status does
///    not matter, but that of a purged one is `None`.
/// 6. A claim is held until `release`, or until its term has run out by the journal's own
///    clock; a term of no time has run out at once. `renew` begins the terms anew of those claims that are the newest of their sagas and not
///    released, and answers which they are; those of others change nothing. A record that cannot be
///    read does not hold up the others.
/// 7. `release` of a claim that is not the newest changes nothing and is no error.
/// 8. `list` answers the headers after `after` in the order of their ids' bytes that the filter
///    takes: `limit` of them, or all there are. A record that cannot be read is left out, and
///    reported by `tracing`; the next one takes its place, so that a page which is not full is the last.
/// 9. `purge` removes the entries of a saga that is over, for good, and nothing of its header;
///    purging again is no error. Of a saga that is not over it is `Conflict`, and changes nothing.
///    A purged saga takes no more entries: `Conflict`. Of a purge and an append at once, each sees
///    the other's effect, or is seen.
/// 10. Entries, outcomes and ids come back as they were, byte for byte, line breaks in payloads
///     included; ids that differ in case are different, and so are runners of one name whose
///     incarnations are.
///
/// # Cancel safety
///
/// A dropped call may have had its effect, or have it yet. `create` and `append` name what they
/// expect, so that a repeat does harm to nobody: load, and see.
#[async_trait]
pub trait SagaJournal: fmt::Debug + Send + Sync + 'static {
    /// Records a saga and claims it for `runner`.
    ///
    /// # Errors
    ///
    /// `Rejected`, `Unavailable`: nothing was recorded; `Unknown`: load it and see.
    async fn create(
        &self,
        saga: &NewSaga,
        entries: &[SagaEntry],
        runner: &NodeId,
        term: Duration,
    ) -> Result<Created, StoreError>;

    /// Records entries.
    ///
    /// # Errors
    ///
    /// `Conflict`: the place is taken, or the claim is not the newest; `Rejected`,
    /// `Unavailable`: nothing was recorded; `Unknown`: load it and see.
    async fn append(
        &self,
        claim: &SagaClaim,
        append: &SagaAppend<'_>,
        term: Duration,
    ) -> Result<(), StoreError>;

    /// A saga and its entries.
    ///
    /// # Errors
    ///
    /// `Rejected` if what is stored cannot be read; else `Unavailable`.
    async fn load(&self, saga: &SagaId)
    -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError>;

    /// Claims a saga for `runner`.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Unknown`: it may be held until the term is over. Claim again.
    async fn claim(
        &self,
        saga: &SagaId,
        runner: &NodeId,
        term: Duration,
    ) -> Result<Option<SagaClaim>, StoreError>;

    /// Begins terms anew, and answers whose.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: some may have been renewed; renew again.
    async fn renew(&self, claims: &[SagaClaim], term: Duration) -> Result<Vec<SagaId>, StoreError>;

    /// Gives a claim back.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: it ends by its term.
    async fn release(&self, claim: &SagaClaim) -> Result<(), StoreError>;

    /// The sagas that a filter takes, without their entries.
    ///
    /// # Errors
    ///
    /// `Unavailable`; `Rejected` if the store is not what it should be, but not for a single record.
    async fn list(
        &self,
        filter: &SagaFilter,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError>;

    /// Removes the entries of a saga that is over.
    ///
    /// # Errors
    ///
    /// `Conflict` if it is not over, or there is none; `Unavailable`, `Unknown`: purge again.
    async fn purge(&self, saga: &SagaId) -> Result<(), StoreError>;
}
