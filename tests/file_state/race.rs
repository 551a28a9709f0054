//! Services that share a directory never overwrite each other.

use strangler_fig::error::StoreErrorKind;
use strangler_fig::phase::{MigrationStateService, NodeLease, Revision};

use super::other::Other;
use super::scratch::Scratch;
use super::{airports, first, lease, moved};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_writer_wins_each_revision() {
    let scratch = Scratch::new();
    let services = [scratch.service(), scratch.service()];
    services[0].create(&first()).await.unwrap();
    for revision in (1..=10).map(Revision) {
        let found = services[0].current(&airports()).await.unwrap().unwrap();
        assert_eq!(found.revision, revision);
        let racing = (0..8_u128).map(|number| {
            let service = services[usize::from(number % 2 == 0)].clone();
            let next = moved(&found.state, number);
            tokio::spawn(async move { service.compare_and_set(revision, &next).await })
        });
        let mut won = 0;
        for racer in racing.collect::<Vec<_>>() {
            match racer.await.unwrap() {
                Ok(answer) => {
                    assert!(answer > revision);
                    won += 1;
                }
                Err(error) => assert_eq!(error.kind(), StoreErrorKind::Conflict),
            }
        }
        assert_eq!(won, 1, "at {revision:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_lease_is_lost_among_many() {
    let scratch = Scratch::with_a_migration().await;
    let services = [scratch.service(), scratch.service()];
    let renewing = (0..8).map(|number| {
        let service = services[usize::from(number % 2 == 0)].clone();
        tokio::spawn(async move {
            for holds in 1..=10 {
                let lease = lease(&format!("racer-{number}"), holds);
                service.renew_lease(&airports(), &lease).await.unwrap();
            }
        })
    });
    for renewal in renewing.collect::<Vec<_>>() {
        renewal.await.unwrap();
    }
    let found = services[0].leases(&airports()).await.unwrap();
    let last = |lease: &&NodeLease| lease.holds == 10;
    assert_eq!((found.len(), found.iter().filter(last).count()), (9, 8));
}

#[test]
fn processes_share_a_directory_and_lose_no_move() {
    let scratch = Scratch::new();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let service = scratch.service();
    runtime.block_on(service.create(&first())).unwrap();

    let counting: Vec<_> = (0..3).map(|_| Other::doing("count to 40", scratch.path())).collect();
    for mut other in counting {
        assert_eq!(other.next().as_deref(), Some("done"));
    }
    let found = runtime.block_on(service.current(&airports())).unwrap();
    let found = found.unwrap();
    assert_eq!((found.revision, found.state.epoch()), (Revision(121), 120));
}
