use std::sync::Arc;

use super::live::{Live, Settled};
use super::shared::Inner;

/// The place of a saga among those that run here, taken before it is claimed: so one process never gets into its
/// own way. However it is left, by a panic even, the saga counts as settled.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) inner: Arc<Inner>,
    pub(super) live: Arc<Live>,
    /// Whether the observer was told that it runs.
    pub(super) is_told: bool,
}

impl Place {
    /// It runs, from here on.
    pub(super) fn begin(&mut self) {
        self.inner.tell_begun();
        self.is_told = true;
    }

    pub(super) fn settle(&mut self, settled: Settled) {
        self.inner.tell(&settled);
        self.is_told = false;
        self.leave(settled);
    }

    fn leave(&self, settled: Settled) {
        self.inner.forget(&self.live.saga);
        self.live.settle(settled);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.live.has_settled() {
            if self.is_told {
                self.inner.tell(&Settled::Left);
            }
            self.leave(Settled::Left);
        }
    }
}
