//! Waiting for another process has an end.

use std::time::Duration;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::memory::{FileStateConfig, FileStateError, FileStateService};
use strangler_fig::phase::{MigrationName, MigrationState, MigrationStateService, Revision};

use super::other::Other;
use super::scratch::Scratch;
use super::{airports, first, lease, renew};

fn impatient(scratch: &Scratch) -> FileStateService {
    let config = FileStateConfig::default().with_lock_timeout(Duration::from_millis(50));
    FileStateService::new(scratch.path()).with_config(config)
}

fn locking(scratch: &Scratch) -> Other {
    let mut other = Other::doing("keep the lock", scratch.path());
    assert_eq!(other.next().as_deref(), Some("locked"));
    other
}

#[tokio::test]
async fn a_lock_that_another_process_keeps_makes_writes_unavailable_in_time() {
    let scratch = Scratch::with_a_migration().await;
    let mut other = locking(&scratch);
    let service = impatient(&scratch);

    let begun = std::time::Instant::now();
    let error = service.create(&first()).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let Some(FileStateError::Locked { path, .. }) = error.downcast_ref() else {
        panic!("{error:?}")
    };
    assert_eq!(*path, scratch.lock());

    other.kill();
    renew(&service, lease("node-1", 1)).await.unwrap();
}

#[tokio::test]
async fn reading_needs_no_lock() {
    let scratch = Scratch::with_a_migration().await;
    let _other = locking(&scratch);
    let service = impatient(&scratch);
    let found = service.current(&airports()).await.unwrap().unwrap();
    assert_eq!(found.revision, Revision(1));
    assert_eq!(service.leases(&airports()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_migration_does_not_wait_for_the_lock_of_another() {
    let scratch = Scratch::with_a_migration().await;
    let _other = locking(&scratch);
    let service = FileStateService::new(scratch.path());
    let users: MigrationName = "users".parse().unwrap();
    let (stuck, airports, here) = (service.clone(), airports(), lease("node-1", 4));
    let stuck = tokio::spawn(async move { stuck.renew_lease(&airports, &here).await });
    tokio::task::yield_now().await;

    service.create(&MigrationState::new(users)).await.unwrap();
    assert!(!stuck.is_finished());
    stuck.abort();
}

#[tokio::test]
async fn a_call_dropped_while_it_waits_has_done_nothing() {
    let scratch = Scratch::with_a_migration().await;
    let mut other = locking(&scratch);
    let service = FileStateService::new(scratch.path());
    let (name, here) = (airports(), lease("node-1", 4));
    let renewal = service.renew_lease(&name, &here);
    let waited = tokio::time::timeout(Duration::from_millis(50), renewal).await;
    assert!(waited.is_err());

    other.kill();
    let other_node = lease("node-2", 0);
    service.renew_lease(&name, &other_node).await.unwrap();
    let found = service.leases(&name).await.unwrap();
    assert_eq!(found, [lease("node-1", 0), other_node]);
}

#[tokio::test]
async fn a_change_by_another_service_is_noticed() {
    let scratch = Scratch::with_a_migration().await;
    let (here, there) = (scratch.service(), scratch.service());
    let watching = tokio::spawn(async move { here.changed(&airports(), Revision(1)).await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!watching.is_finished());

    there.compare_and_set(Revision(1), &first()).await.unwrap();
    let noticed = tokio::time::timeout(Duration::from_secs(5), watching).await;
    noticed.unwrap().unwrap();
}
