use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::customers::{CUSTOMERS, HOT, NEW, customer, key, value, value_of};
use crate::journal::Journal;
use crate::sides::Customers;

/// How long a caller waits; the impatient ones give up half way.
const PATIENCE: Duration = Duration::from_secs(15);
const IMPATIENCE: Duration = Duration::from_millis(8);
/// Between two calls, at most, and after one that failed.
const PAUSE: Duration = Duration::from_millis(6);
const AFTER_FAILURE: Duration = Duration::from_millis(50);

/// One caller of a node: saves, deletes and reads without end, and writes down
/// each call before it is made and each answer when it came.
#[derive(Debug)]
pub struct Caller {
    customers: Customers,
    journal: Arc<Journal>,
    life: u32,
    writes: Arc<AtomicU32>,
    rng: Rng,
}

impl Caller {
    /// A caller of the life `life` of a node; its writes are counted by `writes`.
    #[must_use]
    pub const fn new(
        customers: Customers,
        journal: Arc<Journal>,
        life: u32,
        writes: Arc<AtomicU32>,
        rng: Rng,
    ) -> Self {
        Self { customers, journal, life, writes, rng }
    }

    /// Calls until it is over; the call in hand is finished.
    pub async fn run(mut self, over: watch::Receiver<bool>) {
        while !*over.borrow() {
            let answered = self.call().await;
            let pause = if answered { PAUSE.mul_f64(self.rng.f64()) } else { AFTER_FAILURE };
            sleep(pause).await;
        }
    }

    async fn call(&mut self) -> bool {
        let number = self.pick();
        match self.rng.u8(..100) {
            0..50 => self.read(number).await,
            50..88 => {
                let count = self.writes.fetch_add(1, Ordering::Relaxed);
                self.write(number, Some(value(self.life, count))).await
            }
            _ => self.write(number, None).await,
        }
    }

    /// A customer all fight for, any of the monolith's, or one it has not.
    fn pick(&mut self) -> u32 {
        match self.rng.u8(..10) {
            0..6 => self.rng.u32(..HOT),
            6..9 => self.rng.u32(..CUSTOMERS),
            _ => CUSTOMERS + self.rng.u32(..NEW),
        }
    }

    async fn read(&self, number: u32) -> bool {
        let call = self.journal.reads(number);
        match timeout(PATIENCE, self.customers.find(&key(number))).await {
            Ok(Ok(found)) => {
                self.journal.found(call, found.map(|found| value_of(number, &found)));
                true
            }
            Ok(Err(_)) | Err(_) => false,
        }
    }

    async fn write(&mut self, number: u32, value: Option<u64>) -> bool {
        let patience = self.patience();
        let call = self.journal.writes(number, value);
        let write = async {
            match value {
                Some(value) => self.customers.save(customer(number, value)).await,
                None => self.customers.delete(&key(number)).await,
            }
        };
        match timeout(patience, write).await {
            Ok(Ok(())) => self.journal.done(call),
            Ok(Err(error)) if error.kind().is_definite() => {
                self.journal.refused(call);
                return false;
            }
            // Nobody knows: no answer is written down.
            Ok(Err(_)) | Err(_) => return false,
        }
        true
    }

    fn patience(&mut self) -> Duration {
        match self.rng.u8(..100) {
            0..2 => IMPATIENCE.mul_f64(self.rng.f64()),
            _ => PATIENCE,
        }
    }
}
