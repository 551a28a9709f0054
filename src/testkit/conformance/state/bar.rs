//! Evictions: for good, and for one life of a node.

use super::StateFixture;
use super::samples::{
    conflicts, create, evict, first, full, lists, name, node, release, renew, starting,
};
use crate::phase::{MigrationStateService, NodeId, NodeLease};

/// Asserts that this life of a node cannot renew, and has no lease.
pub(super) async fn is_barred(service: &dyn MigrationStateService, node: &NodeId) {
    for lease in [starting(node.clone()), full(node.clone())] {
        let answer = service.renew_lease(&name(), &lease).await;
        conflicts("a renewal after the eviction", answer);
    }
    let found = service.leases(&name()).await;
    let found = super::samples::answered("listing", found);
    let is_listed = found.iter().any(|lease| lease.node == *node);
    assert!(!is_listed, "{node} has a lease after its eviction");
}

/// Contract 7: `evict` removes the lease, and no other.
pub(super) async fn an_evicted_node_loses_its_lease<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let (one, other) = (full(node("node-1", 1)), full(node("node-2", 1)));
    renew(&*service, &one).await;
    renew(&*service, &other).await;
    evict(&*service, &one).await;
    lists(&*service, &[&other]).await;
}

/// Contract 7: its renewals are a conflict from then on.
pub(super) async fn an_evicted_node_cannot_renew<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let lease = full(node("node-1", 1));
    renew(&*service, &lease).await;
    evict(&*service, &lease).await;
    is_barred(&*service, &lease.node).await;
    is_barred(&*service, &lease.node).await;
}

/// Contract 7: other incarnations keep their lease, and can renew it or begin.
pub(super) async fn another_life_of_an_evicted_node_is_not_touched<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let [old, new, next] = [1, 2, 3].map(|life| full(node("node-1", life)));
    renew(&*service, &old).await;
    renew(&*service, &new).await;
    evict(&*service, &old).await;
    lists(&*service, &[&new]).await;
    renew(&*service, &new).await;
    renew(&*service, &next).await;
    lists(&*service, &[&new, &next]).await;
}

/// Contract 7: a node without a lease is barred too; it may be about to start.
pub(super) async fn a_node_that_was_never_seen_can_be_evicted<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let unseen = node("node-1", 1);
    evict(&*service, &starting(unseen.clone())).await;
    is_barred(&*service, &unseen).await;
}

/// A repeat is harmless: who got no answer evicts again.
pub(super) async fn evicting_twice_is_no_error<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let (one, other) = (full(node("node-1", 1)), full(node("node-2", 1)));
    renew(&*service, &one).await;
    renew(&*service, &other).await;
    evict(&*service, &one).await;
    evict(&*service, &one).await;
    lists(&*service, &[&other]).await;
}

/// Contract 7: a node that has renewed its lease since it was seen is alive.
pub(super) async fn a_lease_that_was_renewed_since_is_not_evicted<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let seen = full(node("node-1", 1));
    let renewed = NodeLease { renewal: seen.renewal + 1, ..seen.clone() };
    renew(&*service, &seen).await;
    renew(&*service, &renewed).await;
    conflicts("evicting on a lease of before", service.evict(&name(), &seen).await);
    lists(&*service, &[&renewed]).await;
    renew(&*service, &renewed).await;
    evict(&*service, &renewed).await;
    is_barred(&*service, &seen.node).await;
}

/// Contract 7: who was evicted stays so, whatever lease a repeat names.
pub(super) async fn evicting_again_on_another_lease_is_no_error<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let seen = full(node("node-1", 1));
    renew(&*service, &seen).await;
    evict(&*service, &seen).await;
    evict(&*service, &starting(seen.node.clone())).await;
    is_barred(&*service, &seen.node).await;
}

/// Contracts 7 and 8: an evicted node that releases is barred all the same.
pub(super) async fn releasing_does_not_end_an_eviction<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let lease = full(node("node-1", 1));
    renew(&*service, &lease).await;
    evict(&*service, &lease).await;
    release(&*service, &lease.node).await;
    is_barred(&*service, &lease.node).await;
}
