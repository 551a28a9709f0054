//! A saga that is held for long does not fill the disk.

use std::fs;
use std::time::Duration;

use strangler_fig::saga::{Created, SagaClaim, SagaJournal};

use super::scratch::Scratch;
use super::{TERM, append, begun, create, entries, order, runner, started};

#[tokio::test]
async fn a_thousand_renewals_take_the_place_of_a_hundred() {
    let (scratch, claim) = Scratch::with_a_saga().await;
    let journal = scratch.journal();
    for _ in 0..1_000 {
        let renewed = journal.renew(std::slice::from_ref(&claim), TERM).await.unwrap();
        assert_eq!(renewed, [order()]);
    }
    let lines = fs::read_to_string(scratch.file()).unwrap().lines().count();
    assert!(lines < 120, "{lines} lines");
    assert_eq!(journal.claim(&order(), &runner("node-2"), TERM).await.unwrap(), None);
    append(&journal, &claim, 2).await.unwrap();
    assert_eq!(entries(&scratch.journal()).await, [begun(), started(1), started(2)]);
}

/// A renewal may end a term sooner, as does one after the clock was set back; who claims the saga then has a right to it
/// by that renewal only.
#[tokio::test]
async fn a_claim_that_a_shorter_term_made_way_for_outlives_many_renewals() {
    let (scratch, claim) = Scratch::with_a_saga().await;
    let journal = scratch.journal();
    for _ in 0..2 {
        let renewed = journal.renew(std::slice::from_ref(&claim), Duration::ZERO).await.unwrap();
        assert_eq!(renewed, [order()]);
    }
    let newer = journal.claim(&order(), &runner("node-2"), TERM).await.unwrap().unwrap();
    for _ in 0..250 {
        let renewed = journal.renew(std::slice::from_ref(&newer), TERM).await.unwrap();
        assert_eq!(renewed, [order()]);
    }
    let lines = fs::read_to_string(scratch.file()).unwrap().lines().count();
    assert!(lines < 120, "{lines} lines");
    append(&journal, &newer, 2).await.unwrap();
    assert_eq!(entries(&scratch.journal()).await, [begun(), started(1), started(2)]);
}

/// As many as one call of a runner renews, within the time that it has for a call.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_claims_are_renewed_in_time() {
    let scratch = Scratch::new();
    let journal = scratch.journal();
    let creating = (0..500).map(|n| {
        let journal = journal.clone();
        tokio::spawn(async move { create(&journal, format!("order:{n}").parse().unwrap()).await })
    });
    let mut claims: Vec<SagaClaim> = Vec::new();
    for created in creating.collect::<Vec<_>>() {
        let Created::New(claim) = created.await.unwrap().unwrap() else { panic!("it is new") };
        claims.push(claim);
    }
    let begun = std::time::Instant::now();
    let renewed = journal.renew(&claims, TERM).await.unwrap();
    let took = begun.elapsed();
    assert_eq!(renewed.len(), 500);
    assert!(took < Duration::from_secs(10), "{took:?}");
}
