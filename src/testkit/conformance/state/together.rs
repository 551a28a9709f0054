//! Calls that overlap, through one handle or two.

use std::sync::Arc;

use super::StateFixture;
use super::samples::{
    answered, create, first, full, lists, moved, name, named, node, renew, shows, starting,
};
use crate::error::StoreErrorKind;
use crate::phase::{MigrationState, MigrationStateService, NodeLease, Revision, Versioned};
use crate::testkit::conformance::pace::{Overlap, persist};

const ROUNDS: u64 = 8;
const CALLS: u128 = 12;

type Service = Arc<dyn MigrationStateService>;

/// The handles that calls are spread over.
async fn handles<F: StateFixture>(fixture: &F) -> [Service; 2] {
    let other = fixture.reopened().await;
    [fixture.service(), other.unwrap_or_else(|| fixture.service())]
}

/// What a racing write was told: the revision, or why not.
type Told = Result<Revision, StoreErrorKind>;

/// Asserts that at most one write succeeded, that the others were not told
/// nonsense, and that what is current is what the winner wrote.
async fn one_won(
    service: &Service,
    told: &[Told],
    written: &[Versioned],
    before: Option<&Versioned>,
) {
    let won: Vec<_> = (0..told.len()).filter(|at| told[*at].is_ok()).collect();
    assert!(won.len() <= 1, "{} writes of one revision succeeded", won.len());
    for refused in told.iter().filter_map(|told| told.as_ref().err()) {
        assert_ne!(*refused, StoreErrorKind::Rejected, "a lost race");
    }
    let found = answered("reading", service.current(written[0].state.name()).await);
    let is_unknown = told.contains(&Err(StoreErrorKind::Unknown));
    match won.first() {
        Some(at) => {
            let revision = told[*at].unwrap_or_default();
            let state = written[*at].state.clone();
            assert_eq!(found, Some(Versioned { revision, state }), "what has won");
        }
        None if is_unknown => {}
        None => {
            assert_eq!(found.as_ref(), before, "nobody was told to have won");
            let lost = told.iter().all(|told| *told == Err(StoreErrorKind::Conflict));
            assert!(!lost, "all were told that another has won");
        }
    }
}

/// Contract 1: of concurrent creates one at most succeeds.
pub(super) async fn of_concurrent_creates_one_succeeds<F: StateFixture>(fixture: &F) {
    let handles = handles(fixture).await;
    for (overlap, name) in Overlap::BOTH.into_iter().zip(["airports", "airlines"]) {
        let first = MigrationState::new(named(name));
        let before = Versioned { revision: Revision::default(), state: first };
        let written = rivals(&before);
        let calls = written.iter().cloned().zip(handles.iter().cloned().cycle());
        let calls = calls.map(|(Versioned { state, .. }, service)| async move {
            service.create(&state).await.map_err(|error| error.kind())
        });
        let told = overlap.race(calls.collect()).await;
        one_won(&handles[0], &told, &written, None).await;
    }
}

/// The states that racing writers would put in the place of `before`.
fn rivals(before: &Versioned) -> Vec<Versioned> {
    let rival = |id| Versioned { revision: before.revision, state: moved(&before.state, id) };
    (0..CALLS).map(rival).collect()
}

/// Contract 4: of several replacements at one revision, one at most succeeds.
pub(super) async fn of_concurrent_replacements_one_succeeds<F: StateFixture>(fixture: &F) {
    let handles = handles(fixture).await;
    create(&*handles[0], first()).await;
    for (_, overlap) in (0..ROUNDS).zip(Overlap::alternating()) {
        let before = answered("reading", handles[0].current(&name()).await);
        let before = before.expect("it was created");
        let written = rivals(&before);
        let calls = written.iter().cloned().zip(handles.iter().cloned().cycle());
        let calls = calls.map(|(Versioned { revision, state }, service)| async move {
            let told = service.compare_and_set(revision, &state).await;
            told.map_err(|error| error.kind())
        });
        let told = overlap.race(calls.collect()).await;
        one_won(&handles[0], &told, &written, Some(&before)).await;
    }
}

/// Contract 5: nodes renew at one moment, and every lease is there.
pub(super) async fn no_concurrent_renewal_is_lost<F: StateFixture>(fixture: &F) {
    let handles = handles(fixture).await;
    create(&*handles[0], first()).await;
    for (round, overlap) in (0..ROUNDS).zip(Overlap::alternating()) {
        let leases: Vec<_> = (0..CALLS)
            .map(|life| NodeLease { holds: round, ..full(node("node-1", life)) })
            .collect();
        let calls = leases.iter().cloned().zip(handles.iter().cloned().cycle());
        let calls = calls.map(|(lease, service)| persist_renewal(service, lease));
        overlap.race(calls.collect()).await;
        lists(&*handles[1], &leases.iter().collect::<Vec<_>>()).await;
    }
}

async fn persist_renewal(service: Service, lease: NodeLease) {
    persist(|| async { service.renew_lease(&name(), &lease).await }).await;
}

/// Contracts 3 and 5: state and leases do not overwrite each other.
pub(super) async fn a_renewal_and_a_replacement_do_not_undo_each_other<F: StateFixture>(
    fixture: &F,
) {
    let handles = handles(fixture).await;
    let mut current = create(&*handles[0], first()).await;
    for round in 0..ROUNDS {
        let lease = NodeLease { holds: round, ..starting(node("node-1", 1)) };
        let [state_by, lease_by] = handles.each_ref().map(Arc::clone);
        let next = moved(&current.state, u128::from(round));
        let renewing = tokio::spawn(persist_renewal(lease_by, lease.clone()));
        let revision = current.revision;
        let set = persist(|| state_by.compare_and_set(revision, &next)).await;
        current = Versioned { revision: set.value, state: next };
        renewing.await.expect("renewing does not panic");
        shows(&*handles[1], &current).await;
        lists(&*handles[0], &[&lease]).await;
    }
}

/// Contract 7: whichever comes first, in the end there is no lease.
pub(super) async fn a_renewal_that_meets_an_eviction_leaves_no_lease<F: StateFixture>(fixture: &F) {
    let handles = handles(fixture).await;
    create(&*handles[0], first()).await;
    for (round, overlap) in (0..ROUNDS).zip(Overlap::alternating()) {
        let lease = starting(node(&format!("node-{round}"), 1));
        renew(&*handles[0], &lease).await;
        let calls = (0..ROUNDS).map(|at| {
            let (service, lease) = (Arc::clone(&handles[usize::from(at == round)]), lease.clone());
            async move {
                if at == round {
                    persist(|| async { service.evict(&name(), &lease).await }).await;
                } else {
                    let _ = service.renew_lease(&name(), &lease).await;
                }
            }
        });
        overlap.race(calls.collect()).await;
        lists(&*handles[0], &[]).await;
    }
}

/// Contract 7: of a renewal and an eviction that meet, one is refused.
pub(super) async fn a_renewal_and_an_eviction_do_not_both_succeed<F: StateFixture>(fixture: &F) {
    let handles = handles(fixture).await;
    create(&*handles[0], first()).await;
    for (round, overlap) in (0..2 * ROUNDS).zip(Overlap::alternating()) {
        let seen = full(node(&format!("node-{round}"), 1));
        let renewed = NodeLease { renewal: seen.renewal + 1, ..seen.clone() };
        renew(&*handles[0], &seen).await;
        // Each comes first in its turn, where that counts.
        let evicts = usize::from(round % 4 < 2);
        let calls = (0..2).map(|at| {
            let (service, seen) = (Arc::clone(&handles[at]), seen.clone());
            let renewed = renewed.clone();
            async move {
                if at == evicts {
                    service.evict(&name(), &seen).await.is_ok()
                } else {
                    service.renew_lease(&name(), &renewed).await.is_ok()
                }
            }
        });
        let told = overlap.race(calls.collect()).await;
        match (told[evicts], told[1 - evicts]) {
            (true, true) => panic!("a node renewed its lease and was evicted for not doing so"),
            (true, false) => lists(&*handles[1], &[]).await,
            (false, true) => lists(&*handles[1], &[&renewed]).await,
            // Both failed for reasons of their own: nothing is shown.
            (false, false) => {}
        }
        // Away with what is left, for the next round.
        let _ = handles[0].evict(&name(), &renewed).await;
    }
}
