//! Journals that share a directory, in one process or in several, never do the same twice.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fs4::FileExt;
use strangler_fig::error::StoreErrorKind;
use strangler_fig::gateway::dual::RequestJournal;
use strangler_fig::memory::{FileRequestError, FileRequestJournal};
use strangler_fig::phase::Side;

use super::other::Other;
use super::scratch::Scratch;
use super::walk::{due, key_of, taken};
use super::{TERM, answered, doubt, key, node, note, notes, record};

#[tokio::test]
async fn what_one_journal_records_another_sees_at_once() {
    let scratch = Scratch::new();
    let (here, there) = (scratch.journal(), scratch.journal());
    assert!(taken(&there, 9).await.is_empty());
    let claim = record(&here, key()).await.unwrap();
    note(&here, &claim, 0, &doubt()).await.unwrap();
    assert_eq!(taken(&there, 9).await, [key()]);
    let refused = note(&here, &claim, 1, &doubt()).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Conflict, "it is the other's now");
    assert_eq!(notes(&here).await, [doubt()]);
}

/// How many gates there are.
pub(crate) const GATES: usize = 16;

pub(crate) fn gate_in(directory: &Path, gate: usize) -> PathBuf {
    directory.join(format!("{gate}.gate"))
}

/// Gates that are closed: three processes wait for one, and are let through together.
fn gates(scratch: &Scratch) -> Vec<File> {
    let closed = |gate| {
        let gate = File::create(gate_in(scratch.path(), gate)).unwrap();
        FileExt::lock(&gate).unwrap();
        gate
    };
    (0..GATES).map(closed).collect()
}

fn open(gate: &File, others: &mut [Other]) {
    for other in others {
        assert_eq!(other.next().as_deref(), Some("ready"));
    }
    FileExt::unlock(gate).unwrap();
}

#[test]
fn of_processes_that_record_the_same_one_does() {
    let scratch = Scratch::new();
    let gates = gates(&scratch);
    let mut others = [(); 3].map(|()| Other::doing("record at each gate", scratch.path()));
    for gate in &gates {
        open(gate, &mut others);
    }
    let won = others.map(|mut other| other.next().unwrap().parse::<usize>().unwrap());
    assert_eq!(won.iter().sum::<usize>(), GATES, "{won:?}");
}

#[tokio::test]
async fn processes_take_each_request_once() {
    let scratch = Scratch::new();
    due(&scratch.journal(), 40).await;
    let gates = gates(&scratch);
    let mut others = [(); 3].map(|()| Other::doing("take all", scratch.path()));
    open(&gates[0], &mut others);
    let mut all = Vec::new();
    for mut other in others {
        let taken = std::iter::from_fn(|| Some(other.next().expect("it ends with `done`")));
        all.extend(taken.take_while(|said| said != "done"));
    }
    let each: BTreeSet<_> = (0..40).map(|n| key_of(n).to_string()).collect();
    assert_eq!((all.len(), all.into_iter().collect::<BTreeSet<_>>() == each), (40, true));
}

#[tokio::test]
async fn a_lock_that_another_process_keeps_makes_writes_unavailable_in_time() {
    let (scratch, claim) = Scratch::with_a_request().await;
    let mut other = Other::doing("keep the locks", scratch.path());
    assert_eq!(other.next().as_deref(), Some("locked"));
    let impatient =
        FileRequestJournal::new(scratch.path()).with_lock_timeout(Duration::from_millis(50));
    let error = note(&impatient, &claim, 1, &answered(Side::Modern)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let cause = error.downcast_ref();
    assert!(matches!(cause, Some(FileRequestError::Locked { .. })), "{cause:?}");
    assert_eq!(notes(&impatient).await.len(), 1, "reading needs no lock");
    other.kill();
    note(&impatient, &claim, 1, &answered(Side::Modern)).await.unwrap();
}

#[tokio::test]
async fn a_call_dropped_while_it_waits_has_done_nothing() {
    let (scratch, claim) = Scratch::with_a_request().await;
    let mut other = Other::doing("keep the locks", scratch.path());
    assert_eq!(other.next().as_deref(), Some("locked"));
    let journal = scratch.journal();
    let done = answered(Side::Modern);
    let waited = tokio::time::timeout(Duration::from_millis(50), note(&journal, &claim, 1, &done));
    assert!(waited.await.is_err());
    other.kill();
    note(&journal, &claim, 1, &done).await.unwrap();
    assert_eq!(notes(&journal).await, [answered(Side::Legacy), done]);
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill_at_any_moment() {
    let scratch = Scratch::new();
    record(&scratch.journal(), key()).await.unwrap();
    for kill in 0..10 {
        let mut other = Other::doing("note for ever", scratch.path());
        let mut acknowledged = other.next().unwrap();
        std::thread::sleep(Duration::from_micros(fastrand::u64(0..20_000)));
        other.kill();
        while let Some(later) = other.next() {
            acknowledged = later;
        }
        let acknowledged: usize = acknowledged.parse().unwrap();
        let found = notes(&scratch.journal()).await.len();
        assert!((acknowledged..=acknowledged + 1).contains(&found), "kill {kill}: {found}");
        let claim = scratch.journal().claim(&key(), &node(1), TERM).await.unwrap();
        let position = found.try_into().unwrap();
        note(&scratch.journal(), &claim.unwrap(), position, &doubt()).await.unwrap();
    }
}
