//! A request of which nothing more could be written down is not begun, and a disk that is full loses nothing.

use std::fs;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::gateway::dual::{NewRequest, Recorded, RequestJournal};
use strangler_fig::memory::FileRequestError;

use super::scratch::Scratch;
use super::{TERM, doubt, key, node, note, order};

const MIB: usize = 1 << 20;

/// A request whose file is a little larger than so many bytes.
fn large(bytes: usize) -> NewRequest {
    let mut large = order(key());
    large.request.target = "/".repeat(bytes);
    large
}

#[tokio::test]
async fn a_request_whose_notes_would_find_no_room_is_not_begun() {
    let scratch = Scratch::new();
    let journal = scratch.journal();
    // It would fit: 64 MiB is what a file may have.
    let error = journal.record(&large(63 * MIB), &node(1), TERM).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Rejected);
    let Some(FileRequestError::TooLarge { path, .. }) = error.downcast_ref() else {
        panic!("{error:?}")
    };
    assert_eq!(*path, scratch.file());
    assert_eq!(scratch.left(), Vec::<String>::new());
    assert_eq!(journal.load(&key()).await.unwrap(), None);
}

#[tokio::test]
async fn the_largest_request_that_is_begun_has_room_for_its_notes() {
    let scratch = Scratch::new();
    let journal = scratch.journal();
    let recorded = journal.record(&large(63 * MIB - 4096), &node(1), TERM).await.unwrap();
    let Recorded::New(claim) = recorded else { panic!("{recorded:?}") };
    note(&journal, &claim, 0, &doubt()).await.unwrap();
    let length = fs::metadata(scratch.file()).unwrap().len();
    assert!(64 * MIB as u64 - length > MIB as u64 / 2, "{length} bytes");
}

#[cfg(unix)]
mod full {
    use strangler_fig::phase::Side;

    use super::*;
    use crate::other::Other;
    use crate::{answered, notes, record};

    #[tokio::test]
    async fn a_disk_that_is_full_takes_no_request_and_leaves_nothing_behind() {
        let scratch = Scratch::new();
        let mut other = Other::limited(0, "record", scratch.path());
        let said = other.next().unwrap();
        let named = format!("{}.tmp could not be used", scratch.file().display());
        assert!(said.starts_with("Unavailable: ") && said.contains(&named), "{said}");
        assert_eq!(scratch.left(), Vec::<String>::new());
        let journal = scratch.journal();
        assert_eq!(journal.load(&key()).await.unwrap(), None);
        record(&journal, key()).await.unwrap();
    }

    #[tokio::test]
    async fn a_disk_that_fills_up_loses_nothing_that_was_acknowledged() {
        let scratch = Scratch::new();
        record(&scratch.journal(), key()).await.unwrap();
        let file = scratch.file();
        let mut other = Other::limited(16, "note until it is full", scratch.path());
        let acknowledged: usize = other.next().unwrap().parse().unwrap();
        let said = other.next().unwrap();
        let named = format!("{} could not be used", file.display());
        assert!(said.starts_with("Unavailable: ") && said.contains(&named), "{said}");
        assert!(acknowledged > 10, "{acknowledged} notes");
        assert_eq!(fs::read(&file).unwrap().last(), Some(&b'\n'), "nothing is left of what failed");

        let journal = scratch.journal();
        assert_eq!(notes(&journal).await, vec![doubt(); acknowledged]);
        let claim = journal.claim(&key(), &node(1), TERM).await.unwrap().unwrap();
        let position = acknowledged.try_into().unwrap();
        note(&journal, &claim, position, &answered(Side::Legacy)).await.unwrap();
    }

    #[tokio::test]
    async fn a_purge_on_a_full_disk_leaves_the_request_as_it_was() {
        let (scratch, claim) = Scratch::with_a_request().await;
        let journal = scratch.journal();
        note(&journal, &claim, 1, &answered(Side::Modern)).await.unwrap();
        let before = fs::read(scratch.file()).unwrap();
        let mut other = Other::limited(0, "purge", scratch.path());
        let said = other.next().unwrap();
        assert!(said.starts_with("Unavailable: ") && said.contains(".request.tmp"), "{said}");
        assert_eq!(fs::read(scratch.file()).unwrap(), before);
        assert_eq!(scratch.left(), [format!("{}.request", key())]);
        let mut other = Other::doing("purge", scratch.path());
        assert_eq!(other.next().as_deref(), Some("1"));
        assert_eq!(notes(&journal).await.len(), 2);
    }
}
