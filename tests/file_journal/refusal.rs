//! What fails before anything is recorded is `Unavailable`, names the path, and has done nothing.

use std::fs;
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::{FileJournalError, FileSagaJournal};
use strangler_fig::saga::{SagaFilter, SagaJournal};

use super::other::Other;
use super::scratch::Scratch;
use super::{TERM, append, create, end, entries, order, runner};

/// The path and the kind of an error that has done nothing.
fn refusal(error: &StoreError) -> (PathBuf, ErrorKind) {
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    match error.downcast_ref() {
        Some(FileJournalError::Io { path, source }) => (path.clone(), source.kind()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_not_made() {
    let scratch = Scratch::new();
    let missing = scratch.at("not/there");
    let journal = FileSagaJournal::new(&missing);
    for error in [
        create(&journal, order()).await.unwrap_err(),
        journal.load(&order()).await.unwrap_err(),
        journal.claim(&order(), &runner("node-1"), TERM).await.unwrap_err(),
        journal.list(&SagaFilter::default(), None, NonZeroUsize::MIN).await.unwrap_err(),
        journal.purge(&order()).await.unwrap_err(),
    ] {
        let (path, kind) = refusal(&error);
        assert!(path.starts_with(&missing), "{}", path.display());
        assert_eq!(kind, ErrorKind::NotFound);
    }
    assert!(!missing.exists());
}

#[tokio::test]
async fn a_purge_that_cannot_be_written_leaves_the_file_as_it_was() {
    let (scratch, claim) = Scratch::with_a_saga().await;
    let (journal, file) = (scratch.journal(), scratch.file());
    end(&journal, &claim, 2).await;
    let (before, temporary) = (fs::read(&file).unwrap(), file.with_extension("saga.tmp"));
    fs::create_dir(&temporary).unwrap();
    let error = journal.purge(&order()).await.unwrap_err();
    assert_eq!(refusal(&error).0, temporary);
    assert_eq!(fs::read(&file).unwrap(), before);

    fs::remove_dir(&temporary).unwrap();
    journal.purge(&order()).await.unwrap();
    let purged = fs::read_to_string(&file).unwrap();
    assert!(!purged.contains("4711}") && !purged.contains("step-1"), "what is left: {purged}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_temporary_file_is_never_written_through_a_link() {
    let (scratch, claim) = Scratch::with_a_saga().await;
    let (journal, precious) = (scratch.journal(), scratch.at("precious"));
    fs::write(&precious, "precious").unwrap();
    let temporary = scratch.file().with_extension("saga.tmp");
    std::os::unix::fs::symlink(&precious, temporary).unwrap();
    end(&journal, &claim, 2).await;
    journal.purge(&order()).await.unwrap();
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
}

#[tokio::test]
async fn a_lock_that_cannot_be_opened_is_named() {
    let scratch = Scratch::new();
    for digit in 0..16 {
        fs::create_dir(scratch.at(&format!("{digit:x}.lock"))).unwrap();
    }
    let error = create(&scratch.journal(), order()).await.unwrap_err();
    assert!(refusal(&error).0.to_string_lossy().ends_with(".lock"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_disk_that_is_full_takes_no_saga_and_leaves_nothing_behind() {
    let scratch = Scratch::new();
    let mut other = Other::limited(0, "create", scratch.path());
    let said = other.next().unwrap();
    assert!(said.starts_with("Unavailable: ") && said.contains(".saga.tmp could not"), "{said}");
    assert_eq!(scratch.ending(".saga").len() + scratch.ending(".tmp").len(), 0);
    create(&scratch.journal(), order()).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_disk_that_fills_up_loses_nothing_that_was_acknowledged() {
    let (scratch, _) = Scratch::with_a_saga().await;
    let file = scratch.file();
    let mut other = Other::limited(16, "append until it is full", scratch.path());
    let acknowledged: u64 = other.next().unwrap().parse().unwrap();
    let said = other.next().unwrap();
    let named = format!("{} could not be used", file.display());
    assert!(said.starts_with("Unavailable: ") && said.contains(&named), "{said}");
    assert!(acknowledged > 10, "{acknowledged} entries");
    assert_eq!(fs::read(&file).unwrap().last(), Some(&b'\n'), "nothing is left of what failed");

    let journal = scratch.journal();
    assert_eq!(entries(&journal).await.len() as u64, acknowledged);
    let claim = journal.claim(&order(), &runner("node-1"), TERM).await.unwrap().unwrap();
    append(&journal, &claim, acknowledged).await.unwrap();
}
