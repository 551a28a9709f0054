//! A file that is not what it should be is an error, and stays as it is.

use std::fs;
use std::num::NonZeroUsize;

use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::gateway::dual::{RequestClaim, RequestJournal, RequestKey, Shelf};
use strangler_fig::memory::{FileRequestError, FileRequestJournal};
use strangler_fig::phase::Side;

use super::scratch::Scratch;
use super::{TERM, answered, forgets, key, node, note, order, record};

/// Every call's answer, in the order of the contract.
async fn answers(journal: &FileRequestJournal) -> Vec<Option<StoreError>> {
    let claim = RequestClaim { key: key(), epoch: 1 };
    vec![
        journal.record(&order(key()), &node(1), TERM).await.err(),
        note(journal, &claim, 1, &answered(Side::Modern)).await.err(),
        journal.load(&key()).await.err(),
        journal.claim(&key(), &node(1), TERM).await.err(),
    ]
}

/// Asserts that whatever is called about a request with these bytes is rejected for the reason `expected`, that calls about
/// all leave it out, and that the bytes stay.
async fn rejected(bytes: &[u8], expected: fn(&FileRequestError) -> bool) {
    let (scratch, _) = Scratch::with_a_request().await;
    let (journal, file) = (scratch.journal(), scratch.file());
    fs::write(&file, bytes).unwrap();
    for (call, error) in answers(&journal).await.into_iter().enumerate() {
        let error = error.unwrap_or_else(|| panic!("a file like this answered call {call}"));
        assert_eq!(error.kind(), StoreErrorKind::Rejected, "call {call}");
        let cause = error.downcast_ref::<FileRequestError>().unwrap();
        assert!(expected(cause), "call {call}: {cause:?}");
        assert!(cause.to_string().contains(&file.display().to_string()), "{cause}");
    }
    for shelf in Shelf::ALL {
        assert_eq!(journal.list(shelf, None, NonZeroUsize::MAX).await.unwrap(), []);
    }
    assert_eq!(journal.take(&node(2), NonZeroUsize::MAX, TERM).await.unwrap(), []);
    assert_eq!(journal.purge(forgets(), NonZeroUsize::MAX).await.unwrap(), 0);
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

async fn text() -> String {
    let (scratch, _) = Scratch::with_a_request().await;
    fs::read_to_string(scratch.file()).unwrap()
}

fn is_foreign(error: &FileRequestError) -> bool {
    matches!(error, FileRequestError::Foreign { .. })
}

#[tokio::test]
async fn another_programs_file_is_foreign() {
    rejected(b"", is_foreign).await;
    rejected(b"{\"orders\":[]}\n", is_foreign).await;
    rejected(b"\xFF\xFE\x00binary\n", is_foreign).await;
    let saga = text().await.replacen("request-file", "saga-file", 1);
    rejected(saga.as_bytes(), is_foreign).await;
}

#[tokio::test]
async fn a_newer_versions_file_is_told_as_such() {
    let newer = text().await.replacen("\"version\":1", "\"version\":2", 1);
    let is_newer =
        |error: &FileRequestError| matches!(error, FileRequestError::Newer { found: 2, .. });
    rejected(newer.as_bytes(), is_newer).await;
}

#[tokio::test]
async fn a_byte_that_was_changed_is_told_with_its_line() {
    let is_second =
        |error: &FileRequestError| matches!(error, FileRequestError::Damaged { line: 2, .. });
    rejected(text().await.replacen("orders", "0rders", 1).as_bytes(), is_second).await;
    let is_third =
        |error: &FileRequestError| matches!(error, FileRequestError::Damaged { line: 3, .. });
    // The digits alone are now and then those of a time or of a checksum, too.
    let (status, other) = ("\"status\":201", "\"status\":202");
    rejected(text().await.replacen(status, other, 1).as_bytes(), is_third).await;
}

#[tokio::test]
async fn a_line_that_is_missing_is_told() {
    let text = text().await;
    let lines: Vec<_> = text.lines().collect();
    let without = format!("{}\n{}\n", lines[0], lines[2]);
    let is_second =
        |error: &FileRequestError| matches!(error, FileRequestError::Damaged { line: 2, .. });
    rejected(without.as_bytes(), is_second).await;
}

#[tokio::test]
async fn a_file_under_another_name_is_told() {
    let (scratch, _) = Scratch::with_a_request().await;
    let other = RequestKey::new("bob", "order-4711").unwrap();
    let copy = scratch.path().join(format!("{other}.request"));
    fs::copy(scratch.file(), &copy).unwrap();
    let error = scratch.journal().load(&other).await.unwrap_err();
    let cause = error.downcast_ref::<FileRequestError>().unwrap();
    assert!(matches!(cause, FileRequestError::OtherRequest { .. }), "{cause:?}");
    let listed = scratch.journal().list(Shelf::Open, None, NonZeroUsize::MAX).await.unwrap();
    assert_eq!(listed.len(), 1, "the copy is not taken for a second request");
}

#[tokio::test]
async fn a_directory_in_the_place_of_a_file_is_told() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.file()).unwrap();
    let error = record(&scratch.journal(), key()).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(FileRequestError::NotAFile { .. })), "{error:?}");
}
