//! A process may be killed, and the power may fail, at any moment.

use std::fs;

use strangler_fig::gateway::dual::RequestJournal;
use strangler_fig::phase::Side;

use super::scratch::Scratch;
use super::{TERM, answered, doubt, empties, forgets, key, node, note, notes, record};

#[tokio::test]
async fn a_line_cut_short_is_no_line_and_the_next_takes_its_place() {
    let (scratch, claim) = Scratch::with_a_request().await;
    let (journal, file) = (scratch.journal(), scratch.file());
    let whole = fs::read(&file).unwrap();
    note(&journal, &claim, 1, &answered(Side::Modern)).await.unwrap();
    let longer = fs::read(&file).unwrap();
    for end in whole.len()..longer.len() {
        fs::write(&file, &longer[..end]).unwrap();
        assert_eq!(notes(&journal).await, [answered(Side::Legacy)], "cut at {end}");
        assert_eq!(fs::read(&file).unwrap(), longer[..end], "a load leaves it as it is");
    }
    note(&journal, &claim, 1, &answered(Side::Modern)).await.unwrap();
    assert_eq!(notes(&journal).await, [answered(Side::Legacy), answered(Side::Modern)]);
}

#[tokio::test]
async fn a_line_with_a_hole_is_no_line() {
    let (scratch, claim) = Scratch::with_a_request().await;
    let (journal, file) = (scratch.journal(), scratch.file());
    let whole = fs::read(&file).unwrap().len();
    note(&journal, &claim, 1, &answered(Side::Modern)).await.unwrap();
    let mut torn = fs::read(&file).unwrap();
    torn[whole..whole + 40].fill(0);
    fs::write(&file, &torn).unwrap();
    assert_eq!(notes(&journal).await, [answered(Side::Legacy)]);
}

#[tokio::test]
async fn a_record_that_was_killed_leaves_no_request() {
    let scratch = Scratch::new();
    let temporary = scratch.path().join(format!("{}.request.tmp", key()));
    fs::write(&temporary, "half a request").unwrap();
    let journal = scratch.journal();
    assert_eq!(journal.load(&key()).await.unwrap(), None);
    record(&journal, key()).await.unwrap();
    assert!(!temporary.exists());
    assert_eq!(notes(&journal).await, []);
}

#[tokio::test]
async fn a_purge_replaces_the_file_and_the_claims_go_on() {
    let (scratch, claim) = Scratch::with_a_request().await;
    let journal = scratch.journal();
    note(&journal, &claim, 1, &answered(Side::Modern)).await.unwrap();
    let before = fs::read_to_string(scratch.file()).unwrap();
    let one = std::num::NonZeroUsize::MIN;
    assert_eq!(journal.purge(empties(), one).await.unwrap(), 1);
    let after = fs::read_to_string(scratch.file()).unwrap();
    assert!(before.contains("74776f207065617273") && !after.contains("74776f207065617273"));
    let newer = journal.claim(&key(), &node(2), TERM).await.unwrap().unwrap();
    assert!(newer.epoch > claim.epoch);
    assert!(note(&journal, &newer, 2, &doubt()).await.is_err(), "it is over");
    drop(newer);
    let other = scratch.journal();
    assert_eq!(notes(&other).await, [answered(Side::Legacy), answered(Side::Modern)]);
}

#[tokio::test]
async fn what_is_forgotten_leaves_no_file() {
    let (scratch, claim) = Scratch::with_a_request().await;
    let journal = scratch.journal();
    note(&journal, &claim, 1, &answered(Side::Modern)).await.unwrap();
    let one = std::num::NonZeroUsize::MIN;
    assert_eq!(journal.purge(forgets(), one).await.unwrap(), 1);
    assert!(!scratch.file().exists());
    record(&journal, key()).await.unwrap();
}
