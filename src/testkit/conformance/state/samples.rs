//! What the suite puts into a store, and how it asks for it.

use std::num::NonZeroU32;

use std::fmt::Debug;
use std::time::Duration;

use crate::error::{StoreError, StoreErrorKind};
use crate::phase::{
    Adopted, Backlog, Evidence, Fleet, Incarnation, MigrationName, MigrationState,
    MigrationStateService, Move, MoveId, MoveNote, NodeId, NodeLease, NodeRole, Phase, Revision,
    Scopes, Share, Versioned,
};
use crate::stamp::StampScope;

/// As late as a state can be, all but a few moves.
const LATE: u64 = (1 << 40) - 10;

/// More than a float can count.
pub(super) const LARGE: u64 = (1 << 53) + 1;

pub(super) fn name() -> MigrationName {
    named("airports")
}

pub(super) fn named(name: &str) -> MigrationName {
    name.parse().expect("the samples are names")
}

pub(super) fn first() -> MigrationState {
    MigrationState::new(name())
}

/// The state after one move; `id` tells it from others of its epoch.
pub(super) fn moved(state: &MigrationState, id: u128) -> MigrationState {
    taken(state, &Move::ExpectNodes(NonZeroU32::MAX), id, MoveNote::default())
}

fn taken(state: &MigrationState, step: &Move, id: u128, note: MoveNote) -> MigrationState {
    let next = state.transition(step, MoveId::fixed(id), &Fleet::default());
    let next = next.unwrap_or_else(|refused| panic!("a sample move was refused: {refused}"));
    next.with_record(step, note)
}

/// Texts that a careless store changes.
fn evidence() -> Vec<Evidence> {
    vec![Evidence::new("'; --", "\"q\" \\ \u{1F333} \u{a0}% _", true)]
}

/// States that have, between them, something in every field.
pub(super) fn states() -> Vec<MigrationState> {
    let steps = [
        Move::ExpectNodes(NonZeroU32::MIN),
        Move::to(Phase::DualWrite),
        Move::StartCohort { share: Share::new(1).unwrap_or(Share::WHOLE) },
        Move::cohort_to(Phase::Cutover),
        Move::GrowCohort { share: Share::percent(99) },
        Move::to(Phase::Shadow),
        Move::ExpectNodes(NonZeroU32::MAX),
    ];
    let mut states = vec![first()];
    for (step, id) in steps.iter().zip([1, u128::MAX, 1 << 127, 0, 10, 11, 12]) {
        let last = states.last().expect("there is a first one");
        let note = MoveNote { at_unix_ms: LARGE, evidence: evidence(), ..MoveNote::default() };
        states.push(taken(last, step, id, note));
    }
    let last = states.last().expect("there is a first one");
    let late = at_epoch(last, LATE);
    let later = moved(&late, 13);
    states.extend([late, later]);
    states
}

/// The same state after very many moves.
fn at_epoch(state: &MigrationState, epoch: u64) -> MigrationState {
    let now = format!("\"epoch\":{},", state.epoch());
    let then = format!("\"epoch\":{epoch},");
    let document = state.to_document().replacen(&now, &then, 1);
    let state = MigrationState::from_document(&document, state.name());
    state.unwrap_or_else(|error| panic!("a sample state is none: {error:?}"))
}

pub(super) fn node(name: &str, incarnation: u128) -> NodeId {
    NodeId {
        name: name.parse().expect("the samples are names"),
        incarnation: Incarnation::fixed(incarnation),
    }
}

/// A lease as a node writes it when it starts.
pub(super) fn starting(node: NodeId) -> NodeLease {
    NodeLease::new(node)
}

/// A lease with something in every field.
pub(super) fn full(node: NodeId) -> NodeLease {
    NodeLease {
        node,
        adopted: Some(Adopted { epoch: LARGE, move_id: MoveId::fixed(u128::MAX - 1) }),
        scopes: Scopes { legacy: StampScope::Store, modern: StampScope::Process },
        holds: LARGE + 2,
        role: NodeRole::Worker,
        renewal: LARGE + 4,
        interval: Duration::from_millis(1_500),
        term: Some(Duration::from_millis(LARGE + 6)),
        backlog: Backlog { keys: LARGE + 8, has_overflowed: true },
    }
}

/// The answer of a call that must be answered.
pub(super) fn answered<T>(what: &str, answer: Result<T, StoreError>) -> T {
    answer.unwrap_or_else(|error| panic!("{what} failed: {error:?}"))
}

/// Asserts that a call was refused as a conflict.
pub(super) fn conflicts<T: Debug>(what: &str, answer: Result<T, StoreError>) {
    let kind = answer.map_err(|error| error.kind());
    assert!(matches!(kind, Err(StoreErrorKind::Conflict)), "{what}: {kind:?}");
}

/// Creates `state`, and answers it with its revision.
pub(super) async fn create(
    service: &dyn MigrationStateService,
    state: MigrationState,
) -> Versioned {
    let revision = answered("creating", service.create(&state).await);
    Versioned { revision, state }
}

pub(super) async fn set(
    service: &dyn MigrationStateService,
    expected: Revision,
    next: MigrationState,
) -> Versioned {
    let revision = service.compare_and_set(expected, &next).await;
    Versioned { revision: answered("replacing", revision), state: next }
}

/// Asserts that `expected` is current.
pub(super) async fn shows(service: &dyn MigrationStateService, expected: &Versioned) {
    let found = answered("reading", service.current(expected.state.name()).await);
    assert_eq!(found.as_ref(), Some(expected), "what is current");
}

pub(super) async fn renew(service: &dyn MigrationStateService, lease: &NodeLease) {
    answered("renewing", service.renew_lease(&name(), lease).await);
}

pub(super) async fn release(service: &dyn MigrationStateService, node: &NodeId) {
    answered("releasing", service.release_lease(&name(), node).await);
}

pub(super) async fn evict(service: &dyn MigrationStateService, seen: &NodeLease) {
    answered("evicting", service.evict(&name(), seen).await);
}

/// Asserts that these leases and no others are listed, in any order.
pub(super) async fn lists(service: &dyn MigrationStateService, expected: &[&NodeLease]) {
    lists_for(service, &name(), expected).await;
}

pub(super) async fn lists_for(
    service: &dyn MigrationStateService,
    migration: &MigrationName,
    expected: &[&NodeLease],
) {
    let mut found = answered("listing", service.leases(migration).await);
    found.sort_by(|one, other| one.node.cmp(&other.node));
    let mut expected: Vec<_> = expected.iter().copied().cloned().collect();
    expected.sort_by(|one, other| one.node.cmp(&other.node));
    assert_eq!(found, expected, "the leases of {migration}");
}
