//! Jobs and their partitions.

use super::CheckpointFixture;
use super::claimed::{LONG, claimed, worker};
use crate::backfill::{Checkpoint, CheckpointStore, JobName, Partition};

pub(super) fn job(name: &str) -> JobName {
    name.parse().expect("it is a name")
}

/// Partitions that meet, each ending with a key of one byte.
pub(super) fn partitions(cuts: &[u8]) -> Vec<Partition> {
    let mut after = None;
    let cut = |&cut: &u8| Partition { after: after.replace(vec![cut]), until: vec![cut] };
    cuts.iter().map(cut).collect()
}

/// Opens a job with partitions that end with these keys.
pub(super) async fn opened(store: &dyn CheckpointStore, name: &str, cuts: &[u8]) -> JobName {
    let job = job(name);
    let opened = store.open(&job, &partitions(cuts)).await;
    assert!(opened.is_ok(), "opening failed: {opened:?}");
    job
}

/// The partitions of a job, as stored.
pub(super) async fn stored(store: &dyn CheckpointStore, job: &JobName) -> Vec<Partition> {
    let states = store.load(job).await;
    let states = states.unwrap_or_else(|error| panic!("loading failed: {error:?}"));
    states.into_iter().map(|state| state.partition).collect()
}

/// Contracts 1 and 2.
pub(super) async fn a_job_that_was_opened_has_its_partitions_in_order<F: CheckpointFixture>(
    fixture: &F,
) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[3, 6, 9]).await;
    assert_eq!(stored(&*store, &job).await, partitions(&[3, 6, 9]));
    for state in store.load(&job).await.unwrap_or_default() {
        assert_eq!(state.checkpoint, Checkpoint::default(), "nothing was copied yet");
        assert_eq!(state.holder, None, "nobody claimed it yet");
    }
}

/// Contract 1: the first call counts.
pub(super) async fn opening_again_changes_nothing<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[3, 6, 9]).await;
    let claim = claimed(&*store, &job, LONG).await;
    let half = Checkpoint { after: Some(vec![2]), ..Checkpoint::default() };
    store.save(&claim, &half, LONG).await.expect("the claim is the newest");
    opened(&*fixture.reopened().await, "users", &[200]).await;
    assert_eq!(stored(&*store, &job).await, partitions(&[3, 6, 9]), "the partitions");
    let states = store.load(&job).await.unwrap_or_default();
    assert_eq!(states[0].checkpoint, half, "the checkpoint of the first one");
}

/// Contract 2: none if the job was never opened.
pub(super) async fn what_was_never_opened_has_no_partitions<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    assert_eq!(stored(&*store, &job("users")).await, []);
    let claim = store.claim(&job("users"), &worker("a"), LONG).await;
    assert!(matches!(claim, Ok(None)), "a claim of no job: {claim:?}");
}

/// Contracts 1 and 3: nothing to copy is nothing to claim.
pub(super) async fn a_job_of_no_partitions_has_nothing_to_claim<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "nothing", &[]).await;
    let claim = store.claim(&job, &worker("a"), LONG).await;
    assert!(matches!(claim, Ok(None)), "a claim of nothing: {claim:?}");
}

/// Contract 2: keys are bytes.
pub(super) async fn keys_of_every_byte_come_back<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let every: Vec<u8> = (0..=255).collect();
    let long = vec![0; 2_000];
    let partitions = [
        Partition { after: None, until: Vec::new() },
        Partition { after: Some(Vec::new()), until: every.clone() },
        Partition { after: Some(every), until: long },
    ];
    store.open(&job("bytes"), &partitions).await.expect("it can be opened");
    assert_eq!(stored(&*store, &job("bytes")).await, partitions);
}

/// Contract 8: a name is its bytes.
pub(super) async fn names_that_differ_in_case_are_different_jobs<F: CheckpointFixture>(
    fixture: &F,
) {
    let store = fixture.store();
    for (name, cut) in [("users", 1), ("Users", 2), ("users ", 3), ("üsers", 4)] {
        opened(&*store, name, &[cut]).await;
    }
    for (name, cut) in [("users", 1), ("Users", 2), ("users ", 3), ("üsers", 4)] {
        assert_eq!(stored(&*store, &job(name)).await, partitions(&[cut]), "of {name:?}");
    }
}

/// Contract 8.
pub(super) async fn jobs_do_not_disturb_each_other<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let [users, orders] =
        [opened(&*store, "users", &[1]).await, opened(&*store, "orders", &[1]).await];
    let claim = claimed(&*store, &users, LONG).await;
    let done = Checkpoint { is_done: true, ..Checkpoint::default() };
    store.save(&claim, &done, LONG).await.expect("the claim is the newest");
    claimed(&*store, &orders, LONG).await;
    store.remove(&orders).await.expect("it can be removed");
    let states = store.load(&users).await.unwrap_or_default();
    assert_eq!(states[0].checkpoint, done, "the other job's checkpoint");
}

/// Contract 7.
pub(super) async fn a_removed_job_is_forgotten<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[1, 2]).await;
    claimed(&*store, &job, LONG).await;
    store.remove(&job).await.expect("it can be removed");
    store.remove(&job).await.expect("removing nothing is no error");
    assert_eq!(stored(&*store, &job).await, []);
    opened(&*store, "users", &[7]).await;
    assert_eq!(stored(&*store, &job).await, partitions(&[7]), "opened anew");
    assert_eq!(claimed(&*store, &job, LONG).await.checkpoint, Checkpoint::default());
}

/// Contract 7: whoever slept through the removal must not write into the new job.
pub(super) async fn a_claim_of_a_removed_job_stays_old<F: CheckpointFixture>(fixture: &F) {
    let store = fixture.store();
    let job = opened(&*store, "users", &[1]).await;
    let old = claimed(&*store, &job, LONG).await;
    store.remove(&job).await.expect("it can be removed");
    super::saved::refused(&*store, &old).await;
    opened(&*store, "users", &[1]).await;
    super::saved::refused(&*store, &old).await;
    let new = claimed(&*store, &job, LONG).await;
    assert!(new.epoch > old.epoch, "epoch {} after {}", new.epoch, old.epoch);
    super::saved::refused(&*store, &old).await;
}
