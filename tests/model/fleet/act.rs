use strangler_fig::phase::Move;

use crate::spec::Spec;

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Act {
    Fall(usize),
    Rise(usize),
    /// A round of a node goes on: it reads the state, adopts it, or sends a renewal.
    Read(usize),
    Adopt(usize),
    Send(usize),
    /// It waits no longer for the answer.
    GiveUp(usize),
    /// A renewal comes to the service; it may come again.
    Arrive {
        letter: usize,
        again: bool,
    },
    /// The term of a renewal has passed since it was sent.
    Pass(usize),
    /// A node that counts its term from the answer sees that it has passed.
    Notice(usize),
    Begin(usize),
    Answer(usize),
    /// A driver looks at the state, and at the leases.
    LookAtState(usize),
    LookAtLeases(usize),
    /// It stores what follows from what it has seen.
    Move {
        driver: usize,
        step: Move,
        next: Spec,
    },
    Evict {
        driver: usize,
        lease: usize,
    },
    /// A sweep begins by what a driver has seen, and ends.
    Sweep(usize),
    Swept {
        driver: usize,
        next: Option<Spec>,
    },
}

/// A fleet at rest, of which only the first node is sure to have learnt of the state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start {
    pub(super) current: Spec,
    /// What the second node works by; `None`: it is not there.
    pub(super) second: Option<Spec>,
    /// Whether its life has ended: its lease is there, and the first driver has seen it.
    pub(super) has_ended: bool,
}
