//! A process may be killed, and the power may fail, at any moment.

use std::fs;
use std::time::Duration;

use strangler_fig::saga::SagaJournal;

use super::other::Other;
use super::scratch::Scratch;
use super::{TERM, append, begun, create, end, entries, order, runner, started};

#[tokio::test]
async fn a_line_cut_short_is_no_line_and_the_next_takes_its_place() {
    let (scratch, claim) = Scratch::with_a_saga().await;
    let (journal, file) = (scratch.journal(), scratch.file());
    let whole = fs::read(&file).unwrap();
    append(&journal, &claim, 2).await.unwrap();
    let longer = fs::read(&file).unwrap();
    for end in [whole.len() + 1, whole.len() + 20, longer.len() - 1] {
        fs::write(&file, &longer[..end]).unwrap();
        assert_eq!(entries(&journal).await, [begun(), started(1)], "cut at {end}");
        assert_eq!(fs::read(&file).unwrap(), longer[..end], "a load leaves it as it is");
        append(&journal, &claim, 2).await.unwrap();
        assert_eq!(entries(&journal).await, [begun(), started(1), started(2)], "cut at {end}");
    }
}

#[tokio::test]
async fn a_line_with_a_hole_is_no_line() {
    let (scratch, claim) = Scratch::with_a_saga().await;
    let (journal, file) = (scratch.journal(), scratch.file());
    let whole = fs::read(&file).unwrap().len();
    append(&journal, &claim, 2).await.unwrap();
    let mut torn = fs::read(&file).unwrap();
    torn[whole..whole + 40].fill(0);
    fs::write(&file, &torn).unwrap();
    assert_eq!(entries(&journal).await, [begun(), started(1)]);
    append(&journal, &claim, 2).await.unwrap();
    assert_eq!(entries(&journal).await.len(), 3);
}

#[tokio::test]
async fn a_claim_after_a_crash_goes_on_where_it_ended() {
    let (scratch, claim) = Scratch::with_a_saga().await;
    let (journal, file) = (scratch.journal(), scratch.file());
    let mut torn = fs::read(&file).unwrap();
    torn.extend(b"0123456789abcdef {\"appended\":{\"pos");
    fs::write(&file, &torn).unwrap();
    journal.release(&claim).await.unwrap();
    let newer = journal.claim(&order(), &runner("node-2"), TERM).await.unwrap().unwrap();
    assert!(newer.epoch > claim.epoch);
    append(&journal, &newer, 2).await.unwrap();
    assert_eq!(entries(&scratch.journal()).await, [begun(), started(1), started(2)]);
}

#[tokio::test]
async fn what_a_killed_process_left_beside_a_file_is_removed_by_the_next_write() {
    let (scratch, claim) = Scratch::with_a_saga().await;
    let (journal, temporary) = (scratch.journal(), scratch.file().with_extension("saga.tmp"));
    fs::write(&temporary, "half a saga").unwrap();
    end(&journal, &claim, 2).await;
    journal.purge(&order()).await.unwrap();
    assert!(!temporary.exists());
    assert!(journal.load(&order()).await.unwrap().unwrap().0.is_purged);
}

#[tokio::test]
async fn a_creation_that_was_killed_leaves_no_saga() {
    let (full, _) = Scratch::with_a_saga().await;
    let scratch = Scratch::new();
    let name = full.file().with_extension("saga.tmp");
    fs::write(scratch.at(&name.file_name().unwrap().to_string_lossy()), "half a saga").unwrap();
    let journal = scratch.journal();
    assert_eq!(journal.load(&order()).await.unwrap(), None);
    create(&journal, order()).await.unwrap();
    assert_eq!(entries(&journal).await, [begun()]);
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill_at_any_moment() {
    let (scratch, _) = Scratch::with_a_saga().await;
    for kill in 0..15 {
        let wait = Duration::from_micros(fastrand::u64(0..40_000));
        let mut other = Other::doing("append for ever", scratch.path());
        let mut acknowledged = other.next().unwrap();
        std::thread::sleep(wait);
        other.kill();
        while let Some(later) = other.next() {
            acknowledged = later;
        }
        let acknowledged: u64 = acknowledged.parse().unwrap();
        let (header, entries) = scratch.journal().load(&order()).await.unwrap().unwrap();
        let newer = acknowledged..=acknowledged + 1;
        assert!(newer.contains(&header.length), "kill {kill} after {wait:?}: {}", header.length);
        let expected = std::iter::once(begun()).chain((1..header.length).map(started));
        assert!(entries.into_iter().eq(expected), "kill {kill} after {wait:?}");
    }
}
