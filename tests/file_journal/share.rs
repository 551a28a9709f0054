//! Journals that share a directory never overwrite each other.

use std::time::Duration;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::memory::{FileJournalError, FileSagaJournal};
use strangler_fig::saga::{Created, SagaClaim, SagaJournal};

use super::other::Other;
use super::scratch::Scratch;
use super::{TERM, append, begun, create, entries, order, runner, started};

#[tokio::test]
async fn what_one_journal_records_another_sees_at_once() {
    let (scratch, claim) = Scratch::with_a_saga().await;
    let (here, there) = (scratch.journal(), scratch.journal());
    for position in 2..6 {
        append(&here, &claim, position).await.unwrap();
        let found = there.load(&order()).await.unwrap().unwrap().0;
        assert_eq!(found.length, position + 1);
    }
    here.release(&claim).await.unwrap();
    let newer = there.claim(&order(), &runner("node-2"), TERM).await.unwrap().unwrap();
    let refused = append(&here, &claim, 6).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Conflict);
    append(&here, &newer, 6).await.unwrap();
}

#[test]
fn processes_share_a_directory_and_lose_no_entry() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (scratch, _) = runtime.block_on(Scratch::with_a_saga());
    let counting: Vec<_> = (0..3).map(|_| Other::doing("count to 30", scratch.path())).collect();
    for mut other in counting {
        assert_eq!(other.next().as_deref(), Some("done"));
    }
    let found = runtime.block_on(entries(&scratch.journal()));
    let expected: Vec<_> = std::iter::once(begun()).chain((1..92).map(started)).collect();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_sagas_go_on_at_once() {
    let scratch = Scratch::new();
    let journals = [scratch.journal(), scratch.journal()];
    let running = (0..20).map(|number| {
        let journal = journals[number % 2].clone();
        tokio::spawn(async move {
            let id = format!("order:{number}").parse().unwrap();
            let Created::New(claim) = create(&journal, id).await.unwrap() else {
                panic!("each has an id of its own")
            };
            for position in 1..6 {
                append(&journal, &claim, position).await.unwrap();
            }
            claim
        })
    });
    for saga in running.collect::<Vec<_>>() {
        let SagaClaim { saga, .. } = saga.await.unwrap();
        assert_eq!(journals[0].load(&saga).await.unwrap().unwrap().0.length, 6);
    }
}

#[tokio::test]
async fn a_lock_that_another_process_keeps_makes_writes_unavailable_in_time() {
    let (scratch, claim) = Scratch::with_a_saga().await;
    let mut other = Other::doing("keep the locks", scratch.path());
    assert_eq!(other.next().as_deref(), Some("locked"));
    let impatient =
        FileSagaJournal::new(scratch.path()).with_lock_timeout(Duration::from_millis(50));

    let error = append(&impatient, &claim, 2).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let cause = error.downcast_ref();
    assert!(matches!(cause, Some(FileJournalError::Locked { .. })), "{cause:?}");
    assert_eq!(entries(&impatient).await.len(), 2, "reading needs no lock");

    other.kill();
    append(&impatient, &claim, 2).await.unwrap();
}

#[tokio::test]
async fn a_call_dropped_while_it_waits_has_done_nothing() {
    let (scratch, claim) = Scratch::with_a_saga().await;
    let mut other = Other::doing("keep the locks", scratch.path());
    assert_eq!(other.next().as_deref(), Some("locked"));
    let journal = scratch.journal();
    let waited = tokio::time::timeout(Duration::from_millis(50), append(&journal, &claim, 2)).await;
    assert!(waited.is_err());
    other.kill();
    append(&journal, &claim, 2).await.unwrap();
    assert_eq!(entries(&journal).await.len(), 3);
}
