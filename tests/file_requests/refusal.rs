//! A disk that refuses, and locks that others keep: nothing was recorded.

use std::fs;
use std::time::Duration;

use fs4::FileExt;
use strangler_fig::error::StoreErrorKind;
use strangler_fig::gateway::dual::RequestJournal;
use strangler_fig::memory::{FileRequestError, FileRequestJournal};

use super::scratch::Scratch;
use super::{TERM, key, node, record};

#[tokio::test]
async fn a_directory_that_is_missing_is_unavailable() {
    let scratch = Scratch::new();
    let journal = FileRequestJournal::new(scratch.path().join("mistyped"));
    let error = record(&journal, key()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let taken = journal.take(&node(1), std::num::NonZeroUsize::MIN, TERM).await;
    assert_eq!(taken.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert!(!scratch.path().join("mistyped").exists());
}

#[tokio::test]
async fn a_lock_that_is_kept_is_waited_for_and_no_longer() {
    let scratch = Scratch::new();
    let digit = format!("{:x}", key().digest() >> 124);
    let lock = fs::File::create(scratch.path().join(format!("{digit}.lock"))).unwrap();
    FileExt::lock(&lock).unwrap();
    let hasty =
        FileRequestJournal::new(scratch.path()).with_lock_timeout(Duration::from_millis(50));
    let error = record(&hasty, key()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(matches!(error.downcast_ref(), Some(FileRequestError::Locked { .. })), "{error:?}");
    assert_eq!(hasty.load(&key()).await.unwrap(), None);
    FileExt::unlock(&lock).unwrap();
    record(&hasty, key()).await.unwrap();
}
