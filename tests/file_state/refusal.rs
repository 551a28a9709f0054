//! What fails before the file is replaced is `Unavailable`, names the path, and
//! has done nothing.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::{FileStateError, FileStateService};
use strangler_fig::phase::MigrationStateService;

use super::other::Other;
use super::scratch::Scratch;
use super::{airports, first, lease, renew};

/// The path and the kind of an error that has done nothing.
fn refusal(error: &StoreError) -> (PathBuf, ErrorKind) {
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    match error.downcast_ref() {
        Some(FileStateError::Io { path, source }) => (path.clone(), source.kind()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_not_made() {
    let scratch = Scratch::new();
    let missing = scratch.at("not/there");
    let service = FileStateService::new(&missing);

    let error = service.create(&first()).await.unwrap_err();
    let (path, kind) = refusal(&error);
    assert!(path.starts_with(&missing), "{}", path.display());
    assert_eq!(kind, ErrorKind::NotFound);

    let error = service.current(&airports()).await.unwrap_err();
    assert_eq!(refusal(&error), (missing.clone(), ErrorKind::NotFound));
    let error = service.leases(&airports()).await.unwrap_err();
    assert_eq!(refusal(&error), (missing.clone(), ErrorKind::NotFound));
    assert!(!missing.exists());
}

#[tokio::test]
async fn a_temporary_file_that_cannot_be_made_leaves_the_file_as_it_was() {
    let scratch = Scratch::with_a_migration().await;
    let before = fs::read(scratch.file()).unwrap();
    fs::create_dir(scratch.temporary()).unwrap();
    let service = scratch.service();

    let renewed = renew(&service, lease("node-1", 9)).await;
    let (path, _) = refusal(&renewed.unwrap_err());
    assert_eq!(path, scratch.temporary());
    assert_eq!(fs::read(scratch.file()).unwrap(), before);

    fs::remove_dir(scratch.temporary()).unwrap();
    renew(&service, lease("node-1", 9)).await.unwrap();
}

#[tokio::test]
async fn a_lock_that_cannot_be_opened_is_named() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.lock()).unwrap();
    let error = scratch.service().create(&first()).await.unwrap_err();
    assert_eq!(refusal(&error).0, scratch.lock());
}

#[tokio::test]
async fn what_a_killed_process_left_is_removed_by_the_next_write() {
    let scratch = Scratch::with_a_migration().await;
    fs::write(scratch.temporary(), "half a docu").unwrap();
    let service = scratch.service();
    assert!(service.current(&airports()).await.unwrap().is_some());

    renew(&service, lease("node-1", 9)).await.unwrap();
    assert!(!scratch.temporary().exists());
    assert_eq!(service.leases(&airports()).await.unwrap(), [lease("node-1", 9)]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_temporary_file_is_never_written_through_a_link() {
    let scratch = Scratch::with_a_migration().await;
    let precious = scratch.at("precious");
    fs::write(&precious, "precious").unwrap();
    std::os::unix::fs::symlink(&precious, scratch.temporary()).unwrap();

    renew(&scratch.service(), lease("node-1", 9)).await.unwrap();
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_unavailable_and_leaves_nothing_behind() {
    let scratch = Scratch::new();
    refused_for_space(0, &scratch);
    assert!(!scratch.file().exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_disk_that_fills_up_within_a_write_leaves_the_file_as_it_was() {
    let scratch = Scratch::with_a_migration().await;
    let service = scratch.service();
    for number in 0..20 {
        let lease = lease(&format!("node-{number}"), 0);
        renew(&service, lease).await.unwrap();
    }
    let before = fs::read(scratch.file()).unwrap();
    assert!(before.len() > 2_048, "longer than the limit");

    refused_for_space(1, &scratch);
    assert_eq!(fs::read(scratch.file()).unwrap(), before);
}

#[cfg(unix)]
fn refused_for_space(blocks: u32, scratch: &Scratch) {
    let mut other = Other::limited(blocks, "renew once", scratch.path());
    let said = other.next().unwrap();
    assert!(said.starts_with("Unavailable: "), "{said}");
    let named = scratch.temporary().display().to_string();
    assert!(said.contains(&named), "{said}");
    assert!(!scratch.temporary().exists());
}
