//! A state service that does as a script tells it.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::memory::InMemoryStateService;
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, Move, NodeId, NodeLease, Revision,
    Versioned, take_step,
};
use tokio::sync::Notify;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Current,
    Leases,
    Replace,
    Evict,
}

/// What becomes of a call.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    Answers,
    /// It takes so long before and after its effect.
    Dawdles(Duration, Duration),
    /// Nothing is done, and it says so.
    Refuses,
    /// It never answers, before its effect or after it.
    Hangs {
        lands: bool,
    },
    /// It may have happened, for all it says. Whether it did; and what others do next.
    Doubts {
        lands: bool,
        then: Vec<Move>,
    },
    /// The same, and its effect comes later.
    Lags(Duration),
    /// Somebody else makes this move first.
    Conflicts {
        after: Move,
    },
}

type Script = Box<dyn FnMut(Call) -> Fate + Send>;

pub(crate) struct Service {
    pub(crate) inner: Arc<InMemoryStateService>,
    script: Mutex<Script>,
    calls: Mutex<Vec<Call>>,
    hangs: Notify,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}

impl Service {
    pub(crate) fn of(inner: Arc<InMemoryStateService>) -> Arc<Self> {
        let script: Mutex<Script> = Mutex::new(Box::new(|_| Fate::Answers));
        Arc::new(Self { inner, script, calls: Mutex::default(), hangs: Notify::new() })
    }

    /// What becomes of calls from now on.
    pub(crate) fn script(&self, script: impl FnMut(Call) -> Fate + Send + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    /// The same for replacements of the state, the first of them first; then all is well.
    pub(crate) fn replacements(&self, fates: impl IntoIterator<Item = Fate>) {
        let mut fates: Vec<_> = fates.into_iter().collect();
        fates.reverse();
        self.script(move |call| match call {
            Call::Replace => fates.pop().unwrap_or(Fate::Answers),
            _ => Fate::Answers,
        });
    }

    /// The call of this number, from now on and counted from 0, never answers.
    pub(crate) fn hang_at(&self, number: usize, lands: bool) {
        let mut left = number;
        self.script(move |_| {
            let hangs = left == 0;
            left = left.wrapping_sub(1);
            if hangs { Fate::Hangs { lands } } else { Fate::Answers }
        });
    }

    /// Resolves when a call hangs.
    pub(crate) async fn hangs(&self) {
        self.hangs.notified().await;
    }

    pub(crate) fn calls_of(&self, call: Call) -> usize {
        self.calls.lock().unwrap().iter().filter(|made| **made == call).count()
    }

    async fn answer<T>(
        &self,
        fate: Fate,
        effect: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match fate {
            Fate::Answers | Fate::Conflicts { .. } => effect.await,
            Fate::Dawdles(before, after) => {
                tokio::time::sleep(before).await;
                let answer = effect.await;
                tokio::time::sleep(after).await;
                answer
            }
            Fate::Refuses => Err(StoreError::unavailable("no route to host")),
            Fate::Hangs { lands } => {
                if lands {
                    let _ = effect.await;
                }
                self.hangs.notify_one();
                std::future::pending().await
            }
            Fate::Doubts { lands: true, .. } => {
                effect.await.and_then(|_| Err(StoreError::unknown("the answer was lost")))
            }
            Fate::Doubts { .. } | Fate::Lags(_) => Err(StoreError::unknown("no answer")),
        }
    }

    fn next(&self, call: Call) -> Fate {
        let made = {
            let mut calls = self.calls.lock().unwrap();
            calls.push(call);
            calls.len()
        };
        assert!(made < 50_000, "somebody asks without an end");
        (self.script.lock().unwrap())(call)
    }
}

#[async_trait]
impl MigrationStateService for Service {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        self.inner.create(state).await
    }

    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        self.answer(self.next(Call::Current), self.inner.current(name)).await
    }

    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        let fate = self.next(Call::Replace);
        if let Fate::Lags(lag) = fate {
            let (inner, next) = (Arc::clone(&self.inner), next.clone());
            tokio::spawn(async move {
                tokio::time::sleep(lag).await;
                let _ = inner.compare_and_set(expected, &next).await;
            });
        }
        if let Fate::Conflicts { after } = &fate {
            take_step(&*self.inner, next.name(), after, None).await.unwrap();
        }
        let answer = self.answer(fate.clone(), self.inner.compare_and_set(expected, next)).await;
        if let Fate::Doubts { then, .. } = fate {
            for step in then {
                take_step(&*self.inner, next.name(), &step, None).await.unwrap();
            }
        }
        answer
    }

    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        self.inner.renew_lease(name, lease).await
    }

    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        self.inner.release_lease(name, node).await
    }

    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        self.answer(self.next(Call::Leases), self.inner.leases(name)).await
    }

    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        self.answer(self.next(Call::Evict), self.inner.evict(name, seen)).await
    }
}
