//! A journal in which something happens in the midst of its calls, and that looks at what is written.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use futures::future::BoxFuture;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemorySagaJournal;
use strangler_fig::phase::NodeId;
use strangler_fig::saga::{
    Created, DefinitionId, NewSaga, SagaAppend, SagaClaim, SagaDefinition, SagaEntry, SagaFilter,
    SagaHeader, SagaId, SagaJournal, SagaPlan, SagaState,
};
use tokio::time::{Instant, sleep};

type Hook = Mutex<Option<BoxFuture<'static, ()>>>;

#[derive(Default)]
pub(crate) struct Hooked {
    pub(crate) inner: InMemorySagaJournal,
    after_create: Hook,
    after_list: Hook,
    /// Calls take random times, before they are done and after.
    rng: Option<Mutex<Rng>>,
    /// Appends fail now and then, with and without effect.
    is_faulty: bool,
    is_dead: Arc<AtomicBool>,
    /// That one goes on each time it is about to be purged.
    recalled: Option<SagaId>,
    plans: Mutex<HashMap<DefinitionId, Arc<SagaPlan>>>,
    wrong: Arc<Mutex<Vec<String>>>,
}

impl std::fmt::Debug for Hooked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hooked")
    }
}

impl Hooked {
    pub(crate) fn on(inner: &InMemorySagaJournal) -> Self {
        Self { inner: inner.clone(), ..Self::default() }
    }

    pub(crate) fn jittery(mut self, seed: u64) -> Self {
        self.rng = Some(Mutex::new(Rng::with_seed(seed)));
        self
    }

    pub(crate) fn faulty(mut self) -> Self {
        self.is_faulty = true;
        self
    }

    /// Whoever uses it is dead from here on: nothing is answered any more.
    pub(crate) fn kill(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::SeqCst)
    }

    /// What happens once a saga is created, before anybody hears of it.
    pub(crate) fn after_create(self, hook: impl Future<Output = ()> + Send + 'static) -> Self {
        *self.after_create.lock().unwrap() = Some(Box::pin(hook));
        self
    }

    /// What happens once a list is made, before anybody sees it.
    pub(crate) fn after_list(self, hook: impl Future<Output = ()> + Send + 'static) -> Self {
        *self.after_list.lock().unwrap() = Some(Box::pin(hook));
        self
    }

    pub(crate) fn recalling(mut self, saga: SagaId) -> Self {
        self.recalled = Some(saga);
        self
    }

    /// Looks at what is written of sagas of this kind.
    pub(crate) fn watching<I, O>(self, saga: &SagaDefinition<I, O>) -> Self {
        self.plans.lock().unwrap().insert(saga.id().clone(), saga.plan().clone());
        self
    }

    /// What was written and should not have been.
    pub(crate) fn wrong(&self) -> Vec<String> {
        self.wrong.lock().unwrap().clone()
    }

    async fn happen(hook: &Hook) {
        let hook = hook.lock().unwrap().take();
        if let Some(hook) = hook {
            hook.await;
        }
    }

    async fn pause(&self) {
        if let Some(rng) = &self.rng {
            let millis = rng.lock().unwrap().u64(1..30);
            sleep(Duration::from_millis(millis)).await;
        }
        if self.is_dead.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    /// Whether an append is done, and whether anybody is told.
    fn fate(&self) -> (bool, Option<StoreError>) {
        let draw = match &self.rng {
            Some(rng) if self.is_faulty => rng.lock().unwrap().u8(0..30),
            _ => u8::MAX,
        };
        match draw {
            0 => (false, Some(StoreError::unavailable("no connection"))),
            1 => (false, Some(StoreError::unknown("timeout"))),
            2 => (true, Some(StoreError::unknown("timeout"))),
            _ => (true, None),
        }
    }

    async fn slowly<T>(&self, call: impl Future<Output = T>) -> T {
        self.pause().await;
        let answer = call.await;
        self.pause().await;
        answer
    }

    /// S2: what is written can be read, and adds up to the status that is written with it.
    async fn look(&self, saga: &SagaId) -> Result<(), StoreError> {
        let Some((header, entries)) = self.inner.load(saga).await? else { return Ok(()) };
        let plan = self.plans.lock().unwrap().get(&header.definition).cloned();
        let Some(plan) = plan else { return Ok(()) };
        if entries.len() > 1_000 {
            let last = &entries[entries.len() - 6..];
            self.wrong.lock().unwrap().push(format!("{saga} is written without end: {last:?}"));
            self.kill();
            return Ok(());
        }
        let mut state = SagaState::new(plan);
        let wrong = |text| self.wrong.lock().unwrap().push(text);
        for entry in &entries {
            if let Err(error) = state.apply(entry, Instant::now()) {
                wrong(format!("{saga} cannot be read: {error}"));
                return Ok(());
            }
        }
        if state.status() != header.status {
            let (last, adds_up) = (entries.last(), state.status());
            wrong(format!("{saga} is {adds_up}, and said to be {}: {last:?}", header.status));
        }
        Ok(())
    }
}

#[async_trait]
impl SagaJournal for Hooked {
    async fn create(
        &self,
        saga: &NewSaga,
        entries: &[SagaEntry],
        runner: &NodeId,
        term: Duration,
    ) -> Result<Created, StoreError> {
        let created = self.slowly(self.inner.create(saga, entries, runner, term)).await;
        Self::happen(&self.after_create).await;
        created
    }

    async fn append(
        &self,
        claim: &SagaClaim,
        append: &SagaAppend<'_>,
        term: Duration,
    ) -> Result<(), StoreError> {
        self.slowly(async {
            let (is_done, error) = self.fate();
            if is_done {
                self.inner.append(claim, append, term).await?;
                self.look(&claim.saga).await?;
            }
            error.map_or(Ok(()), Err)
        })
        .await
    }

    async fn load(
        &self,
        saga: &SagaId,
    ) -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError> {
        self.slowly(self.inner.load(saga)).await
    }

    async fn claim(
        &self,
        saga: &SagaId,
        runner: &NodeId,
        term: Duration,
    ) -> Result<Option<SagaClaim>, StoreError> {
        self.slowly(self.inner.claim(saga, runner, term)).await
    }

    async fn renew(&self, claims: &[SagaClaim], term: Duration) -> Result<Vec<SagaId>, StoreError> {
        self.slowly(self.inner.renew(claims, term)).await
    }

    async fn release(&self, claim: &SagaClaim) -> Result<(), StoreError> {
        self.slowly(self.inner.release(claim)).await
    }

    async fn list(
        &self,
        filter: &SagaFilter,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError> {
        let listed = self.slowly(self.inner.list(filter, after, limit)).await;
        Self::happen(&self.after_list).await;
        listed
    }

    async fn purge(&self, saga: &SagaId) -> Result<(), StoreError> {
        if self.recalled.as_ref() == Some(saga) {
            return Err(StoreError::conflict("it was recalled a moment ago"));
        }
        self.inner.purge(saga).await
    }
}
