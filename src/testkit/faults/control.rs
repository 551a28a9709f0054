use std::sync::{Mutex, MutexGuard, PoisonError};

use super::gate::Threshold;
use super::lane::Lane;
use super::{Fault, FaultPlan};

/// The kinds of calls.
#[derive(Debug, Clone, Copy)]
pub(super) enum Call {
    Read,
    Apply,
    Scan,
}

/// What awaits the calls of a repository.
#[derive(Debug, Default)]
pub(super) struct Control(Mutex<Lanes>);

#[derive(Debug, Default)]
pub(super) struct Lanes {
    read: Lane,
    apply: Lane,
    scan: Lane,
    pub(super) plan: Option<FaultPlan>,
}

impl Control {
    pub(super) fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What awaits the next call of this kind.
    pub(super) fn next(&self, call: Call) -> (Option<Fault>, Option<Threshold>) {
        let mut lanes = self.lanes();
        let mut plan = lanes.plan.take();
        let chance = || plan.as_mut().and_then(FaultPlan::draw);
        let next = lanes.of(call).next(chance);
        lanes.plan = plan;
        next
    }
}

impl Lanes {
    pub(super) const fn of(&mut self, call: Call) -> &mut Lane {
        match call {
            Call::Read => &mut self.read,
            Call::Apply => &mut self.apply,
            Call::Scan => &mut self.scan,
        }
    }

    pub(super) fn all(&mut self) -> [&mut Lane; 3] {
        [&mut self.read, &mut self.apply, &mut self.scan]
    }
}
