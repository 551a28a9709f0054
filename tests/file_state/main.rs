//! The file-backed state service: what it does with files that are not what
//! they should be, with a disk that refuses, with other processes, and with
//! being killed.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod child;
mod damage;
mod kill;
mod lock;
#[path = "../file_support/other.rs"]
mod other;
mod race;
mod refusal;
mod scratch;

use std::num::NonZeroU32;

use strangler_fig::error::StoreError;
use strangler_fig::memory::FileStateService;
use strangler_fig::phase::{
    Fleet, Incarnation, MigrationName, MigrationState, MigrationStateService, Move, MoveId, NodeId,
    NodeLease,
};

fn airports() -> MigrationName {
    "airports".parse().unwrap()
}

fn first() -> MigrationState {
    MigrationState::new(airports())
}

/// The state after a move that is always allowed; `id` tells it apart.
fn moved(state: &MigrationState, id: u128) -> MigrationState {
    let step = Move::ExpectNodes(NonZeroU32::MAX);
    state.transition(&step, MoveId::fixed(id), &Fleet::default()).unwrap()
}

fn lease(node: &str, holds: u64) -> NodeLease {
    let node = NodeId { name: node.parse().unwrap(), incarnation: Incarnation::fixed(1) };
    NodeLease::new(node).with_holds(holds)
}

async fn renew(service: &FileStateService, lease: NodeLease) -> Result<(), StoreError> {
    service.renew_lease(&airports(), &lease).await
}
