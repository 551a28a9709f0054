use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, warn};

use super::definition::Definition;
use super::live::{Command, Live, Settled, held};
use super::place::Place;
use super::soon;
use super::{
    DefinitionId, SagaAppend, SagaClaim, SagaConfig, SagaEntry, SagaFilter, SagaHeader, SagaId,
    SagaJournal, SagaStatus,
};
use crate::error::{StoreError, StoreErrorKind};
use crate::observe::{Event, field};
use crate::phase::NodeId;
use crate::resilience::Exponential;

/// How long a saga that could not be taken over is left alone.
const REST: Duration = Duration::from_secs(60);

/// What the parts of an orchestrator share.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) journal: Arc<dyn SagaJournal>,
    pub(super) runner: NodeId,
    pub(super) config: SagaConfig,
    definitions: Mutex<BTreeMap<DefinitionId, Arc<Definition>>>,
    live: Mutex<BTreeMap<SagaId, Arc<Live>>>,
    /// Sagas that could not be taken over, and until when that is not tried again.
    resting: Mutex<HashMap<SagaId, Instant>>,
    is_stopping: AtomicBool,
}

/// Why entries are not in the journal, and will not be.
pub(super) enum Unrecorded {
    /// The runner holds the saga no more, or cannot know.
    Lost,
    /// The journal refuses them.
    Refused(StoreError),
}

impl Inner {
    pub(super) fn new(journal: Arc<dyn SagaJournal>, runner: NodeId, config: SagaConfig) -> Self {
        Self {
            journal,
            runner,
            config,
            definitions: Mutex::default(),
            live: Mutex::default(),
            resting: Mutex::default(),
            is_stopping: AtomicBool::new(false),
        }
    }

    pub(super) fn register(&self, definition: &Arc<Definition>) {
        let mut definitions = held(&self.definitions);
        if definitions.contains_key(definition.plan.id()) {
            return;
        }
        let mut open = vec![definition];
        while let Some(definition) = open.pop() {
            if !definitions.contains_key(definition.plan.id()) {
                definitions.insert(definition.plan.id().clone(), Arc::clone(definition));
                open.extend(definition.steps.iter().filter_map(|step| step.nested()));
            }
        }
    }

    pub(super) fn definition(&self, id: &DefinitionId) -> Option<Arc<Definition>> {
        held(&self.definitions).get(id).cloned()
    }

    pub(super) fn definitions(&self) -> Vec<DefinitionId> {
        held(&self.definitions).keys().cloned().collect()
    }

    pub(super) fn running(&self, saga: &SagaId) -> Option<Arc<Live>> {
        held(&self.live).get(saga).cloned()
    }

    pub(super) fn running_all(&self) -> Vec<Arc<Live>> {
        held(&self.live).values().cloned().collect()
    }

    pub(super) fn running_count(&self) -> usize {
        held(&self.live).len()
    }

    /// Takes the place of a saga, if it is free; else who has it.
    pub(super) fn enter(self: &Arc<Self>, saga: &SagaId) -> Result<Place, Arc<Live>> {
        let live = match held(&self.live).entry(saga.clone()) {
            Entry::Occupied(found) => return Err(Arc::clone(found.get())),
            Entry::Vacant(free) => Arc::clone(free.insert(Arc::new(Live::new(saga.clone())))),
        };
        if self.is_stopping() {
            live.tell(Command::Stop);
        }
        Ok(Place { inner: Arc::clone(self), live, is_told: false })
    }

    /// The saga runs here no more.
    pub(super) fn forget(&self, saga: &SagaId) {
        held(&self.live).remove(saga);
    }

    /// Whether a saga is not to be taken over yet.
    pub(super) fn rests(&self, saga: &SagaId) -> bool {
        held(&self.resting).get(saga).is_some_and(|until| *until > Instant::now())
    }

    /// Does not take a saga over for a while.
    pub(super) fn let_rest(&self, saga: SagaId) {
        let now = Instant::now();
        let mut resting = held(&self.resting);
        resting.retain(|_, until| *until > now);
        resting.insert(saga, now + REST);
    }

    pub(super) fn tell_begun(&self) {
        if let Some(observer) = &self.config.observer {
            observer.on_event(&Event::SagaBegan);
        }
    }

    pub(super) fn tell(&self, settled: &Settled) {
        if let Some(observer) = &self.config.observer {
            let status = match settled {
                Settled::Over(outcome) => outcome.status().name(),
                Settled::Parked => SagaStatus::Parked.name(),
                Settled::Left => "left",
            };
            observer.on_event(&Event::SagaSettled { status });
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }

    /// Nothing is begun from here on, and everything that runs is told so.
    pub(super) fn begin_stopping(&self) {
        self.is_stopping.store(true, Ordering::SeqCst);
        for live in self.running_all() {
            live.tell(Command::Stop);
        }
    }

    /// A call of the journal that ends in time.
    pub(super) async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let limit = self.config.call_deadline;
        match soon::within(limit, call).await {
            Some(answer) => answer,
            None => {
                Err(StoreError::unknown(format!("the journal gave no answer within {limit:?}")))
            }
        }
    }

    /// Until when a claim is held that was begun by a call sent at `sent`.
    pub(super) fn held_until(&self, sent: Instant) -> Instant {
        sent.checked_add(self.config.term).unwrap_or(sent + Duration::from_secs(1 << 30))
    }

    /// Records entries, however often it takes; answers until when the claim is held. `sent` is not later
    /// than now.
    pub(super) async fn record(
        &self,
        claim: &SagaClaim,
        mut sent: Instant,
        append: SagaAppend<'_>,
    ) -> Result<Instant, Unrecorded> {
        let mut failures = 0;
        loop {
            let answer = self.within(self.journal.append(claim, &append, self.config.term)).await;
            let Err(error) = answer else { return Ok(self.held_until(sent)) };
            // In a box, so that a saga has no room for what is seldom needed.
            let recorded = Box::pin(self.is_recorded_after_all(claim, &append, error, failures));
            if recorded.await? {
                return Ok(self.held_until(sent));
            }
            failures = failures.saturating_add(1);
            sent = Instant::now();
        }
    }

    /// Whether entries are in the journal in spite of an error; if not, it pauses.
    async fn is_recorded_after_all(
        &self,
        claim: &SagaClaim,
        append: &SagaAppend<'_>,
        error: StoreError,
        failures: u32,
    ) -> Result<bool, Unrecorded> {
        match error.kind() {
            StoreErrorKind::Rejected => return Err(Unrecorded::Refused(error)),
            StoreErrorKind::Conflict | StoreErrorKind::Unknown => {
                if self.is_recorded(claim, append).await? {
                    return Ok(true);
                }
            }
            StoreErrorKind::Unavailable => {}
        }
        self.pause(&claim.saga, &error, failures).await;
        Ok(false)
    }

    /// Whether entries are in the journal, of which nobody knows.
    async fn is_recorded(
        &self,
        claim: &SagaClaim,
        append: &SagaAppend<'_>,
    ) -> Result<bool, Unrecorded> {
        let mut failures = 0;
        loop {
            match self.within(self.journal.load(&claim.saga)).await {
                Ok(Some((header, entries))) => return is_there(claim, append, &header, &entries),
                Err(error) if error.is_retryable() => {
                    self.pause(&claim.saga, &error, failures).await;
                }
                Ok(None) | Err(_) => return Err(Unrecorded::Lost),
            }
            failures = failures.saturating_add(1);
        }
    }

    async fn pause(&self, saga: &SagaId, error: &StoreError, failures: u32) {
        let pauses = Exponential::between(Duration::from_millis(10), Duration::from_secs(5));
        warn!({ field::SAGA } = %saga, { field::ERROR } = error.with_causes(), "the saga journal failed; it is called again");
        tokio::time::sleep(pauses.delay(failures)).await;
    }

    /// Begins the term of a claim anew; until when it is held, if it is the newest.
    pub(super) async fn still_held(&self, claim: &SagaClaim) -> Option<Instant> {
        let mut failures = 0;
        loop {
            let sent = Instant::now();
            let claims = std::slice::from_ref(claim);
            match self.within(self.journal.renew(claims, self.config.term)).await {
                Ok(held) => return held.contains(&claim.saga).then(|| self.held_until(sent)),
                Err(error) if error.is_retryable() => {
                    self.pause(&claim.saga, &error, failures).await;
                }
                Err(_) => return None,
            }
            failures = failures.saturating_add(1);
        }
    }

    /// Gives a claim back; if that fails, it ends by its term.
    pub(super) async fn release(&self, claim: &SagaClaim) {
        if let Err(error) = self.within(self.journal.release(claim)).await {
            let error = error.with_causes();
            warn!({ field::SAGA } = %claim.saga, { field::ERROR } = error, "a claim could not be given back; it ends by its term");
        }
    }

    /// Begins the terms of all that runs here anew.
    pub(super) async fn renew_all(&self) {
        const BATCH: usize = 500;
        let running = self.running_all();
        let claimed: Vec<_> =
            running.iter().filter_map(|live| Some((live, live.claim()?))).collect();
        for batch in claimed.chunks(BATCH) {
            let claims: Vec<_> = batch.iter().map(|(_, claim)| claim.clone()).collect();
            match self.within(self.journal.renew(&claims, self.config.term)).await {
                Ok(held) => {
                    let held: HashSet<_> = held.into_iter().collect();
                    for (live, _) in batch.iter().filter(|(live, _)| !held.contains(&live.saga)) {
                        live.tell(Command::Lost);
                    }
                }
                Err(error) => {
                    let error = error.with_causes();
                    warn!(
                        { field::ERROR } = error,
                        "claims of sagas could not be renewed; it is tried again"
                    );
                }
            }
        }
    }

    /// Sagas that nobody holds and that can go on, of these definitions.
    pub(super) async fn abandoned(
        &self,
        definitions: Vec<DefinitionId>,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError> {
        let statuses = vec![SagaStatus::Running, SagaStatus::Unwinding];
        let filter = SagaFilter { statuses, definitions, is_free: true, ..SagaFilter::default() };
        self.within(self.journal.list(&filter, after, limit)).await
    }
}

fn is_there(
    claim: &SagaClaim,
    append: &SagaAppend<'_>,
    header: &SagaHeader,
    entries: &[SagaEntry],
) -> Result<bool, Unrecorded> {
    if header.epoch != claim.epoch {
        return Err(Unrecorded::Lost);
    }
    let after = usize::try_from(append.position).ok().and_then(|at| entries.get(at..));
    match after {
        Some([]) => Ok(false),
        Some(found) if found == append.entries => Ok(true),
        _ => {
            error!({ field::SAGA } = %claim.saga, "the journal holds entries that this runner did not write");
            Err(Unrecorded::Lost)
        }
    }
}
