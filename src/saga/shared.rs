use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, warn};

use super::definition::Definition;
use super::live::{Command, Live, Settled, held};
use super::run::{Lost, Run};
use super::soon;
use super::{
    DefinitionId, SagaAppend, SagaClaim, SagaConfig, SagaEntry, SagaFilter, SagaHeader, SagaId,
    SagaJournal, SagaStatus,
};
use crate::error::{StoreError, StoreErrorKind};
use crate::observe::Event;
use crate::phase::NodeId;
use crate::resilience::Exponential;

/// What the parts of an orchestrator share.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) journal: Arc<dyn SagaJournal>,
    pub(super) runner: NodeId,
    pub(super) config: SagaConfig,
    definitions: Mutex<BTreeMap<DefinitionId, Arc<Definition>>>,
    live: Mutex<HashMap<SagaId, Arc<Live>>>,
    is_draining: AtomicBool,
}

/// Settles what runs here whenever its course ends, by a panic even.
struct Settling {
    inner: Arc<Inner>,
    live: Arc<Live>,
}

impl Settling {
    fn settle(&self, settled: Settled) {
        self.inner.tell(&settled);
        self.inner.forget(&self.live);
        self.live.settle(settled);
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        if !self.live.has_settled() {
            self.inner.forget(&self.live);
            self.live.settle(Settled::Left);
        }
    }
}

impl Inner {
    pub(super) fn new(journal: Arc<dyn SagaJournal>, runner: NodeId, config: SagaConfig) -> Self {
        Self {
            journal,
            runner,
            config,
            definitions: Mutex::default(),
            live: Mutex::default(),
            is_draining: AtomicBool::new(false),
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

    fn tell(&self, settled: &Settled) {
        if let Some(observer) = &self.config.observer {
            let status = match settled {
                Settled::Over(outcome) => outcome.status().name(),
                Settled::Parked => SagaStatus::Parked.name(),
                Settled::Left => "left",
            };
            observer.on_event(&Event::SagaSettled { status });
        }
    }

    /// It runs here no more.
    fn forget(&self, live: &Arc<Live>) {
        if let Entry::Occupied(found) = held(&self.live).entry(live.claim.saga.clone()) {
            if Arc::ptr_eq(found.get(), live) {
                found.remove();
            }
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::SeqCst)
    }

    /// Nothing is begun from here on, and everything that runs is told so.
    pub(super) fn begin_draining(&self) {
        self.is_draining.store(true, Ordering::SeqCst);
        for live in self.running_all() {
            live.tell(Command::Drain);
        }
    }

    /// Lets a saga run, in a task of its own.
    pub(super) fn spawn(self: &Arc<Self>, run: Box<Run>) -> Arc<Live> {
        let live = Arc::clone(&run.live);
        tokio::spawn(self.enlisted(run));
        live
    }

    /// Lets a saga run: here until it has to wait, and from then on in a task of its own, which costs more
    /// than steps that need not wait.
    pub(super) fn begin(self: &Arc<Self>, run: Box<Run>) -> Arc<Live> {
        let live = Arc::clone(&run.live);
        if let Some(rest) = soon::rest_of(self.enlisted(run)) {
            tokio::spawn(rest);
        }
        live
    }

    /// The course of a saga that counts as one that runs here from now on.
    fn enlisted(self: &Arc<Self>, run: Box<Run>) -> impl Future<Output = ()> + Send + use<> {
        let live = &run.live;
        let former = held(&self.live).insert(live.claim.saga.clone(), Arc::clone(live));
        if let Some(former) = former {
            former.tell(Command::Lost);
        }
        if self.is_draining() {
            live.tell(Command::Drain);
        }
        let settling = Settling { inner: Arc::clone(self), live: Arc::clone(live) };
        async move { settling.settle(run.drive().await) }
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
    ) -> Result<Instant, Lost> {
        let mut failures = 0;
        loop {
            let answer = self.within(self.journal.append(claim, &append, self.config.term)).await;
            let Err(error) = answer else { return Ok(self.held_until(sent)) };
            // In a box, so that a saga has no room for what is seldom needed.
            let recorded = Box::pin(self.is_recorded_after_all(claim, &append, &error, failures));
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
        error: &StoreError,
        failures: u32,
    ) -> Result<bool, Lost> {
        let is_told = matches!(error.kind(), StoreErrorKind::Conflict | StoreErrorKind::Unknown);
        if is_told && self.is_recorded(claim, append).await? {
            return Ok(true);
        }
        self.pause(&claim.saga, error, failures).await;
        Ok(false)
    }

    /// Whether entries are in the journal, of which nobody knows.
    async fn is_recorded(&self, claim: &SagaClaim, append: &SagaAppend<'_>) -> Result<bool, Lost> {
        let mut failures = 0;
        loop {
            match self.within(self.journal.load(&claim.saga)).await {
                Ok(None) => return Err(Lost),
                Ok(Some((header, entries))) => {
                    return is_there(claim, append, &header, &entries);
                }
                Err(error) => self.pause(&claim.saga, &error, failures).await,
            }
            failures = failures.saturating_add(1);
        }
    }

    async fn pause(&self, saga: &SagaId, error: &StoreError, failures: u32) {
        let pauses = Exponential::between(Duration::from_millis(10), Duration::from_secs(5));
        warn!(%saga, error = error.with_causes(), "the saga journal failed; it is called again");
        tokio::time::sleep(pauses.delay(failures)).await;
    }

    /// Begins the term of a claim anew, if it is the newest.
    pub(super) async fn still_held(&self, claim: &SagaClaim) -> Result<Instant, Lost> {
        let mut failures = 0;
        loop {
            let sent = Instant::now();
            let claims = std::slice::from_ref(claim);
            match self.within(self.journal.renew(claims, self.config.term)).await {
                Ok(held) if held.contains(&claim.saga) => return Ok(self.held_until(sent)),
                Ok(_) => return Err(Lost),
                Err(error) => self.pause(&claim.saga, &error, failures).await,
            }
            failures = failures.saturating_add(1);
        }
    }

    /// Gives a claim back; if that fails, it ends by its term.
    pub(super) async fn release(&self, claim: &SagaClaim) {
        if let Err(error) = self.within(self.journal.release(claim)).await {
            let error = error.with_causes();
            warn!(saga = %claim.saga, error, "a claim could not be given back; it ends by its term");
        }
    }

    /// Begins the terms of all that runs here anew.
    pub(super) async fn renew_all(&self) {
        const BATCH: usize = 500;
        let running = self.running_all();
        for live in running.chunks(BATCH) {
            let claims: Vec<_> = live.iter().map(|live| live.claim.clone()).collect();
            match self.within(self.journal.renew(&claims, self.config.term)).await {
                Ok(held) => {
                    let held: std::collections::HashSet<_> = held.into_iter().collect();
                    for live in live.iter().filter(|live| !held.contains(&live.claim.saga)) {
                        live.tell(Command::Lost);
                    }
                }
                Err(error) => {
                    let error = error.with_causes();
                    warn!(error, "claims of sagas could not be renewed; it is tried again");
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
) -> Result<bool, Lost> {
    if header.epoch != claim.epoch {
        return Err(Lost);
    }
    let after = usize::try_from(append.position).ok().and_then(|at| entries.get(at..));
    match after {
        Some([]) => Ok(false),
        Some(found) if found == append.entries => Ok(true),
        _ => {
            error!(saga = %claim.saga, "the journal holds entries that this runner did not write");
            Err(Lost)
        }
    }
}
