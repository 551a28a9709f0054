use std::time::Duration;

use crate::{allocations, thread_cpu};

/// The clock and the counter at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    cpu: Duration,
    allocations: u64,
}

/// What was used since a [`Reading`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    /// CPU time of this thread.
    pub cpu: Duration,
    /// Allocations of this thread.
    pub allocations: u64,
}

impl Reading {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self { allocations: allocations(), cpu: thread_cpu() }
    }

    /// What was used since.
    #[must_use]
    pub fn spent(self) -> Spent {
        let cpu = thread_cpu().saturating_sub(self.cpu);
        Spent { cpu, allocations: allocations() - self.allocations }
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures are for people")]
impl Spent {
    /// Nanoseconds of each of `operations`.
    #[must_use]
    pub fn nanos_each(self, operations: u64) -> f64 {
        self.cpu.as_nanos() as f64 / operations as f64
    }

    /// Allocations of each of `operations`.
    #[must_use]
    pub fn allocations_each(self, operations: u64) -> f64 {
        self.allocations as f64 / operations as f64
    }
}
