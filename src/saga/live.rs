use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::{Cause, Repair, SagaClaim, SagaError, SagaOutcome};

/// A saga that runs here: how it is told, and how it is waited for.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) claim: SagaClaim,
    inbox: Mutex<Vec<Command>>,
    told: Notify,
    settled: Mutex<Option<Settled>>,
    over: Notify,
}

/// What a saga that runs is told.
#[derive(Debug)]
pub(super) enum Command {
    Cancel {
        cause: Cause,
        reply: Reply,
    },
    Repair {
        repair: Repair,
        actor: String,
        reason: String,
        reply: Reply,
    },
    /// Another runner has claimed it.
    Lost,
    /// To begin nothing more, and to be given back.
    Drain,
}

pub(super) type Reply = oneshot::Sender<Result<(), SagaError>>;

/// What became of a saga, as far as this runner goes.
#[derive(Debug, Clone)]
pub(super) enum Settled {
    Over(SagaOutcome),
    Parked,
    /// It goes on elsewhere, or later: the journal knows.
    Left,
}

impl Live {
    pub(super) fn new(claim: SagaClaim) -> Self {
        Self {
            claim,
            inbox: Mutex::default(),
            told: Notify::new(),
            settled: Mutex::default(),
            over: Notify::new(),
        }
    }

    pub(super) fn tell(&self, command: Command) {
        held(&self.inbox).push(command);
        self.told.notify_one();
    }

    /// Whether it was told something since it last looked.
    pub(super) fn has_heard(&self) -> bool {
        !held(&self.inbox).is_empty()
    }

    /// What it was told since it last looked.
    pub(super) fn heard(&self) -> Vec<Command> {
        std::mem::take(&mut held(&self.inbox))
    }

    /// Resolves when there is something to be heard.
    pub(super) async fn told(&self) {
        self.told.notified().await;
    }

    pub(super) fn settle(&self, settled: Settled) {
        *held(&self.settled) = Some(settled);
        self.over.notify_waiters();
    }

    pub(super) fn is_settled(&self) -> Option<Settled> {
        held(&self.settled).clone()
    }

    pub(super) fn has_settled(&self) -> bool {
        held(&self.settled).is_some()
    }

    pub(super) async fn settled(&self) -> Settled {
        loop {
            let over = self.over.notified();
            if let Some(settled) = self.is_settled() {
                return settled;
            }
            over.await;
        }
    }
}

pub(super) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
