use strangler_fig::phase::Phase;

use crate::spec::Spec;

/// Where the life of a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Life {
    Down,
    /// Its first lease is on its way.
    Registering,
    /// It has a lease, and has not ended a round yet.
    Starting,
    Serving,
    /// It knows that it was evicted.
    Closed,
}

/// A round: the state is read, adopted, and the lease renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Round {
    Idle,
    Read(Spec),
    Adopted,
    /// It waits for the answer to this renewal.
    Sent(u8),
}

/// A process with a copy of the state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Node {
    pub(super) life: Life,
    /// Which life it is.
    pub(super) lives: u8,
    pub(super) round: Round,
    pub(super) adopted: Option<Spec>,
    /// The last renewal that it has sent.
    pub(super) sent: u8,
    /// The last renewal that was answered.
    pub(super) answered: u8,
    /// The last renewal whose term has passed since it was sent.
    pub(super) passed: u8,
    /// The last renewal whose term has passed on the node's clock, as it counts. The
    /// same, unless it counts from the answer.
    pub(super) noticed: u8,
    /// Whether an operation is under way.
    pub(super) is_answering: bool,
}

/// How often a node at rest has renewed: once more than to register.
pub(super) const RENEWALS_AT_REST: u8 = 2;

impl Node {
    pub(super) const fn absent() -> Self {
        Self {
            life: Life::Down,
            lives: 0,
            round: Round::Idle,
            adopted: None,
            sent: 0,
            answered: 0,
            passed: 0,
            noticed: 0,
            is_answering: false,
        }
    }

    /// Settled, with its last renewal answered.
    pub(super) const fn serving(state: Spec) -> Self {
        Self {
            life: Life::Serving,
            adopted: Some(state),
            sent: RENEWALS_AT_REST,
            answered: RENEWALS_AT_REST,
            passed: RENEWALS_AT_REST - 1,
            noticed: RENEWALS_AT_REST - 1,
            ..Self::absent()
        }
    }

    pub(super) const fn is_up(&self) -> bool {
        !matches!(self.life, Life::Down)
    }

    /// Whether an operation may begin and, by the rules, be answered.
    pub(super) const fn is_open(&self, is_fenced: bool) -> bool {
        matches!(self.life, Life::Serving) && (!is_fenced || self.answered > self.noticed)
    }

    pub(super) fn epoch(&self) -> u64 {
        self.adopted.map_or(0, |at| at.state.epoch())
    }

    /// Whether its phase lets it answer.
    pub(super) fn serves(&self) -> bool {
        self.adopted.is_some_and(|at| at.state.base().phase != Phase::Halted)
    }

    pub(super) const fn fall(&mut self) {
        *self = Self { lives: self.lives, ..Self::absent() };
    }

    pub(super) const fn rise(&mut self) {
        (self.life, self.lives) = (Life::Registering, self.lives + 1);
    }
}
