//! A process may be killed at any moment.

use std::time::Duration;

use strangler_fig::memory::FileStateService;
use strangler_fig::phase::MigrationStateService;

use super::other::Other;
use super::scratch::Scratch;
use super::{airports, lease, renew};

/// The revision of the state, and the holds of the writer's lease.
async fn found(service: &FileStateService) -> (u64, u64) {
    let state = service.current(&airports()).await.unwrap().unwrap();
    let leases = service.leases(&airports()).await.unwrap();
    let writer = leases.iter().find(|lease| lease.node.name.as_str() == "writer");
    (state.revision.0, writer.map_or(0, |lease| lease.holds))
}

/// Kills a writer some time after its first acknowledged write; answers the
/// last one it acknowledged.
fn killed_after(wait: Duration, scratch: &Scratch) -> u64 {
    let mut other = Other::doing("write for ever", scratch.path());
    let mut acknowledged = other.next().unwrap();
    std::thread::sleep(wait);
    other.kill();
    while let Some(later) = other.next() {
        acknowledged = later;
    }
    acknowledged.parse().unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill_at_any_moment() {
    let scratch = Scratch::with_a_migration().await;
    for kill in 0..20 {
        let wait = Duration::from_micros(fastrand::u64(0..40_000));
        let acknowledged = killed_after(wait, &scratch);
        let service = scratch.service();
        let (revision, holds) = found(&service).await;
        let newer = acknowledged..=acknowledged + 1;
        assert!(newer.contains(&revision), "kill {kill} after {wait:?}: {revision}");
        assert!(newer.contains(&holds), "kill {kill} after {wait:?}: {holds}");

        renew(&service, lease("survivor", kill)).await.unwrap();
        assert!(!scratch.temporary().exists(), "kill {kill} after {wait:?}");
    }
}
