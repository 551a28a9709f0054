//! The bus in memory, behind a connection that fails as it is told, and counts.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    Delivery, EventSubscriber, EventSubscription, Receipt, Settlement, SubscriptionLimits,
    SubscriptionName, Topic,
};
use strangler_fig::memory::InMemoryBus;

#[derive(Debug, Default)]
struct Script {
    /// What the next calls are answered, the last one first; before or after they had their effect.
    subscribes: Vec<StoreError>,
    receives: Vec<Result<(), StoreError>>,
    settles: Vec<(StoreError, bool)>,
    is_ended: bool,
    held: usize,
    most_held: usize,
    most_asked_for: usize,
    signs: Vec<usize>,
    settled: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Flaky {
    bus: InMemoryBus,
    script: Arc<Mutex<Script>>,
}

impl Flaky {
    pub(crate) fn new(bus: InMemoryBus) -> Self {
        Self { bus, script: Arc::default() }
    }

    fn with(self, write: impl FnOnce(&mut Script)) -> Self {
        write(&mut self.script.lock().unwrap());
        self
    }

    fn look<T>(&self, look: impl FnOnce(&Script) -> T) -> T {
        look(&self.script.lock().unwrap())
    }

    pub(crate) fn failing_subscribes(self, errors: Vec<StoreError>) -> Self {
        self.with(|script| script.subscribes = errors)
    }

    pub(crate) fn failing_receives(self, errors: Vec<StoreError>) -> Self {
        self.with(|script| script.receives = errors.into_iter().map(Err).collect())
    }

    /// Each with whether the call has its effect all the same.
    pub(crate) fn failing_settles(self, errors: Vec<(StoreError, bool)>) -> Self {
        self.with(|script| script.settles = errors)
    }

    pub(crate) fn ended(self) -> Self {
        self.with(|script| script.is_ended = true)
    }

    pub(crate) fn most_held(&self) -> usize {
        self.look(|script| script.most_held)
    }

    pub(crate) fn most_asked_for(&self) -> usize {
        self.look(|script| script.most_asked_for)
    }

    pub(crate) fn settled(&self) -> usize {
        self.look(|script| script.settled)
    }

    /// Of how many deliveries each call said that they are alive.
    pub(crate) fn signs(&self) -> Vec<usize> {
        self.look(|script| script.signs.clone())
    }
}

#[async_trait]
impl EventSubscriber for Flaky {
    async fn subscribe(
        &self,
        name: &SubscriptionName,
        topics: &[Topic],
        limits: SubscriptionLimits,
    ) -> Result<Box<dyn EventSubscription>, StoreError> {
        if let Some(error) = self.script.lock().unwrap().subscribes.pop() {
            return Err(error);
        }
        let inner = self.bus.subscribe(name, topics, limits).await?;
        Ok(Box::new(FlakySubscription { inner, script: Arc::clone(&self.script) }))
    }
}

#[derive(Debug)]
struct FlakySubscription {
    inner: Box<dyn EventSubscription>,
    script: Arc<Mutex<Script>>,
}

#[async_trait]
impl EventSubscription for FlakySubscription {
    async fn receive(&self, limit: NonZeroUsize) -> Result<Vec<Delivery>, StoreError> {
        {
            let mut script = self.script.lock().unwrap();
            if let Some(Err(error)) = script.receives.pop() {
                return Err(error);
            }
            if script.is_ended {
                return Ok(Vec::new());
            }
            script.most_asked_for = script.most_asked_for.max(limit.get());
        }
        let came = self.inner.receive(limit).await?;
        let mut script = self.script.lock().unwrap();
        script.held += came.len();
        script.most_held = script.most_held.max(script.held);
        Ok(came)
    }

    async fn settle(&self, receipt: Receipt, settlement: &Settlement) -> Result<(), StoreError> {
        let failure = self.script.lock().unwrap().settles.pop();
        if let Some((error, false)) = failure {
            return Err(error);
        }
        self.inner.settle(receipt, settlement).await?;
        let mut script = self.script.lock().unwrap();
        script.held -= 1;
        script.settled += 1;
        failure.map_or(Ok(()), |(error, _)| Err(error))
    }

    async fn extend(&self, receipts: &[Receipt]) -> Result<(), StoreError> {
        self.script.lock().unwrap().signs.push(receipts.len());
        self.inner.extend(receipts).await
    }
}
