//! A saga that is held for long does not fill the disk.

use std::fs;

use strangler_fig::saga::SagaJournal;

use super::scratch::Scratch;
use super::{TERM, append, begun, entries, order, runner, started};

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
