//! What all share: the draw, and when to stop being mean.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::outbox_fault::Fault;

/// What is broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planted {
    Nothing,
    /// The outbox.
    Outbox(Fault),
    /// A simple relay, with nothing broken in it.
    Naive,
    /// It publishes all that it has at once.
    NoWaves,
    /// It settles rows, and publishes them then.
    MarkBeforePublish,
    /// What is not known is taken for sent.
    UnknownIsSent,
    /// What is not known is taken for refused.
    UnknownParks,
    /// The consumer has every effect that comes.
    NoInbox,
    /// It notes that an event has come, and then has the effect.
    InboxOutsideOfTheTransaction,
    /// What cannot be handled now is given back, and the next of its key is handled.
    NackInsteadOfInPlace,
    /// A delivery is settled, and handled then.
    AckBeforeHandling,
}

#[derive(Debug)]
pub(crate) struct Sim {
    pub(crate) planted: Planted,
    rng: Mutex<fastrand::Rng>,
    is_calm: AtomicBool,
}

impl Sim {
    pub(crate) fn new(seed: u64, planted: Planted) -> Self {
        let rng = Mutex::new(fastrand::Rng::with_seed(seed));
        Self { planted, rng, is_calm: AtomicBool::new(false) }
    }

    /// From now on nothing fails.
    pub(crate) fn calm_down(&self) {
        self.is_calm.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.is_calm.load(Ordering::Relaxed)
    }

    /// Whether something of this likelihood, in thousandths, happens. Never in calm.
    pub(crate) fn fails(&self, thousandths: u32) -> bool {
        !self.is_calm() && self.draw(1_000) < thousandths
    }

    pub(crate) fn draw(&self, below: u32) -> u32 {
        self.rng.lock().unwrap().u32(0..below)
    }

    pub(crate) fn millis(&self, below: u32) -> Duration {
        Duration::from_millis(self.draw(below).into())
    }

    /// A short while, as a call takes it.
    pub(crate) async fn takes(&self, below: u32) {
        sleep(self.millis(below)).await;
    }
}

/// Where a process stands still, if it does.
#[derive(Debug)]
pub(crate) struct Gate(Mutex<Instant>);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    pub(crate) fn stand_still_for(&self, time: Duration) {
        *self.0.lock().unwrap() = Instant::now() + time;
    }

    pub(crate) async fn pass(&self) {
        loop {
            let until = *self.0.lock().unwrap();
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }
}
