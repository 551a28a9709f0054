//! What can happen to a breaker.

use proptest::prelude::*;
use strangler_fig::resilience::Health;

#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    /// So many milliseconds pass.
    Advance(u64),
    /// A call comes.
    Admit,
    /// One of those under way ends.
    Settle(usize, Health),
    /// The caller of one of those under way goes away.
    Drop(usize),
    ForceOpen,
    Disable,
    Reset,
}

fn health() -> impl Strategy<Value = Health> {
    prop_oneof![4 => Just(Health::Well), 4 => Just(Health::Sick), 1 => Just(Health::Ignored)]
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        8 => (1..8_u64).prop_map(Operation::Advance),
        2 => (8..60_u64).prop_map(Operation::Advance),
        16 => Just(Operation::Admit),
        12 => (0..8_usize, health()).prop_map(|(which, how)| Operation::Settle(which, how)),
        3 => (0..8_usize).prop_map(Operation::Drop),
        1 => prop_oneof![
            1 => Just(Operation::ForceOpen),
            1 => Just(Operation::Disable),
            3 => Just(Operation::Reset),
        ],
    ]
}

pub(super) fn operations() -> impl Strategy<Value = Vec<Operation>> {
    proptest::collection::vec(operation(), 1..120)
}
