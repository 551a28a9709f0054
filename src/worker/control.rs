use std::sync::Arc;

use tokio::sync::watch;

/// What a worker has been told.
///
/// ```
/// use strangler_fig::worker::{WorkerControl, WorkerState};
/// assert_eq!(WorkerControl::new().state(), WorkerState::Running);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WorkerState {
    /// To go on.
    Running,
    /// To finish the page in hand and wait.
    Paused,
    /// To finish the page in hand and end.
    Stopped,
}

/// A handle on a running worker. Clones are one handle.
///
/// ```
/// use strangler_fig::worker::{WorkerControl, WorkerState};
///
/// let control = WorkerControl::new();
/// control.pause();
/// control.resume();
/// control.stop();
/// control.resume(); // too late: what was stopped stays so
/// assert_eq!(control.state(), WorkerState::Stopped);
/// ```
#[derive(Debug, Clone)]
pub struct WorkerControl(Arc<watch::Sender<WorkerState>>);

impl Default for WorkerControl {
    fn default() -> Self {
        Self::new()
    }
}

impl WorkerControl {
    /// A handle that says: go on.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(WorkerState::Running)))
    }

    /// Lets the worker finish the page in hand and wait.
    pub fn pause(&self) {
        self.turn(WorkerState::Paused);
    }

    /// Lets a paused worker go on.
    pub fn resume(&self) {
        self.turn(WorkerState::Running);
    }

    /// Lets the worker finish the page in hand and end.
    pub fn stop(&self) {
        self.turn(WorkerState::Stopped);
    }

    /// What it says now.
    #[must_use]
    pub fn state(&self) -> WorkerState {
        *self.0.borrow()
    }

    fn turn(&self, to: WorkerState) {
        self.0.send_if_modified(|state| {
            let moves = *state != WorkerState::Stopped && *state != to;
            if moves {
                *state = to;
            }
            moves
        });
    }

    /// Resolves when it says no longer `state`.
    pub(super) async fn left(&self, state: WorkerState) {
        let mut watched = self.0.subscribe();
        // The sender lives in `self`: waiting cannot fail.
        let _ = watched.wait_for(|now| *now != state).await;
    }
}
