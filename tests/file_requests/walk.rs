//! A walk over many requests: one that cannot be used holds up no other, and what is closed costs its name only.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use fs4::FileExt;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::gateway::dual::{RequestJournal, RequestKey, Shelf};
use strangler_fig::memory::FileRequestJournal;
use strangler_fig::phase::Side;
use tokio::time::{Instant, advance};

use super::scratch::Scratch;
use super::{TERM, answered, doubt, empties, forgets, node, note, record};

pub(crate) fn key_of(n: usize) -> RequestKey {
    RequestKey::new("ada", &format!("order-{n}")).unwrap()
}

fn digit(key: &RequestKey) -> u128 {
    key.digest() >> 124
}

/// The lock of all requests whose keys' digests begin with this digit, as another process keeps it.
fn locked(scratch: &Scratch, digit: u128) -> fs::File {
    let lock = fs::File::create(scratch.path().join(format!("{digit:x}.lock"))).unwrap();
    FileExt::lock(&lock).unwrap();
    lock
}

async fn purged(journal: &FileRequestJournal, limit: usize) -> Result<usize, StoreError> {
    journal.purge(empties(), NonZeroUsize::new(limit).unwrap()).await
}

/// So many requests that are due, those with the smaller number first.
pub(crate) async fn due(journal: &FileRequestJournal, count: usize) {
    for n in 0..count {
        let claim = record(journal, key_of(n)).await.unwrap();
        note(journal, &claim, 0, &doubt()).await.unwrap();
        // Due in an order that a clock of milliseconds tells.
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) async fn taken(journal: &FileRequestJournal, limit: usize) -> Vec<RequestKey> {
    let limit = NonZeroUsize::new(limit).unwrap();
    let taken = journal.take(&node(2), limit, TERM).await.unwrap();
    taken.into_iter().map(|(claim, _)| claim.key).collect()
}

/// Its clock stands still but for those who wait for a lock: what the disk takes does not count.
#[tokio::test(start_paused = true)]
async fn a_lock_that_is_stuck_holds_up_no_other() {
    let scratch = Scratch::new();
    due(&scratch.journal(), 60).await;
    let stuck = digit(&key_of(0));
    let lock = locked(&scratch, stuck);
    let timeout = Duration::from_secs(1);
    let journal = FileRequestJournal::new(scratch.path()).with_lock_timeout(timeout);
    let began = Instant::now();
    let found: BTreeSet<_> = taken(&journal, 99).await.into_iter().collect();
    let others: BTreeSet<_> = (0..60).map(key_of).filter(|key| digit(key) != stuck).collect();
    assert_eq!((found == others, 60 - others.len()), (true, 4), "{found:?}");
    let waited = began.elapsed();
    assert!((timeout..timeout * 11 / 10).contains(&waited), "it is waited for once: {waited:?}");
    // Where there is nothing else, it is told.
    let error = journal.take(&node(3), NonZeroUsize::MIN, TERM).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    FileExt::unlock(&lock).unwrap();
    assert_eq!(taken(&journal, 99).await.len(), 60 - others.len());
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_in_the_place_of_a_lock_holds_up_no_other() {
    let scratch = Scratch::new();
    let journal = scratch.journal();
    due(&journal, 20).await;
    let bad = digit(&key_of(0));
    let lock = scratch.path().join(format!("{bad:x}.lock"));
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    let found = taken(&journal, 99).await;
    assert_eq!(found.len(), (0..20).filter(|n| digit(&key_of(*n)) != bad).count());
}

/// A request that is closed, and known to be; and what its file was when it was open.
async fn closed(scratch: &Scratch, journal: &FileRequestJournal) -> Vec<u8> {
    let claim = record(journal, key_of(0)).await.unwrap();
    note(journal, &claim, 0, &doubt()).await.unwrap();
    let open = fs::read(file_of(scratch, 0)).unwrap();
    let claim = journal.claim(&key_of(0), &node(1), TERM).await.unwrap().unwrap();
    note(journal, &claim, 1, &answered(Side::Legacy)).await.unwrap();
    note(journal, &claim, 2, &answered(Side::Modern)).await.unwrap();
    assert!(taken(journal, 9).await.is_empty());
    open
}

fn file_of(scratch: &Scratch, n: usize) -> PathBuf {
    scratch.path().join(format!("{}.request", key_of(n)))
}

#[tokio::test]
async fn a_closed_request_costs_a_look_its_name_only() {
    let scratch = Scratch::new();
    let journal = scratch.journal();
    let open = closed(&scratch, &journal).await;
    // No call opens it again: whoever finds it has looked at its file.
    fs::write(file_of(&scratch, 0), open).unwrap();
    assert!(taken(&journal, 9).await.is_empty());
    // One that came since is found.
    let claim = record(&journal, key_of(7)).await.unwrap();
    note(&journal, &claim, 0, &doubt()).await.unwrap();
    assert_eq!(taken(&journal, 9).await, [key_of(7)]);
    // A list looks at every file, and one whose name is gone is forgotten.
    assert_eq!(journal.list(Shelf::Open, None, NonZeroUsize::MAX).await.unwrap().len(), 2);
    assert_eq!(taken(&journal, 9).await, [key_of(0)]);
    fs::remove_file(file_of(&scratch, 0)).unwrap();
    assert_eq!(journal.list(Shelf::Open, None, NonZeroUsize::MAX).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_look_that_fails_loses_nothing_that_is_known() {
    let scratch = Scratch::new();
    let journal = scratch.journal();
    let open = closed(&scratch, &journal).await;
    let away = scratch.path().with_extension("away");
    fs::rename(scratch.path(), &away).unwrap();
    assert!(journal.take(&node(2), NonZeroUsize::MIN, TERM).await.is_err());
    fs::rename(&away, scratch.path()).unwrap();
    fs::write(file_of(&scratch, 0), open).unwrap();
    assert!(taken(&journal, 9).await.is_empty(), "it is still known to be closed");
    assert_eq!(taken(&scratch.journal(), 9).await, [key_of(0)], "by a look at its file it is not");
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_stuck_starves_no_purge() {
    let scratch = Scratch::new();
    for n in 0..40 {
        done(&scratch.journal(), n).await;
    }
    let stuck = digit(&key_of(0));
    let others = (0..40).filter(|n| digit(&key_of(*n)) != stuck).count();
    assert!(others < 39, "the lock is one of several requests: {others}");
    let lock = locked(&scratch, stuck);
    let timeout = Duration::from_millis(50);
    let journal = FileRequestJournal::new(scratch.path()).with_lock_timeout(timeout);
    for other in 0..others {
        assert_eq!(purged(&journal, 1).await.unwrap(), 1, "after {other} of {others}");
    }
    // Where there is nothing else, it is told.
    assert_eq!(purged(&journal, 1).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    FileExt::unlock(&lock).unwrap();
    assert_eq!(purged(&journal, 99).await.unwrap(), 40 - others);
}

#[tokio::test]
async fn who_has_all_the_time_there_is_for_a_lock_gets_it() {
    let scratch = Scratch::new();
    let journal = FileRequestJournal::new(scratch.path()).with_lock_timeout(Duration::MAX);
    due(&journal, 1).await;
    done(&journal, 1).await;
    assert_eq!(taken(&journal, 9).await, [key_of(0)]);
    assert_eq!(purged(&journal, 9).await.unwrap(), 1);
}

/// What a process leaves that dies while it makes the file of a request.
fn left_by_a_killed_process(scratch: &Scratch) -> PathBuf {
    let left = scratch.path().join(format!("{}.request.tmp", key_of(9)));
    fs::write(&left, "half a request").unwrap();
    left
}

#[tokio::test]
async fn what_a_killed_process_left_half_made_is_removed_by_a_purge() {
    let scratch = Scratch::new();
    let journal = scratch.journal();
    due(&journal, 1).await;
    let left = left_by_a_killed_process(&scratch);
    assert_eq!(purged(&journal, 1).await.unwrap(), 0);
    assert!(!left.exists());
    assert_eq!(taken(&journal, 9).await, [key_of(0)]);
}

#[tokio::test]
async fn what_is_no_request_s_is_left_to_whose_it_is() {
    let scratch = Scratch::new();
    let digits = |count| "a".repeat(count);
    let names = [
        "notes.tmp".to_owned(),
        "draft.request.tmp".to_owned(),
        format!("{}.request.tmp", digits(31)),
        format!("{}.request.tmp", digits(33)),
        format!("{}g.request.tmp", digits(31)),
        format!("{}.request.tmp", digits(32).to_uppercase()),
    ];
    for name in &names {
        fs::write(scratch.path().join(name), "not ours").unwrap();
    }
    assert_eq!(purged(&scratch.journal(), 1).await.unwrap(), 0);
    let mut expected = names.to_vec();
    expected.sort();
    assert_eq!(scratch.left(), expected);
}

#[tokio::test(start_paused = true)]
async fn what_killed_processes_left_is_looked_for_now_and_then_only() {
    let scratch = Scratch::new();
    let timeout = Duration::from_millis(50);
    let journal = FileRequestJournal::new(scratch.path()).with_lock_timeout(timeout);
    assert_eq!(purged(&journal, 1).await.unwrap(), 0);
    let left = left_by_a_killed_process(&scratch);
    assert_eq!(purged(&journal, 1).await.unwrap(), 0);
    assert!(left.exists(), "a purge with nothing to do reads no names");
    advance(Duration::from_secs(600)).await;
    // What cannot be removed now is tried again by the next one.
    let lock = locked(&scratch, digit(&key_of(9)));
    assert_eq!(purged(&journal, 1).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    FileExt::unlock(&lock).unwrap();
    assert!(left.exists());
    assert_eq!(purged(&journal, 1).await.unwrap(), 0);
    assert!(!left.exists());
}

/// A request that both sides have done.
async fn done(journal: &FileRequestJournal, n: usize) {
    let claim = record(journal, key_of(n)).await.unwrap();
    note(journal, &claim, 0, &answered(Side::Legacy)).await.unwrap();
    note(journal, &claim, 1, &answered(Side::Modern)).await.unwrap();
}

#[tokio::test]
async fn what_is_recorded_again_after_it_was_forgotten_is_taken() {
    let scratch = Scratch::new();
    let journal = scratch.journal();
    done(&journal, 0).await;
    assert!(taken(&journal, 9).await.is_empty());
    let purged = journal.purge(forgets(), NonZeroUsize::MIN).await;
    assert_eq!(purged.unwrap(), 1);
    due(&journal, 1).await;
    assert_eq!(taken(&journal, 9).await, [key_of(0)]);
}

#[tokio::test]
async fn what_another_journal_has_purged_holds_up_no_purge() {
    let scratch = Scratch::new();
    let (here, there) = (scratch.journal(), scratch.journal());
    for n in 0..16 {
        done(&here, n).await;
    }
    assert!(taken(&here, 9).await.is_empty());
    let most = NonZeroUsize::new(15).unwrap();
    assert_eq!(there.purge(empties(), most).await.unwrap(), 15);
    let mut purged = 0;
    for _ in 0..16 {
        purged += here.purge(empties(), NonZeroUsize::MIN).await.unwrap();
    }
    assert_eq!(purged, 1);
}

/// Whatever was done in a directory was long ago.
#[cfg(unix)]
fn age(scratch: &Scratch, since: SystemTime) {
    fs::File::open(scratch.path()).unwrap().set_modified(since).unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn names_are_read_only_where_some_have_changed() {
    let scratch = Scratch::new();
    let (journal, other) = (scratch.journal(), scratch.journal());
    done(&journal, 9).await;
    let long_ago = SystemTime::now() - Duration::from_secs(3_600);
    age(&scratch, long_ago);
    assert!(taken(&journal, 9).await.is_empty());
    // A change that leaves no trace is found by nobody who does not read the names.
    due(&other, 3).await;
    age(&scratch, long_ago);
    assert!(taken(&journal, 9).await.is_empty());
    age(&scratch, long_ago + Duration::from_secs(1));
    assert_eq!(taken(&journal, 9).await.len(), 3);
    // One that is open is looked at in any case.
    for n in 0..3 {
        let claim = other.claim(&key_of(n), &node(2), TERM).await.unwrap().unwrap();
        let position = other.load(&key_of(n)).await.unwrap().unwrap().notes.len();
        note(&other, &claim, position.try_into().unwrap(), &doubt()).await.unwrap();
    }
    assert_eq!(taken(&journal, 9).await.len(), 3);
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_that_has_just_changed_may_change_again_unseen() {
    let scratch = Scratch::new();
    let (journal, other) = (scratch.journal(), scratch.journal());
    let now = SystemTime::now();
    age(&scratch, now);
    assert!(taken(&journal, 9).await.is_empty());
    due(&other, 1).await;
    // As a file system has it that counts seconds.
    age(&scratch, now);
    assert_eq!(taken(&journal, 9).await, [key_of(0)]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_request_s_file_is_its_owner_s_also_when_it_was_purged() {
    use std::os::unix::fs::PermissionsExt;

    let (scratch, claim) = Scratch::with_a_request().await;
    let mode = || fs::metadata(scratch.file()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    let journal = scratch.journal();
    note(&journal, &claim, 1, &answered(Side::Modern)).await.unwrap();
    assert_eq!(journal.purge(empties(), NonZeroUsize::MIN).await.unwrap(), 1);
    assert_eq!(mode(), 0o600);
}
