use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::{Cause, Repair, SagaClaim, SagaError, SagaId, SagaOutcome};
use crate::phase::{Actor, Reason};

/// A saga that runs here, or is about to: how it is told, and how it is waited for.
#[derive(Debug)]
pub(super) struct Live {
    pub(super) saga: SagaId,
    claimed: OnceLock<Claimed>,
    /// Nothing, once nobody listens any more.
    inbox: Mutex<Option<Vec<Command>>>,
    /// Whether there is something in it.
    has_mail: AtomicBool,
    told: Notify,
    settled: OnceLock<Settled>,
    changed: Notify,
}

/// What is known of a saga once it is this runner's.
#[derive(Debug)]
struct Claimed {
    epoch: u64,
    parent: Option<SagaId>,
}

/// What a saga that runs is told.
#[derive(Debug)]
pub(super) enum Command {
    Order {
        order: Order,
        reply: Reply,
    },
    /// Another runner has claimed it, or it was given back.
    Lost,
    /// To begin nothing more, and to be given back.
    Stop,
    /// To be given back at once.
    Leave,
}

/// What somebody wants of it, and may be refused.
#[derive(Debug, Clone)]
pub(super) enum Order {
    /// To turn back.
    Cancel(Cause),
    Repair(Decision),
}

/// What an operator decides, who it is, and why.
#[derive(Debug, Clone)]
pub(super) struct Decision {
    pub(super) repair: Repair,
    pub(super) actor: Actor,
    pub(super) reason: Reason,
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
    pub(super) fn new(saga: SagaId) -> Self {
        Self {
            saga,
            claimed: OnceLock::new(),
            inbox: Mutex::new(Some(Vec::new())),
            has_mail: AtomicBool::new(false),
            told: Notify::new(),
            settled: OnceLock::new(),
            changed: Notify::new(),
        }
    }

    /// It is this runner's, under this epoch.
    pub(super) fn begin(&self, epoch: u64, parent: Option<SagaId>) {
        let _ = self.claimed.set(Claimed { epoch, parent });
        self.changed.notify_waiters();
    }

    /// The claim it runs under, once there is one.
    pub(super) fn claim(&self) -> Option<SagaClaim> {
        let claimed = self.claimed.get()?;
        Some(SagaClaim { saga: self.saga.clone(), epoch: claimed.epoch })
    }

    /// The saga that it is a step of.
    pub(super) fn parent(&self) -> Option<&SagaId> {
        self.claimed.get()?.parent.as_ref()
    }

    /// Waits until it is this runner's; answers whether it came to that.
    pub(super) async fn has_begun(&self) -> bool {
        loop {
            let changed = self.changed.notified();
            if self.claimed.get().is_some() {
                return true;
            }
            if self.has_settled() {
                return false;
            }
            changed.await;
        }
    }

    pub(super) fn tell(&self, command: Command) {
        if let Some(inbox) = &mut *held(&self.inbox) {
            inbox.push(command);
            self.has_mail.store(true, Ordering::SeqCst);
            self.told.notify_one();
        }
    }

    /// Whether it was told something since it last looked.
    pub(super) fn has_heard(&self) -> bool {
        self.has_mail.load(Ordering::SeqCst)
    }

    /// What it was told since it last looked.
    pub(super) fn heard(&self) -> Vec<Command> {
        let mut inbox = held(&self.inbox);
        self.has_mail.store(false, Ordering::SeqCst);
        inbox.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Resolves when there is something to be heard.
    pub(super) async fn told(&self) {
        while !self.has_heard() {
            self.told.notified().await;
        }
    }

    /// Resolves when it is to go, whatever it is at.
    pub(super) async fn told_to_go(&self) {
        let is_to_go = |inbox: &Vec<Command>| {
            inbox.iter().any(|it| matches!(it, Command::Lost | Command::Leave))
        };
        while !held(&self.inbox).as_ref().is_some_and(is_to_go) {
            self.told.notified().await;
        }
    }

    /// It runs here no more: whoever waits is told, and whoever has told it something gets no answer.
    pub(super) fn settle(&self, settled: Settled) {
        let _ = self.settled.set(settled);
        drop(held(&self.inbox).take());
        self.changed.notify_waiters();
    }

    pub(super) fn is_settled(&self) -> Option<&Settled> {
        self.settled.get()
    }

    pub(super) fn has_settled(&self) -> bool {
        self.is_settled().is_some()
    }

    pub(super) async fn settled(&self) -> Settled {
        loop {
            let changed = self.changed.notified();
            if let Some(settled) = self.is_settled() {
                return settled.clone();
            }
            changed.await;
        }
    }
}

pub(super) fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
