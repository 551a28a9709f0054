//! What comes, and in which way.

use strangler_fig::error::StoreErrorKind;
use strangler_fig::key::KeyExt;
use strangler_fig::observe::Event;
use strangler_fig::phase::Phase;
use strangler_fig::stamp::Record;
use strangler_fig::testkit::faults::Fault;

use crate::support::{HOUR, World, stamp};

#[tokio::test(start_paused = true)]
async fn what_others_write_comes_to_modern() {
    let world = World::new(Phase::DualWrite);
    for key in 0..1_200 {
        world.outside((key, "new"));
    }
    let report = world.catch_up().await;
    assert_eq!((report.copied, report.changes, report.pages), (1_200, 1_200, 3), "{report}");
    assert!(report.is_caught_up && report.noted == 0);
    assert_eq!(world.modern.inner().records(), world.legacy.inner().records());
    assert_eq!(world.pending().await, 0);
}

#[tokio::test(start_paused = true)]
async fn deletes_come_as_hints_and_as_records() {
    let world = World::new(Phase::Shadow);
    world.outside((1, "here"));
    world.outside_stamped(2, Some((2, "here"))).await;
    world.catch_up().await;
    assert_eq!(world.values(1).await, [Some("here"); 2]);
    assert_eq!(world.values(2).await, [Some("here"); 2]);
    world.outside_deletes(1);
    let gone = world.outside_stamped(2, None).await;
    world.catch_up().await;
    assert_eq!(world.values(1).await, [None; 2]);
    assert_eq!(world.values(2).await, [None; 2]);
    let [first, second] = world.modern.inner().records().try_into().unwrap();
    assert!(first.1.is_tombstone(), "nothing brings it back");
    assert_eq!(second, (2, gone), "under the stamp that legacy gave it");
}

#[tokio::test(start_paused = true)]
async fn a_change_of_the_key_moves_the_row() {
    let world = World::new(Phase::DualWrite);
    world.outside((1, "Ada"));
    world.catch_up().await;
    world.legacy.inner().uproot(&1);
    world.legacy.inner().plant((2, "Ada"));
    let mut open = world.feed.log.begin();
    open.hint(1);
    open.hint(2);
    open.commit();
    world.catch_up().await;
    assert_eq!((world.values(1).await, world.values(2).await), ([None; 2], [Some("Ada"); 2]));
}

#[tokio::test(start_paused = true)]
async fn what_commits_late_comes_though_later_ones_are_settled() {
    let world = World::new(Phase::DualWrite);
    let mut late = world.feed.log.begin();
    late.hint(1);
    for key in 2..10 {
        world.outside((key, "new"));
    }
    assert_eq!(world.catch_up().await.copied, 8);
    world.legacy.inner().plant((1, "late"));
    late.commit();
    assert_eq!(world.catch_up().await.copied, 1);
    assert_eq!(world.values(1).await, [Some("late"); 2]);
}

#[tokio::test(start_paused = true)]
async fn of_many_changes_of_a_row_one_write_is_made() {
    let world = World::new(Phase::DualWrite);
    for _ in 0..100 {
        world.outside_stamped(1, Some((1, "again"))).await;
    }
    let report = world.catch_up().await;
    assert_eq!((report.changes, report.copied, world.modern.applies()), (100, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_change_parks_its_row_and_not_the_feed() {
    let world = World::new(Phase::DualWrite);
    world.outside((1, "before"));
    world.feed.log.spoil(2_u32.to_bytes(), "no column \"name\"");
    world.feed.log.spoil(vec![0xFF; 3], "no column \"id\"");
    world.outside((3, "after"));
    let report = world.catch_up().await;
    assert_eq!((report.copied, report.unreadable, report.noted), (2, 2, 2), "{report}");
    let waiting = world.waiting().await;
    let keys: Vec<_> = waiting.iter().map(|it| (it.key.clone(), it.reason.as_str())).collect();
    assert_eq!(keys, [(2_u32.to_bytes(), "unreadable"), (vec![0xFF; 3], "unreadable")]);
    assert_eq!(world.pending().await, 0, "and is settled once that is noted");
}

#[tokio::test(start_paused = true)]
async fn what_modern_rejects_is_noted_and_the_others_go() {
    let world = World::new(Phase::DualWrite);
    world.modern.push_apply(Fault::Refuse(StoreErrorKind::Rejected));
    world.outside((1, "bad"));
    world.outside((2, "good"));
    let report = world.catch_up().await;
    assert_eq!((report.copied, report.noted), (1, 1), "{report}");
    assert_eq!(world.waiting().await[0].reason, "rejected");
}

#[tokio::test(start_paused = true)]
async fn a_replicator_that_runs_is_woken_and_tells_the_lag() {
    let world = World::new(Phase::DualWrite);
    let replicator = world.replicator();
    let following = async { replicator.run(tokio::time::sleep(HOUR)).await.unwrap() };
    let writing = async {
        tokio::time::sleep(HOUR / 2).await;
        world.outside((1, "new"));
        tokio::task::yield_now().await;
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        world.values(1).await
    };
    let (report, values) = tokio::join!(following, writing);
    assert_eq!((values, report.copied), ([Some("new"); 2], 1), "at once, and not at the next poll");
    let events = world.told.events();
    let copied = Event::ChangesReplicated { copied: 1, level: 0, noted: 0, lag: None };
    assert!(events.contains(&copied), "{events:?}");
    assert!(events.contains(&Event::ReplicationLag { pending: Some(0), lag: None }));
    assert_eq!(replicator.progress().records, 1);
}

#[tokio::test(start_paused = true)]
async fn a_hint_and_a_record_of_one_row_agree_on_the_last() {
    let world = World::new(Phase::DualWrite);
    world.feed.log.record(1, Record::live(stamp(5), (1, "old")));
    world.outside((1, "new"));
    world.catch_up().await;
    assert_eq!(world.values(1).await, [Some("new"); 2], "the hint came last, and legacy is asked");
}

#[tokio::test(start_paused = true)]
async fn its_status_tells_what_is_unsettled_noted_and_done() {
    let world = World::new(Phase::DualWrite);
    let replicator = world.replicator();
    world.outside((1, "new"));
    world.feed.log.spoil(2_u32.to_bytes(), "no column \"name\"");
    tokio::time::sleep(HOUR).await;
    let status = replicator.status().await.unwrap();
    assert!(!status.is_caught_up());
    assert_eq!((status.lag.oldest, status.lag.pending), (Some(HOUR), Some(2)));
    let told = "behind by 3600.0 s, 2 changes unsettled; 0 keys wait for repair, 0 are parked; ";
    assert!(status.to_string().starts_with(told), "{status}");

    replicator.catch_up(std::future::pending()).await.unwrap();
    let status = replicator.status().await.unwrap();
    assert!(status.is_caught_up());
    assert_eq!((status.repairs.waiting, status.repairs.parked, status.progress.records), (1, 0, 2));
    assert!(status.to_string().starts_with("caught up; 1 keys wait"), "{status}");
}
