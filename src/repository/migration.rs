use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};

use futures::{StreamExt, stream};

use super::core::Core;
use super::sampler::Sampler;
use super::{Answer, BuildError, DivergenceSink, MigrationConfig, StampedRepository};
use crate::error::StoreError;
use crate::observe::{Event, Redaction};
use crate::phase::PhaseTracker;
use crate::resilience::Aside;
use crate::stamp::StampClock;

/// The repository callers keep using while their records move: it writes to and
/// reads from two sides as the phase says, and is itself a [`Repository`](super::Repository).
///
/// Cheap to clone; clones are one repository. Needs a tokio runtime with time.
///
/// ```
/// use strangler_fig::memory::InMemoryRepository;
/// use strangler_fig::phase::{MigrationState, PhaseTracker, Side};
/// use strangler_fig::repository::{Joined, MigrationRepository};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let legacy = InMemoryRepository::new(|user: &(u32, String)| user.0);
/// let modern = InMemoryRepository::new(|user: &(u32, String)| user.0);
/// let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
///
/// let users = MigrationRepository::new(legacy, modern, tracker)?;
/// users.save((1, "Ada".to_owned())).await?;
/// assert_eq!(users.find(&1).await?, Some((1, "Ada".to_owned())));
///
/// let saved = users.save_many(vec![(2, "Grace".to_owned()), (3, "Edsger".to_owned())]).await;
/// assert!(saved.iter().all(Result::is_ok));
/// users.delete(&2).await?;
/// let found: Vec<_> = users.find_many(&[2, 3]).await.into_iter().flatten().collect();
/// assert_eq!(found, [None, Some((3, "Edsger".to_owned()))]);
///
/// let answer = users.read(&2).await?;
/// assert!(answer.record.is_tombstone() && answer.origin == Side::Legacy);
/// assert_eq!(users.join(&2).await?, Joined::Copied); // modern was not written yet
/// assert!(users.stamps().now() > answer.record.stamp); // so will the next write's be
/// assert!(users.sink().is_empty()); // no write was in doubt
///
/// users.drained().await; // before the process ends
/// # Ok(())
/// # }
/// ```
///
/// # What it guarantees
///
/// Reads, saves and deletions of one key are linearizable, over all nodes and
/// through every move the state allows. A failure says by its kind whether the
/// write may have happened. Not covered: several keys at once, `find` followed
/// by `save` as one step, and writers that bypass the crate.
///
/// # Cancel safety
///
/// A dropped write may have had its effect, or have it later; if a store may
/// have been touched, its key is noted in the [`sink`](Self::sink).
pub struct MigrationRepository<L: StampedRepository, M> {
    pub(super) core: Arc<Core<L, M>>,
}

impl<L: StampedRepository, M> Clone for MigrationRepository<L, M> {
    fn clone(&self) -> Self {
        Self { core: Arc::clone(&self.core) }
    }
}

impl<L: StampedRepository, M> fmt::Debug for MigrationRepository<L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MigrationRepository")
            .field("state", &self.core.tracker.word())
            .field("noted", &self.core.sink)
            .finish_non_exhaustive()
    }
}

#[expect(
    clippy::manual_async_fn,
    reason = "`Send` is promised here once, not proved by every caller: the compiler cannot prove it \
              of entities that hold a `&'static str` (rust-lang/rust#100013)"
)]
impl<L, M> MigrationRepository<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Wraps two sides under the phase that `tracker` follows, with a stamp
    /// clock of its own and the default limits.
    ///
    /// # Errors
    ///
    /// [`BuildError`]: no entropy for the writer id, or as [`with_parts`](Self::with_parts).
    pub fn new(legacy: L, modern: M, tracker: Arc<PhaseTracker>) -> Result<Self, BuildError> {
        let stamps = Arc::new(StampClock::new()?);
        Self::with_parts(legacy, modern, tracker, stamps, MigrationConfig::default())
    }

    /// The same, with a given clock and given limits.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use strangler_fig::memory::InMemoryRepository;
    /// # use strangler_fig::phase::{MigrationState, PhaseTracker};
    /// # use strangler_fig::repository::{MigrationConfig, MigrationRepository};
    /// # use strangler_fig::stamp::StampClock;
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// let (stamps, config) = (Arc::new(StampClock::new()?), MigrationConfig::default());
    /// let users = MigrationRepository::with_parts(legacy, modern, tracker, stamps.clone(), config)?;
    /// assert!(Arc::ptr_eq(users.stamps(), &stamps));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`BuildError::Scopes`] when the tracker was started for sides that keep
    /// their stamps elsewhere.
    pub fn with_parts(
        legacy: L,
        modern: M,
        tracker: Arc<PhaseTracker>,
        stamps: Arc<StampClock>,
        config: MigrationConfig,
    ) -> Result<Self, BuildError> {
        let config = config.observing_policies();
        let core = Core {
            legacy: Arc::new(legacy),
            modern: Arc::new(modern),
            salt: tracker.state().salt(),
            sink: Arc::new(DivergenceSink::new(config.sink_capacity)),
            lenient: Aside::new(config.lenient_limit),
            shadow: Aside::new(config.shadow_limit),
            sampler: Sampler::new(config.latency_sample),
            tracker,
            stamps,
            config,
            redaction: OnceLock::new(),
        };
        let (declared, found) = (core.tracker.scopes(), core.scopes());
        if declared != found {
            return Err(BuildError::Scopes { declared, found });
        }
        let sink = Arc::downgrade(&core.sink);
        core.tracker.counts(sink);
        Ok(Self { core: Arc::new(core) })
    }

    /// What the migration holds for `key`: the record with its stamp, the side
    /// it comes from, and whether that side merely stood in. [`Answer`] shows it.
    ///
    /// # Errors
    ///
    /// `Rejected`: what a store holds cannot be read. Else `Unavailable`: a store
    /// that must answer in this phase did not, the migration stayed halted or kept
    /// moving, or this node has no part in it any more.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub fn read(
        &self,
        key: &L::Key,
    ) -> impl Future<Output = Result<Answer<L::Entity>, StoreError>> + Send {
        self.core.read(key)
    }

    /// The entity of `key`, if there is one.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub fn find(
        &self,
        key: &L::Key,
    ) -> impl Future<Output = Result<Option<L::Entity>, StoreError>> + Send {
        async move { Ok(self.core.read(key).await?.record.value) }
    }

    /// Stores `entity`.
    ///
    /// # Errors
    ///
    /// The first store's `Rejected`, `Conflict` or `Unavailable`: nothing
    /// happened. `Rejected` also when the stored stamp leaves no room above it.
    /// `Unavailable` also when the migration stayed halted, other writers were
    /// ahead every time, or this node has no part in the migration any more.
    /// `Unknown`: it may have happened; reading tells, saving again is harmless.
    ///
    /// # Cancel safety
    ///
    /// A dropped save may have had its effect, or have it later.
    pub fn save(&self, entity: L::Entity) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move {
            let key = self.core.legacy.key(&entity);
            self.core.write(key, Some(entity)).await
        }
    }

    /// Removes the entity of `key`; a tombstone stays until the migration ends.
    ///
    /// # Errors
    ///
    /// As [`save`](Self::save).
    ///
    /// # Cancel safety
    ///
    /// As [`save`](Self::save).
    pub fn delete(&self, key: &L::Key) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move { self.core.write(key.clone(), None).await }
    }

    /// [`find`](Self::find) for several keys; one answer each, in their order, with
    /// the errors of `find`. Not one moment of all keys.
    ///
    /// What one side answers alone is asked for by its
    /// [`read_many`](StampedRepository::read_many), in calls of as many keys as its
    /// [`read_batch`](StampedRepository::read_batch) says; where both are read, in
    /// `Cutover`, key by key. Calls are made several at once, by
    /// [`with_batch_concurrency`](crate::repository::MigrationConfig::with_batch_concurrency).
    /// For the policy of a side a call is one, with one deadline; it is made again for
    /// those keys only that were not answered, and counts as failed where none was.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub fn find_many(
        &self,
        keys: &[L::Key],
    ) -> impl Future<Output = Vec<Result<Option<L::Entity>, StoreError>>> + Send {
        async move {
            let answers = self.core.read_many(keys).await;
            answers.into_iter().map(|answer| Ok(answer?.record.value)).collect()
        }
    }

    /// [`save`](Self::save) for several entities, several at once; one answer
    /// each, in their order, with the errors of `save`. Not a transaction; entities
    /// of one key are saved in no particular order.
    ///
    /// # Cancel safety
    ///
    /// As [`save`](Self::save), for each of them.
    pub fn save_many(
        &self,
        entities: Vec<L::Entity>,
    ) -> impl Future<Output = Vec<Result<(), StoreError>>> + Send {
        async move {
            let saved = entities.into_iter().map(|entity| {
                let this = self.clone();
                async move { this.save(entity).await }
            });
            self.each(saved).await
        }
    }

    async fn each<T, F>(&self, operations: impl Iterator<Item = F> + Send) -> Vec<T>
    where
        F: Future<Output = T> + Send,
        T: Send,
    {
        stream::iter(operations).buffered(self.core.config.batch_concurrency.get()).collect().await
    }

    /// Any other question, `find_by_email`, a list, a count: put to the side
    /// that holds every record, with one closure for each. The closure may be
    /// called again when the phase moves.
    ///
    /// The answer misses no write acknowledged before the call. It is not
    /// linearizable: writes on their way may show or not.
    ///
    /// ```
    /// # use strangler_fig::memory::InMemoryRepository;
    /// # use strangler_fig::phase::{MigrationState, PhaseTracker};
    /// # use strangler_fig::repository::MigrationRepository;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    /// # let users = MigrationRepository::new(legacy, modern, tracker)?;
    /// let count = users
    ///     .query(
    ///         |legacy| async move { Ok(legacy.records().len()) },
    ///         |modern| async move { Ok(modern.records().len()) },
    ///     )
    ///     .await?;
    /// # assert_eq!(count, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// What the closure answered; `Unavailable` when the migration stayed halted or
    /// kept moving, or this node has no part in it any more.
    ///
    /// # Cancel safety
    ///
    /// That of the closures.
    pub fn query<T, LQ, MQ>(
        &self,
        legacy: impl Fn(Arc<L>) -> LQ + Send + Sync,
        modern: impl Fn(Arc<M>) -> MQ + Send + Sync,
    ) -> impl Future<Output = Result<T, StoreError>> + Send
    where
        T: Send,
        LQ: Future<Output = Result<T, StoreError>> + Send,
        MQ: Future<Output = Result<T, StoreError>> + Send,
    {
        self.core.query(legacy, modern)
    }

    /// Resolves when no work is left aside: lenient writes and comparisons whose
    /// callers have been answered. Await it before the process ends.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub fn drained(&self) -> impl Future<Output = ()> + Send {
        async move {
            self.core.lenient.idle().await;
            self.core.shadow.idle().await;
        }
    }

    /// The legacy side.
    #[must_use]
    pub fn legacy(&self) -> &Arc<L> {
        &self.core.legacy
    }

    /// The modern side.
    #[must_use]
    pub fn modern(&self) -> &Arc<M> {
        &self.core.modern
    }

    /// The node's copy of the state.
    #[must_use]
    pub fn tracker(&self) -> &Arc<PhaseTracker> {
        &self.core.tracker
    }

    /// The clock that stamps the writes.
    #[must_use]
    pub fn stamps(&self) -> &Arc<StampClock> {
        &self.core.stamps
    }

    /// Where the keys go that may differ; [`Divergence`](super::Divergence) shows
    /// how they are repaired.
    #[must_use]
    pub fn sink(&self) -> &Arc<DivergenceSink<L::Key>> {
        &self.core.sink
    }

    /// Lets log lines about mismatches show what `redaction` says; without it they show
    /// nothing of a record. The first one counts, for all clones.
    ///
    /// ```
    /// # use strangler_fig::memory::InMemoryRepository;
    /// # use strangler_fig::phase::{MigrationState, PhaseTracker};
    /// # use strangler_fig::repository::MigrationRepository;
    /// use strangler_fig::consistency::FieldComparator;
    /// # let [legacy, modern] = [(); 2].map(|()| InMemoryRepository::new(|user: &(u32, String)| user.0));
    /// # let tracker = PhaseTracker::detached(MigrationState::new("users".parse()?));
    ///
    /// // The names of the fields that differ, and nothing of what is in them.
    /// let users = MigrationRepository::new(legacy, modern, tracker)?.showing(FieldComparator::new());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn showing(self, redaction: impl Redaction<L::Entity>) -> Self {
        let _ = self.core.redaction.set(Arc::new(redaction));
        self
    }

    /// Tells the observer what a worker over these stores has done.
    pub(crate) fn tell(&self, event: impl FnOnce() -> Event) {
        self.core.tell(event);
    }
}
