//! Who works on what.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::future::join_all;

use super::CheckpointFixture;
use super::job::{job, opened};
use crate::backfill::{Checkpoint, CheckpointStore, Claim, JobName, WorkerName};

/// A term that does not run out within a fact.
pub(super) const LONG: Duration = Duration::from_secs(300);
/// A term that is waited for, and a wait that it does not survive.
pub(super) const SHORT: Duration = Duration::from_millis(500);
pub(super) const LONGER: Duration = Duration::from_millis(900);

pub(super) fn worker(name: &str) -> WorkerName {
    name.parse().expect("it is a name")
}

/// A claim by a worker that nobody has heard of before.
pub(super) async fn claimed(store: &dyn CheckpointStore, job: &JobName, term: Duration) -> Claim {
    static WORKERS: AtomicU32 = AtomicU32::new(0);
    let worker = worker(&format!("worker {}", WORKERS.fetch_add(1, Ordering::Relaxed)));
    let claim = store.claim(job, &worker, term).await;
    let claim = claim.unwrap_or_else(|error| panic!("claiming failed: {error:?}"));
    claim.expect("a partition is free")
}

pub(super) async fn nothing_is_free(store: &dyn CheckpointStore, job: &JobName, when: &str) {
    let claim = store.claim(job, &worker("another"), LONG).await;
    let claim = claim.unwrap_or_else(|error| panic!("claiming failed: {error:?}"));
    assert_eq!(claim, None, "{when}");
}

/// Contract 3.
pub(super) async fn partitions_are_claimed_in_order_and_once<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[3, 6, 9]).await;
    for number in 0..3 {
        let claim = claimed(&*store, &job, LONG).await;
        assert_eq!((claim.number, &claim.job), (number, &job));
    }
    nothing_is_free(&*store, &job, "all three are held").await;
}

/// Contract 3: of two calls at once, at most one gets it.
pub(super) async fn of_concurrent_claims_no_two_get_one_partition<F: CheckpointFixture>(
    fixture: &F,
) {
    let (one, other) = (fixture.store(), fixture.reopened().await);
    for round in 0..5 {
        let job = opened(&*one, &format!("users {round}"), &[1, 2, 3, 4, 5]).await;
        let calls = (0..8).map(|n| {
            let (store, job) = (if n % 2 == 0 { one.clone() } else { other.clone() }, job.clone());
            let worker = worker(&format!("worker {n}"));
            tokio::spawn(async move { store.claim(&job, &worker, LONG).await })
        });
        let mut claims: Vec<Claim> = Vec::new();
        for call in join_all(calls).await {
            let claim = call.expect("the adapter does not panic");
            claims.extend(claim.expect("a claim among others succeeds"));
        }
        claims.sort_by_key(|claim| claim.number);
        let numbers: Vec<_> = claims.iter().map(|claim| claim.number).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4], "what eight workers got of five partitions");
    }
}

/// Contract 4.
pub(super) async fn a_released_partition_can_be_claimed<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[1]).await;
    let claim = claimed(&*store, &job, LONG).await;
    nothing_is_free(&*store, &job, "it is held").await;
    store.release(&claim).await.expect("it can be released");
    claimed(&*fixture.reopened().await, &job, LONG).await;
}

/// Contract 4: the term has run out.
pub(super) async fn an_expired_partition_can_be_claimed<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[1]).await;
    claimed(&*store, &job, SHORT).await;
    nothing_is_free(&*store, &job, "its term is not over").await;
    tokio::time::sleep(LONGER).await;
    claimed(&*fixture.reopened().await, &job, LONG).await;
}

/// Contract 3: it has died, and come back; the claim of its former life is old.
pub(super) async fn a_worker_that_comes_back_takes_its_own_partition<F: CheckpointFixture>(
    fixture: &F,
) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[1, 2]).await;
    let life = async || {
        let claim = fixture.reopened().await.claim(&job, &worker("node-1"), LONG).await;
        claim.ok().flatten().expect("what it holds is free to it")
    };
    let (former, latter) = (life().await, life().await);
    assert_eq!((former.number, latter.number), (0, 0), "the first one first");
    assert!(latter.epoch > former.epoch, "epoch {} after {}", latter.epoch, former.epoch);
    super::saved::refused(&*store, &former).await;
    assert_eq!(claimed(&*store, &job, LONG).await.number, 1, "it is held against others");
}

/// Contract 4: `save` begins the term anew.
pub(super) async fn saving_renews_the_claim<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[1]).await;
    let claim = claimed(&*store, &job, SHORT).await;
    store.save(&claim, &Checkpoint::default(), LONG).await.expect("the claim is the newest");
    tokio::time::sleep(LONGER).await;
    nothing_is_free(&*store, &job, "its term began anew").await;
}

/// Contract 3: an epoch larger than any before, of that partition.
pub(super) async fn an_epoch_is_larger_than_every_one_before<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[1]).await;
    let mut epoch = 0;
    for _ in 0..4 {
        let claim = claimed(&*fixture.reopened().await, &job, LONG).await;
        assert!(claim.epoch > epoch, "epoch {} after {epoch}", claim.epoch);
        epoch = claim.epoch;
        let states = store.load(&job).await.unwrap_or_default();
        assert_eq!(states[0].epoch, epoch, "the newest epoch is told");
        store.release(&claim).await.expect("it can be released");
    }
}

/// Contract 3.
pub(super) async fn a_partition_that_is_done_is_not_claimed<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[1, 2]).await;
    let claim = claimed(&*store, &job, LONG).await;
    let done = Checkpoint { is_done: true, ..Checkpoint::default() };
    store.save(&claim, &done, LONG).await.expect("the claim is the newest");
    store.release(&claim).await.expect("it can be released");
    assert_eq!(claimed(&*store, &job, LONG).await.number, 1, "the first one is done");
    nothing_is_free(&*store, &job, "one is done, one is held").await;
}

/// Contract 3: a claim tells the keys and the checkpoint of its partition.
pub(super) async fn a_claim_goes_on_where_the_last_one_ended<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[3, 6]).await;
    let first = claimed(&*store, &job, LONG).await;
    let half = Checkpoint { after: Some(vec![2]), scanned: 7, ..Checkpoint::default() };
    store.save(&first, &half, LONG).await.expect("the claim is the newest");
    store.release(&first).await.expect("it can be released");
    let next = claimed(&*fixture.reopened().await, &job, LONG).await;
    assert_eq!((next.number, next.partition, next.checkpoint), (0, first.partition, half));
}

/// Contract 2: what is stored tells who works on it.
pub(super) async fn a_holder_is_named_while_it_holds<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[1]).await;
    let holder = async || {
        let states = store.load(&job).await.unwrap_or_default();
        states.into_iter().next().and_then(|state| state.holder)
    };
    // The longest name there is, in letters of two bytes.
    let odd = worker(&format!("näme 'of' a worker {}", "é".repeat(90)));
    let claim = store.claim(&job, &odd, SHORT).await;
    let claim = claim.ok().flatten().expect("a partition is free");
    assert_eq!(holder().await, Some(odd));
    store.release(&claim).await.expect("it can be released");
    assert_eq!(holder().await, None, "it was released");
    claimed(&*store, &job, SHORT).await;
    tokio::time::sleep(LONGER).await;
    assert_eq!(holder().await, None, "its term is over");
}

/// Contract 6.
pub(super) async fn releasing_an_older_claim_changes_nothing<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let users = opened(&*store, "users", &[1]).await;
    let old = claimed(&*store, &users, LONG).await;
    store.release(&old).await.expect("it can be released");
    claimed(&*store, &users, LONG).await;
    store.release(&old).await.expect("releasing an older claim is no error");
    nothing_is_free(&*store, &users, "the newer claim stands").await;
    let gone = Claim { job: job("never opened"), ..old };
    store.release(&gone).await.expect("releasing nothing is no error");
}
