//! A process: what ends with it, and what goes on without it.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinHandle;

use super::flag::Flag;

/// A process. When it is killed its tasks are gone, and whatever the library has spawned
/// in it reaches nobody any more.
#[derive(Debug)]
pub(crate) struct Process {
    /// The number of this life, of which no two are alike.
    pub(crate) life: u64,
    is_dead: AtomicBool,
    cut_off: Flag,
    /// Set when its work is to end, and then what keeps its lease.
    ends: Flag,
    leaves: Flag,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    following: Mutex<Vec<JoinHandle<()>>>,
}

impl Process {
    pub(crate) fn new(life: u64) -> Arc<Self> {
        Arc::new(Self {
            life,
            is_dead: AtomicBool::new(false),
            cut_off: Flag::default(),
            ends: Flag::default(),
            leaves: Flag::default(),
            tasks: Mutex::default(),
            following: Mutex::default(),
        })
    }

    /// Spawns a part of its work.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        held(&self.tasks).push(tokio::spawn(task));
    }

    /// Spawns what keeps its lease.
    pub(crate) fn follow(&self, task: impl Future<Output = ()> + Send + 'static) {
        held(&self.following).push(tokio::spawn(task));
    }

    /// Ends at once, wherever it is.
    pub(crate) fn kill(&self) {
        self.is_dead.store(true, Ordering::SeqCst);
        for tasks in [&self.tasks, &self.following] {
            held(tasks).drain(..).for_each(|task| task.abort());
        }
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::SeqCst)
    }

    /// Between it and the state service.
    pub(crate) fn cut_off(&self, is_cut_off: bool) {
        self.cut_off.set(is_cut_off);
    }

    pub(crate) fn is_cut_off(&self) -> bool {
        self.cut_off.is_up()
    }

    /// Resolves when nothing is between it and the state service.
    pub(crate) async fn reaches_the_service(&self) {
        self.cut_off.is(false).await;
    }

    /// Tells its work to come to an end.
    pub(crate) fn end(&self) {
        self.ends.set(true);
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.ends.is_up()
    }

    /// Resolves when its work is to come to an end.
    pub(crate) async fn ending(&self) {
        self.ends.is(true).await;
    }

    /// Resolves when its work has come to an end.
    pub(crate) async fn ended(&self) {
        ended(&self.tasks).await;
    }

    /// Tells what keeps its lease to come to an end.
    pub(crate) fn leave(&self) {
        self.leaves.set(true);
    }

    /// Resolves when what keeps its lease is to come to an end.
    pub(crate) async fn leaving(&self) {
        self.leaves.is(true).await;
    }

    /// Resolves when what keeps its lease has come to an end.
    pub(crate) async fn left(&self) {
        ended(&self.following).await;
    }
}

fn held(tasks: &Mutex<Vec<JoinHandle<()>>>) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
    tasks.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn ended(tasks: &Mutex<Vec<JoinHandle<()>>>) {
    let tasks = std::mem::take(&mut *held(tasks));
    for task in tasks {
        if let Err(panic) = task.await
            && panic.is_panic()
        {
            std::panic::resume_unwind(panic.into_panic());
        }
    }
}
