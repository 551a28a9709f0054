//! A file that is not what it should be is an error, and stays as it is.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::{FileJournalError, FileSagaJournal};
use strangler_fig::saga::{Created, SagaClaim, SagaFilter, SagaJournal};

use super::scratch::Scratch;
use super::{TERM, append, create, entries, order, runner};

/// Every call's answer, in the order of the contract.
async fn answers(journal: &FileSagaJournal) -> Vec<Option<StoreError>> {
    let claim = SagaClaim { saga: order(), epoch: 1 };
    vec![
        create(journal, order()).await.err(),
        append(journal, &claim, 2).await.err(),
        journal.load(&order()).await.err(),
        journal.claim(&order(), &runner("node-1"), TERM).await.err(),
        journal.release(&claim).await.err(),
        journal.purge(&order()).await.err(),
    ]
}

/// What a journal lists.
async fn listed(journal: &FileSagaJournal) -> Vec<String> {
    let all = SagaFilter::default();
    let found = journal.list(&all, None, NonZeroUsize::MAX).await.unwrap();
    found.into_iter().map(|header| header.id.to_string()).collect()
}

/// Asserts that whatever is called on the file is rejected for the reason `expected`, and that calls about
/// all sagas leave it out.
async fn is_rejected(scratch: &Scratch, file: &Path, expected: fn(&FileJournalError) -> bool) {
    for (call, error) in answers(&scratch.journal()).await.into_iter().enumerate() {
        let error = error.unwrap_or_else(|| panic!("a file like this answered call {call}"));
        assert_eq!(error.kind(), StoreErrorKind::Rejected, "call {call}");
        let cause = error.downcast_ref::<FileJournalError>().unwrap();
        assert!(expected(cause), "call {call}: {cause:?}");
        assert!(cause.to_string().contains(&file.display().to_string()), "{cause}");
    }
    let claim = SagaClaim { saga: order(), epoch: 1 };
    assert_eq!(listed(&scratch.journal()).await, [""; 0]);
    assert_eq!(scratch.journal().renew(&[claim], TERM).await.unwrap(), []);
}

/// The same of a file with these bytes; and that they stay.
async fn rejected(bytes: &[u8], expected: fn(&FileJournalError) -> bool) {
    let (scratch, _) = Scratch::with_a_saga().await;
    let file = scratch.file();
    fs::write(&file, bytes).unwrap();
    is_rejected(&scratch, &file, expected).await;
    assert_eq!(fs::read(&file).unwrap(), bytes);
    assert_eq!(scratch.ending(".tmp").len(), 0);
}

async fn whole() -> Vec<u8> {
    let (scratch, _) = Scratch::with_a_saga().await;
    fs::read(scratch.file()).unwrap()
}

async fn text() -> String {
    String::from_utf8(whole().await).unwrap()
}

fn is_foreign(error: &FileJournalError) -> bool {
    matches!(error, FileJournalError::Foreign { .. })
}

#[tokio::test]
async fn another_programs_file_is_foreign() {
    rejected(b"", is_foreign).await;
    rejected(b"{\"orders\":[]}\n", is_foreign).await;
    rejected(b"\xFF\xFE\x00binary\n", is_foreign).await;
    rejected(&whole().await[..30], is_foreign).await;
}

#[tokio::test]
async fn a_newer_versions_file_is_told_as_such() {
    let newer = text().await.replacen("\"version\":1", "\"version\":2", 1);
    rejected(newer.as_bytes(), |error| matches!(error, FileJournalError::Newer { found: 2, .. }))
        .await;
}

#[tokio::test]
async fn a_byte_that_was_changed_is_told_with_its_line() {
    let changed = text().await.replacen("\"order\": 4711", "\"order\": 4712", 1);
    let second =
        |error: &FileJournalError| matches!(error, FileJournalError::Damaged { line: 2, .. });
    rejected(changed.as_bytes(), second).await;
    let changed = text().await.replacen("step-1", "step-2", 1);
    let third =
        |error: &FileJournalError| matches!(error, FileJournalError::Damaged { line: 3, .. });
    rejected(changed.as_bytes(), third).await;
}

#[tokio::test]
async fn a_first_line_cut_short_is_damage_since_no_crash_leaves_one() {
    let text = text().await;
    let first = text.match_indices('\n').nth(1).unwrap().0;
    rejected(&text.as_bytes()[..first - 9], |error| {
        matches!(error, FileJournalError::Damaged { line: 2, .. })
    })
    .await;
}

#[tokio::test]
async fn a_line_that_is_missing_is_damage() {
    let (scratch, claim) = Scratch::with_a_saga().await;
    append(&scratch.journal(), &claim, 2).await.unwrap();
    let text = fs::read_to_string(scratch.file()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let without = format!("{}\n{}\n{}\n", lines[0], lines[1], lines[3]);
    rejected(without.as_bytes(), |error| {
        matches!(error, FileJournalError::Damaged { line: 3, .. })
    })
    .await;
}

#[tokio::test]
async fn another_sagas_file_is_told_as_such() {
    let (scratch, _) = Scratch::with_a_saga().await;
    let file = scratch.file();
    let other = Scratch::new();
    create(&other.journal(), "order:1".parse().unwrap()).await.unwrap();
    fs::copy(other.file(), &file).unwrap();
    let before = fs::read(&file).unwrap();
    is_rejected(&scratch, &file, |error| match error {
        FileJournalError::OtherSaga { found, .. } => found.as_str() == "order:1",
        _ => false,
    })
    .await;
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn a_directory_in_the_files_place_is_rejected() {
    let (scratch, _) = Scratch::with_a_saga().await;
    let file = scratch.file();
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let expected = |error: &FileJournalError| matches!(error, FileJournalError::NotAFile { .. });
    is_rejected(&scratch, &file, expected).await;
    assert!(file.is_dir());
}

#[cfg(unix)]
#[tokio::test]
async fn a_symbolic_link_is_rejected_since_a_purge_would_cut_it() {
    let (scratch, _) = Scratch::with_a_saga().await;
    let (file, target) = (scratch.file(), scratch.at("elsewhere"));
    fs::rename(&file, &target).unwrap();
    std::os::unix::fs::symlink(&target, &file).unwrap();
    let expected = |error: &FileJournalError| matches!(error, FileJournalError::NotAFile { .. });
    is_rejected(&scratch, &file, expected).await;
    assert!(file.is_symlink());
}

#[tokio::test]
async fn a_file_larger_than_any_real_one_is_rejected_unread() {
    let (scratch, _) = Scratch::with_a_saga().await;
    let file = scratch.file();
    fs::File::options().write(true).open(&file).unwrap().set_len(1 << 40).unwrap();
    let expected = |error: &FileJournalError| matches!(error, FileJournalError::TooLarge { .. });
    let error = scratch.journal().load(&order()).await.unwrap_err();
    assert!(error.downcast_ref().is_some_and(expected), "{error:?}");
    assert_eq!(fs::metadata(&file).unwrap().len(), 1 << 40);
}

#[tokio::test]
async fn a_damaged_file_harms_no_other_saga() {
    let (scratch, claim) = Scratch::with_a_saga().await;
    fs::write(scratch.file(), "damage").unwrap();
    let journal = scratch.journal();
    let Created::New(other) = create(&journal, "order:1".parse().unwrap()).await.unwrap() else {
        panic!("it is new")
    };
    assert!(journal.load(&other.saga).await.unwrap().is_some());
    assert_eq!(listed(&journal).await, ["order:1"]);
    let claims = [claim, other.clone()];
    assert_eq!(journal.renew(&claims, TERM).await.unwrap(), [other.saga]);
}

#[tokio::test]
async fn what_is_listed_is_what_the_files_say_now() {
    let (scratch, claim) = Scratch::with_a_saga().await;
    let (journal, file, all) = (scratch.journal(), scratch.file(), SagaFilter::default());
    let length = async || {
        let found = journal.list(&all, None, NonZeroUsize::MIN).await.unwrap();
        found.first().map(|header| header.length)
    };
    assert_eq!((length().await, length().await), (Some(2), Some(2)));
    append(&scratch.journal(), &claim, 2).await.unwrap();
    assert_eq!(length().await, Some(3), "another journal has written");
    let backup = fs::read(&file).unwrap();
    fs::write(&file, &backup[1..]).unwrap();
    assert_eq!(length().await, None, "it was damaged");
    fs::write(&file, &backup).unwrap();
    assert_eq!(length().await, Some(3), "it was mended");
    fs::rename(&file, scratch.at("elsewhere")).unwrap();
    assert_eq!(length().await, None, "it is gone");
}

#[tokio::test]
async fn a_damaged_file_heals_by_nothing_but_its_backup() {
    let (scratch, claim) = Scratch::with_a_saga().await;
    let (file, journal) = (scratch.file(), scratch.journal());
    let backup = fs::read(&file).unwrap();
    fs::write(&file, text().await.replacen("checkout", "checkin-", 1)).unwrap();
    assert!(append(&journal, &claim, 2).await.is_err());
    fs::write(&file, &backup).unwrap();
    append(&journal, &claim, 2).await.unwrap();
    assert_eq!(entries(&journal).await.len(), 3);
}

#[tokio::test]
async fn other_names_in_the_directory_are_none_of_its_business() {
    let (scratch, _) = Scratch::with_a_saga().await;
    fs::write(scratch.at("README"), "sagas").unwrap();
    fs::create_dir(scratch.at("lost+found")).unwrap();
    assert_eq!(listed(&scratch.journal()).await.len(), 1);
    fs::write(scratch.at("mine.saga"), "a story").unwrap();
    assert_eq!(listed(&scratch.journal()).await.len(), 1);
    assert_eq!(fs::read_to_string(scratch.at("mine.saga")).unwrap(), "a story");
}
