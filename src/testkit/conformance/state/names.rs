//! Migrations of different names do not touch each other.

use super::StateFixture;
use super::samples::{
    answered, create, evict, first, full, lists, lists_for, moved, named, node, release, renew,
    set, shows, starting,
};
use crate::error::StoreErrorKind;
use crate::phase::MigrationState;

/// Names that a careless key would mix up with `airports`.
const OTHERS: [&str; 4] = ["airport", "airports-2", "airports.leases", "airports_"];

fn state_of(name: &str) -> MigrationState {
    MigrationState::new(named(name))
}

/// Contract 9: each name has a state and revisions of its own.
pub(super) async fn states_of_different_names_are_kept_apart<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    let mut airports = create(&*service, first()).await;
    for other in OTHERS {
        let found = answered("reading", service.current(&named(other)).await);
        assert_eq!(found, None, "{other} before it was created");
        let created = create(&*service, state_of(other)).await;
        airports = set(&*service, airports.revision, moved(&airports.state, 1)).await;
        shows(&*service, &created).await;
        shows(&*service, &airports).await;
    }
}

/// Contract 9: a node may work in two migrations, with a lease for each.
pub(super) async fn leases_of_different_names_are_kept_apart<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let here = full(node("node-1", 1));
    let there = starting(here.node.clone());
    renew(&*service, &here).await;
    for other in OTHERS {
        let name = named(other);
        create(&*service, state_of(other)).await;
        lists_for(&*service, &name, &[]).await;
        answered("renewing", service.renew_lease(&name, &there).await);
        lists_for(&*service, &name, &[&there]).await;
        lists(&*service, &[&here]).await;
    }
    release(&*service, &here.node).await;
    lists_for(&*service, &named(OTHERS[0]), &[&there]).await;
}

/// Contract 9: who is evicted from one migration works on in the other.
pub(super) async fn evictions_of_different_names_are_kept_apart<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let lease = full(node("node-1", 1));
    renew(&*service, &lease).await;
    for other in OTHERS {
        let name = named(other);
        create(&*service, state_of(other)).await;
        answered("renewing", service.renew_lease(&name, &lease).await);
        evict(&*service, &lease).await;
        lists_for(&*service, &name, &[&lease]).await;
        answered("renewing", service.renew_lease(&name, &lease).await);
    }
}

/// Contract 9: `airports` and `Airports` are two migrations, or the second is
/// rejected; they are never one.
pub(super) async fn names_that_differ_by_case_are_not_mixed<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    let airports = create(&*service, first()).await;
    let lease = full(node("node-1", 1));
    renew(&*service, &lease).await;
    let other = state_of("Airports");
    match service.create(&other).await {
        Ok(_) => lists_for(&*service, other.name(), &[]).await,
        Err(error) => assert_eq!(error.kind(), StoreErrorKind::Rejected, "{error:?}"),
    }
    shows(&*service, &airports).await;
    lists(&*service, &[&lease]).await;
}
