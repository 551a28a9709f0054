use std::collections::VecDeque;

use super::gate::Threshold;
use super::{Fault, Gate, Pause};

/// What awaits the calls of one kind.
#[derive(Debug, Default)]
pub(super) struct Lane {
    calls: u64,
    script: VecDeque<Option<Fault>>,
    always: Option<Fault>,
    thresholds: VecDeque<Threshold>,
}

impl Lane {
    pub(super) const fn calls(&self) -> u64 {
        self.calls
    }

    pub(super) fn push(&mut self, fault: Option<Fault>) {
        self.script.push_back(fault);
    }

    pub(super) const fn set_always(&mut self, fault: Fault) {
        self.always = Some(fault);
    }

    /// Forgets every fault; gates stay.
    pub(super) fn heal(&mut self) {
        self.script.clear();
        self.always = None;
    }

    pub(super) fn pause_next(&mut self, pause: Pause) -> Gate {
        let (gate, threshold) = Gate::new(pause);
        self.thresholds.push_back(threshold);
        gate
    }

    /// Counts a call and says what awaits it: the script comes first, then what
    /// is always so, then `chance`.
    pub(super) fn next(
        &mut self,
        chance: impl FnOnce() -> Option<Fault>,
    ) -> (Option<Fault>, Option<Threshold>) {
        self.calls += 1;
        let fault = match self.script.pop_front() {
            Some(scripted) => scripted,
            None => self.always.or_else(chance),
        };
        (fault, self.thresholds.pop_front())
    }
}
