use tokio::sync::watch;

/// Where a call stops.
///
/// ```
/// use strangler_fig::memory::InMemoryRepository;
/// use strangler_fig::repository::StampedRepository;
/// use strangler_fig::stamp::{Record, Stamp};
/// use strangler_fig::testkit::faults::{FaultyRepository, Pause};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let users = FaultyRepository::new(InMemoryRepository::new(|user: &(u32, &str)| user.0));
/// let gate = users.pause_next_apply(Pause::AfterEffect);
/// let call = tokio::spawn({
///     let users = users.clone();
///     async move { users.apply(&1, &Record::tombstone(Stamp::BASE)).await }
/// });
/// gate.reached().await;
/// assert!(users.read(&1).await?.is_tombstone(), "and nobody was told yet");
/// gate.open();
/// call.await??;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pause {
    /// Before it has touched the store.
    BeforeEffect,
    /// When the store has answered and the caller does not know yet.
    AfterEffect,
}

/// Holds one call until it is opened, or dropped.
///
/// ```
/// use strangler_fig::memory::InMemoryRepository;
/// use strangler_fig::repository::StampedRepository;
/// use strangler_fig::stamp::{Record, Stamp};
/// use strangler_fig::testkit::faults::{FaultyRepository, Pause};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let users = FaultyRepository::new(InMemoryRepository::new(|user: &(u32, &str)| user.0));
/// let gate = users.pause_next_apply(Pause::BeforeEffect);
/// let call = tokio::spawn({
///     let users = users.clone();
///     async move { users.apply(&1, &Record::tombstone(Stamp::BASE)).await }
/// });
/// assert!(!gate.is_reached(), "the call has yet to run");
/// gate.reached().await;
/// assert_eq!(users.read(&1).await?, Record::absent());
/// gate.open();
/// call.await??;
/// assert!(users.read(&1).await?.is_tombstone());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a gate that is dropped is open"]
pub struct Gate {
    reached: watch::Receiver<bool>,
    opened: watch::Sender<bool>,
}

impl Gate {
    /// A gate, and its other side: where the call stands.
    pub(super) fn new(pause: Pause) -> (Self, Threshold) {
        let (reach, reached) = watch::channel(false);
        let (opened, open) = watch::channel(false);
        let threshold = Threshold { pause, reach, open };
        (Self { reached, opened }, threshold)
    }

    /// Resolves when the call stands at the gate.
    ///
    /// # Panics
    ///
    /// When it can no longer come: the call never got so far (it was dropped or
    /// refused), or the repository is gone.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn reached(&self) {
        let mut reached = self.reached.clone();
        let arrival = reached.wait_for(|is_reached| *is_reached).await;
        assert!(arrival.is_ok(), "the call ended before it reached the gate");
    }

    /// Whether the call stands at the gate, or has.
    #[must_use]
    pub fn is_reached(&self) -> bool {
        *self.reached.borrow()
    }

    /// Lets the call go on; one that is yet to come will not stop.
    pub fn open(self) {
        self.opened.send_replace(true);
    }
}

/// The call's side of a [`Gate`].
#[derive(Debug)]
pub(super) struct Threshold {
    pause: Pause,
    reach: watch::Sender<bool>,
    open: watch::Receiver<bool>,
}

impl Threshold {
    /// Waits at the gate, if it stands at this point.
    pub(super) async fn cross(&mut self, here: Pause) {
        if self.pause == here {
            self.reach.send_replace(true);
            // An error says that the gate is gone: nobody holds the call.
            let _ = self.open.wait_for(|is_open| *is_open).await;
        }
    }
}
