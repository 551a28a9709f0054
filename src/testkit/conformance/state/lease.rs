//! Leases: stored whole, listed all, kept until they are released.

use super::StateFixture;
use super::samples::{LARGE, create, first, full, lists, name, node, release, renew, starting};
use crate::phase::NodeLease;

const NODES: u128 = 40;

/// Contract 5: every field of a lease comes back.
pub(super) async fn a_renewed_lease_comes_back_whole<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let lease = full(node("Node_1.eu-west", u128::MAX));
    renew(&*service, &lease).await;
    lists(&*service, &[&lease]).await;
}

/// Contract 5: nothing of an older lease remains, whichever way it changes.
pub(super) async fn renewing_again_replaces_the_whole_lease<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let node = node("node-1", 1);
    let (full, starting) = (full(node.clone()), starting(node));
    for (renewal, lease) in (LARGE..).zip([&starting, &full, &full, &starting, &full]) {
        let lease = NodeLease { renewal, ..lease.clone() };
        renew(&*service, &lease).await;
        lists(&*service, &[&lease]).await;
    }
}

/// Contract 5: a call that comes late, or once more, replaces no later renewal.
pub(super) async fn a_late_renewal_changes_nothing<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let node = node("node-1", 1);
    for (earlier, later) in [(0, 1), (9, 10), (99, 100), (LARGE, LARGE + 1)] {
        let late = NodeLease { renewal: earlier, ..full(node.clone()) };
        let later = NodeLease { renewal: later, holds: 1, ..late.clone() };
        for lease in [&late, &later, &late] {
            renew(&*service, lease).await;
        }
        lists(&*service, &[&later]).await;
    }
}

/// Contract 5: `leases` lists every node, and every life of one name. Names
/// that differ by case are two.
pub(super) async fn the_leases_of_all_nodes_are_listed<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    lists(&*service, &[]).await;
    let mut leases = Vec::new();
    for number in 0..NODES {
        let name = ["node-1", "node-2", "NODE-1", "node-1."][(number % 4) as usize];
        leases.push(full(node(name, number / 2)));
    }
    for lease in &leases {
        renew(&*service, lease).await;
    }
    lists(&*service, &leases.iter().collect::<Vec<_>>()).await;
}

/// Contract 5: `leases` is never an older copy, through any handle.
pub(super) async fn a_renewed_lease_is_listed_at_once<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    let other = fixture.reopened().await.unwrap_or_else(|| fixture.service());
    create(&*service, first()).await;
    for holds in 0..30 {
        let lease = NodeLease { holds, ..starting(node("node-1", 1)) };
        renew(&*service, &lease).await;
        lists(&*other, &[&lease]).await;
        lists(&*service, &[&lease]).await;
    }
}

/// Contract 6: leases do not expire.
pub(super) async fn leases_do_not_expire<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let lease = full(node("node-1", 1));
    renew(&*service, &lease).await;
    tokio::time::sleep(fixture.lease_wait()).await;
    lists(&*service, &[&lease]).await;
}

/// Contract 8: a released lease is not listed; others are.
pub(super) async fn a_released_lease_is_gone<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let (one, other) = (full(node("node-1", 1)), full(node("node-2", 1)));
    renew(&*service, &one).await;
    renew(&*service, &other).await;
    release(&*service, &one.node).await;
    lists(&*service, &[&other]).await;
}

/// Contract 8: there may be no lease to release, and no migration.
pub(super) async fn releasing_what_is_not_there_is_no_error<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    release(&*service, &node("node-1", 1)).await;
    create(&*service, first()).await;
    let lease = starting(node("node-2", 1));
    renew(&*service, &lease).await;
    release(&*service, &node("node-1", 1)).await;
    lists(&*service, &[&lease]).await;
    release(&*service, &lease.node).await;
    release(&*service, &lease.node).await;
    lists(&*service, &[]).await;
}

/// Contract 8: a release does not bar the node.
pub(super) async fn a_released_node_can_renew_again<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let lease = full(node("node-1", 1));
    for _ in 0..2 {
        renew(&*service, &lease).await;
        release(&*service, &lease.node).await;
        lists(&*service, &[]).await;
    }
    renew(&*service, &lease).await;
    lists(&*service, &[&lease]).await;
}

/// Contract 8: a lease is one life's, and so is its release.
pub(super) async fn releasing_leaves_other_lives_alone<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let (old, new) = (starting(node("node-1", 1)), starting(node("node-1", 2)));
    renew(&*service, &old).await;
    renew(&*service, &new).await;
    release(&*service, &old.node).await;
    lists(&*service, &[&new]).await;
    let found = service.leases(&name()).await.map(|leases| leases.len());
    assert_eq!(found.ok(), Some(1), "the lives of one name");
}
