//! What outlives the handle it was written through.

use std::sync::Arc;

use super::StateFixture;
use super::bar::is_barred;
use super::samples::{
    conflicts, create, evict, first, full, lists, moved, node, release, renew, set, shows, starting,
};
use crate::phase::MigrationStateService;

async fn reopened<F: StateFixture>(fixture: &F) -> Arc<dyn MigrationStateService> {
    let reopened = fixture.reopened().await;
    reopened
        .expect("the fixture cannot reopen its store: say `volatile` if it ends with its handle")
}

/// Contract 10: the newest state is there.
pub(super) async fn a_state_outlives_the_handle<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    let created = create(&*service, first()).await;
    shows(&*reopened(fixture).await, &created).await;
    let replaced = set(&*service, created.revision, moved(&created.state, 1)).await;
    shows(&*reopened(fixture).await, &replaced).await;
}

/// Contract 10: revisions go on where they were.
pub(super) async fn a_revision_outlives_the_handle<F: StateFixture>(fixture: &F) {
    let created = create(&*fixture.service(), first()).await;
    let service = reopened(fixture).await;
    let replaced = set(&*service, created.revision, moved(&created.state, 1)).await;
    assert!(replaced.revision > created.revision, "a revision that did not grow");
    let service = reopened(fixture).await;
    let stale = service.compare_and_set(created.revision, &replaced.state).await;
    conflicts("replacing at an older revision", stale);
    conflicts("creating again", service.create(&first()).await);
    shows(&*service, &replaced).await;
}

/// Contract 10: leases are there as they were renewed, and released ones gone.
pub(super) async fn leases_outlive_the_handle<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let (one, other) = (full(node("node-1", 1)), starting(node("node-2", 1)));
    renew(&*service, &one).await;
    renew(&*service, &other).await;
    lists(&*reopened(fixture).await, &[&one, &other]).await;
    release(&*service, &one.node).await;
    lists(&*reopened(fixture).await, &[&other]).await;
}

/// Contract 10: who was evicted stays evicted.
pub(super) async fn an_eviction_outlives_the_handle<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    create(&*service, first()).await;
    let lease = full(node("node-1", 1));
    renew(&*service, &lease).await;
    evict(&*service, &lease).await;
    is_barred(&*reopened(fixture).await, &lease.node).await;
}
