//! Whether a check found the stores consistent, and how long ago.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::clock::ManualClock;
use strangler_fig::consistency::{CheckReport, ConsistencyChecker, Verdict};
use strangler_fig::controller::{
    LastVerification, Verification, VerificationSource, VerifiedWithin,
};
use strangler_fig::memory::InMemoryRepository;
use strangler_fig::phase::{MigrationState, PhaseTracker, Share};
use strangler_fig::repository::MigrationRepository;

use super::support::{Checked, MINUTE, Mode, World, closed, open};

type Row = (u32, &'static str);
type Users = MigrationRepository<InMemoryRepository<u32, Row>, InMemoryRepository<u32, Row>>;

fn users(legacy: &[Row]) -> Users {
    let [old, new] = [(); 2].map(|()| InMemoryRepository::new(|row: &Row| row.0));
    for row in legacy {
        old.plant(*row);
    }
    let tracker = PhaseTracker::detached(MigrationState::new("users".parse().unwrap()));
    MigrationRepository::new(old, new, tracker).unwrap()
}

async fn full(users: &Users) -> CheckReport<u32> {
    ConsistencyChecker::new(users).full(pending()).await
}

/// What a full check of empty stores says.
pub(crate) async fn consistent_at(unix_ms: u64) -> Verification {
    Verification::of(&full(&users(&[])).await, unix_ms).unwrap()
}

/// A check at 100,000, read at `now`, with a minute's patience.
async fn read_at(now: u64) -> strangler_fig::controller::GateReading {
    let source = Arc::new(Checked(Mode::Works, Some(consistent_at(100_000).await)));
    let clock = Arc::new(ManualClock::at(now));
    World::of(1).read(&VerifiedWithin::new(source, MINUTE).with_clock(clock)).await
}

#[tokio::test(start_paused = true)]
async fn it_is_open_up_to_the_age_and_not_beyond() {
    let fresh = read_at(100_000).await;
    let saw = "full check of 0 keys: consistent, 0 differences, 0ns ago, at most 60s may be";
    assert_eq!(open(&fresh), saw);
    open(&read_at(160_000).await);
    assert!(closed(&read_at(160_001).await).contains("60.001s ago"));
}

#[tokio::test(start_paused = true)]
async fn a_check_from_the_future_is_closed() {
    let reading = read_at(99_999).await;
    assert!(closed(&reading).ends_with("1ms ahead of this clock"), "{reading}");
    let reading = read_at(90_000).await;
    assert!(closed(&reading).ends_with("10s ahead of this clock"), "{reading}");
}

#[tokio::test(start_paused = true)]
async fn without_a_check_it_is_closed() {
    let gate = VerifiedWithin::new(Arc::new(LastVerification::default()), MINUTE);
    assert_eq!(closed(&World::of(1).read(&gate).await), "no check is known");
}

#[tokio::test(start_paused = true)]
async fn a_difference_closes_it_until_a_check_of_every_key_finds_none() {
    let clock = Arc::new(ManualClock::at(5_000));
    let last = Arc::new(LastVerification::new().with_clock(clock.clone()));
    let gate = VerifiedWithin::new(last.clone(), MINUTE).with_clock(clock.clone());
    let (world, users) = (World::of(1), users(&[(1, "Ada"), (2, "Grace")]));
    let checker = ConsistencyChecker::new(&users);

    let found = checker.full(pending()).await;
    assert!(last.record(&found));
    assert!(closed(&world.read(&gate).await).starts_with("full check of 2 keys: inconsistent, 2"));

    users.join(&1).await.unwrap();
    users.join(&2).await.unwrap();
    let earlier = checker.earlier(&found, pending()).await;
    assert_eq!(earlier.verdict, Verdict::Consistent);
    assert!(!last.record(&earlier), "two keys are not the whole");
    closed(&world.read(&gate).await);

    clock.advance(Duration::from_secs(5));
    assert!(last.record(&full(&users).await));
    open(&world.read(&gate).await);
    assert_eq!(last.last().await.unwrap().unwrap().at_unix_ms, 10_000);
}

#[tokio::test(start_paused = true)]
async fn a_difference_in_a_few_keys_counts_and_their_consistency_does_not() {
    let last = LastVerification::default();
    let users = users(&[(1, "Ada")]);
    let checker = ConsistencyChecker::new(&users);
    let sample = strangler_fig::consistency::Sample::of(Share::NONE, 7);
    let sampled = checker.sampled(sample, pending()).await;
    assert_eq!(sampled.verdict, Verdict::Consistent);
    assert!(!last.record(&sampled));
    assert!(!last.record(&checker.keys([2], pending()).await));
    assert!(last.record(&checker.keys([1], pending()).await));
    assert_eq!(last.last().await.unwrap().unwrap().verdict, Verdict::Inconsistent);
}

#[tokio::test(start_paused = true)]
async fn an_inconclusive_check_leaves_the_last_one_standing() {
    let clock = Arc::new(ManualClock::at(1));
    let last = LastVerification::new().with_clock(clock.clone());
    assert!(last.record(&full(&users(&[])).await));
    clock.set(2);
    let stopped = ConsistencyChecker::new(&users(&[(1, "Ada")])).full(std::future::ready(())).await;
    assert_eq!(stopped.verdict, Verdict::Inconclusive);
    assert!(!last.record(&stopped));
    assert_eq!(last.last().await.unwrap().unwrap().at_unix_ms, 1);
}

#[tokio::test(start_paused = true)]
async fn a_verification_outlives_the_process_as_a_document() {
    let kept = consistent_at(7).await;
    let text = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<Verification>(&text).unwrap(), kept);
}
