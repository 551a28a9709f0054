//! A file that is not what it should be is an error, and stays as it is.

use std::fs;

use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::{FileStateError, FileStateService};
use strangler_fig::phase::{MigrationName, MigrationStateService, Revision};

use super::scratch::Scratch;
use super::{airports, first, lease};

/// Every call's answer, in the order of the contract.
async fn answers(service: &FileStateService, name: &MigrationName) -> Vec<Option<StoreError>> {
    let state = strangler_fig::phase::MigrationState::new(name.clone());
    let lease = lease("node-1", 3);
    vec![
        service.create(&state).await.err(),
        service.current(name).await.err(),
        service.compare_and_set(Revision(1), &state).await.err(),
        service.renew_lease(name, &lease).await.err(),
        service.release_lease(name, &lease.node).await.err(),
        service.leases(name).await.err(),
        service.evict(name, &lease).await.err(),
    ]
}

/// Asserts that whatever is called on a file of these bytes is rejected for the
/// reason `expected`, and that the bytes stay.
async fn rejected(bytes: &[u8], expected: fn(&FileStateError) -> bool) {
    let scratch = Scratch::new();
    fs::write(scratch.file(), bytes).unwrap();
    for error in answers(&scratch.service(), &airports()).await {
        let error = error.expect("a file like this answers nothing");
        assert_eq!(error.kind(), StoreErrorKind::Rejected);
        let cause = error.downcast_ref::<FileStateError>().unwrap();
        assert!(expected(cause), "{cause:?}");
        let named = scratch.file().display().to_string();
        assert!(cause.to_string().contains(&named), "{cause}");
    }
    assert_eq!(fs::read(scratch.file()).unwrap(), bytes);
    assert!(!scratch.temporary().exists());
}

async fn whole() -> Vec<u8> {
    let scratch = Scratch::with_a_migration().await;
    fs::read(scratch.file()).unwrap()
}

async fn text() -> String {
    String::from_utf8(whole().await).unwrap()
}

#[tokio::test]
async fn an_empty_file_is_foreign() {
    rejected(b"", |error| matches!(error, FileStateError::Foreign { .. })).await;
}

#[tokio::test]
async fn a_file_cut_within_its_first_line_is_foreign() {
    let cut = &whole().await[..30];
    rejected(cut, |error| matches!(error, FileStateError::Foreign { .. })).await;
}

#[tokio::test]
async fn a_truncated_file_is_damaged() {
    let whole = whole().await;
    let cut = &whole[..whole.len() / 2];
    rejected(cut, |error| matches!(error, FileStateError::Damaged { .. })).await;
}

#[tokio::test]
async fn a_file_whose_end_was_never_written_is_damaged() {
    let mut torn = whole().await;
    let middle = torn.len() / 2;
    torn[middle..].fill(0);
    rejected(&torn, |error| matches!(error, FileStateError::Damaged { .. })).await;
}

#[tokio::test]
async fn a_flipped_byte_is_noticed_where_the_text_stays_legal() {
    let flipped = text().await.replace("\"revision\":1", "\"revision\":3");
    let damaged = |error: &FileStateError| matches!(error, FileStateError::Damaged { .. });
    rejected(flipped.as_bytes(), damaged).await;
}

#[tokio::test]
async fn another_programs_file_is_foreign() {
    let foreign = |error: &FileStateError| matches!(error, FileStateError::Foreign { .. });
    rejected(b"{\"airports\":[]}\n", foreign).await;
    rejected(b"\xFF\xFE\x00binary\n", foreign).await;
}

#[tokio::test]
async fn a_newer_versions_file_is_told_as_such() {
    let newer = text().await.replacen("\"version\":1", "\"version\":2", 1);
    rejected(newer.as_bytes(), |error| matches!(error, FileStateError::Newer { found: 2, .. }))
        .await;
}

#[tokio::test]
async fn another_migrations_file_is_told_as_such() {
    let scratch = Scratch::with_a_migration().await;
    let users: MigrationName = "users".parse().unwrap();
    let copied = scratch.at("users.migration.json");
    fs::copy(scratch.file(), &copied).unwrap();
    let before = fs::read(&copied).unwrap();

    for error in answers(&scratch.service(), &users).await {
        let error = error.expect("another migration's file answers nothing");
        assert_eq!(error.kind(), StoreErrorKind::Rejected);
        let Some(FileStateError::OtherMigration { found, .. }) = error.downcast_ref() else {
            panic!("{error:?}")
        };
        assert_eq!(*found, airports());
    }
    assert_eq!(fs::read(&copied).unwrap(), before);
}

#[tokio::test]
async fn a_directory_in_the_files_place_is_rejected() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.file()).unwrap();
    not_a_file(&scratch).await;
    assert!(scratch.file().is_dir());
}

#[cfg(unix)]
#[tokio::test]
async fn a_symbolic_link_is_rejected_since_a_replacement_would_cut_it() {
    let scratch = Scratch::with_a_migration().await;
    let target = scratch.at("elsewhere");
    fs::rename(scratch.file(), &target).unwrap();
    std::os::unix::fs::symlink(&target, scratch.file()).unwrap();
    not_a_file(&scratch).await;
    assert!(scratch.file().is_symlink());
}

async fn not_a_file(scratch: &Scratch) {
    for error in answers(&scratch.service(), &airports()).await {
        let error = error.expect("no plain file answers nothing");
        assert_eq!(error.kind(), StoreErrorKind::Rejected);
        let cause = error.downcast_ref::<FileStateError>().unwrap();
        assert!(matches!(cause, FileStateError::NotAFile { .. }), "{cause:?}");
    }
}

#[tokio::test]
async fn a_file_larger_than_any_real_one_is_rejected_unread() {
    let scratch = Scratch::new();
    let huge = fs::File::create(scratch.file()).unwrap();
    huge.set_len(1 << 40).unwrap();
    let error = scratch.service().current(&airports()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Rejected);
    let cause = error.downcast_ref::<FileStateError>().unwrap();
    assert!(matches!(cause, FileStateError::TooLarge { .. }), "{cause:?}");
}

#[tokio::test]
async fn a_name_of_dots_stays_in_the_directory() {
    let scratch = Scratch::new();
    let service = scratch.service();
    for name in [".", "..", "...", ".hidden", "-", "a.migration.json"] {
        let name: MigrationName = name.parse().unwrap();
        let state = strangler_fig::phase::MigrationState::new(name.clone());
        service.create(&state).await.unwrap();
        let found = service.current(&name).await.unwrap().unwrap();
        assert_eq!(found.state, state);
        assert!(scratch.at(&format!("{name}.migration.json")).is_file());
    }
    assert_eq!(service.current(&airports()).await.unwrap(), None);
}

#[tokio::test]
async fn a_damaged_file_heals_by_nothing_but_its_backup() {
    let scratch = Scratch::with_a_migration().await;
    let backup = fs::read(scratch.file()).unwrap();
    fs::write(scratch.file(), &backup[..backup.len() - 2]).unwrap();
    let service = scratch.service();
    assert!(service.create(&first()).await.is_err());
    assert!(service.current(&airports()).await.is_err());

    fs::write(scratch.file(), &backup).unwrap();
    let found = service.current(&airports()).await.unwrap().unwrap();
    assert_eq!(found.revision, Revision(1));
}
