//! What is recorded on the way.

use super::SagaJournalFixture;
use super::samples::{
    Came, LONG, LONGER, SHORT, answered, append, at, begun, claimed, created, created_for, decided,
    handle, handles, holder, id, is_conflict, is_held, loaded, over, payload, put, refused,
    release, runner, started,
};
use crate::saga::{Cause, SagaAppend, SagaClaim, SagaEntry, SagaJournal, SagaOutcome, SagaStatus};
use crate::testkit::conformance::pace::Overlap;

/// Contracts 2 and 4.
pub(super) async fn appended_entries_follow_in_order<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = created(&*journal, "order").await;
    let steps = ["a", "z", "c", "B", "a", "e"].map(started);
    append(&*journal, &claim, 1, &steps[..3]).await;
    append(&*journal, &claim, 4, &steps[3..4]).await;
    append(&*journal, &claim, 5, &steps[4..]).await;
    let (header, entries) = loaded(&*fixture.reopened().await, &claim.saga).await;
    assert_eq!(header.length, 7);
    assert_eq!((&entries[0], &entries[1..]), (&begun("1"), &steps[..]));
}

/// Contract 2.
pub(super) async fn status_and_outcome_are_recorded_with_the_entries<F: SagaJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let claim = created(&*journal, "order").await;
    put(&*journal, &claim, SagaStatus::Unwinding).await;
    let header = loaded(&*fixture.reopened().await, &claim.saga).await.0;
    assert_eq!((header.status, header.outcome), (SagaStatus::Unwinding, None));

    let outcome = SagaOutcome::RolledBack { cause: Cause::Deadline };
    let entries = [SagaEntry::Ended { outcome: outcome.clone() }];
    let (status, of) = (outcome.status(), Some(&outcome));
    let last = SagaAppend { position: 2, entries: &entries, status, outcome: of };
    answered("appending", journal.append(&claim, &last, LONG).await);
    let header = loaded(&*fixture.reopened().await, &claim.saga).await.0;
    assert_eq!((header.status, header.outcome), (SagaStatus::RolledBack, Some(outcome)));
}

/// Contract 2: each status is itself.
pub(super) async fn every_status_comes_back<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    for &status in SagaStatus::ALL {
        let claim = created(&*journal, status.name()).await;
        put(&*journal, &claim, status).await;
        assert_eq!(loaded(&*journal, &claim.saga).await.0.status, status);
    }
}

/// Contract 2: durable.
pub(super) async fn what_was_recorded_outlives_the_handle<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = created(&*journal, "order").await;
    append(&*journal, &claim, 1, &[started("charge")]).await;
    drop(journal);
    let reopened = fixture.reopened().await;
    let (_, entries) = loaded(&*reopened, &claim.saga).await;
    assert_eq!(entries, [begun("1"), started("charge")]);
    is_held(&*reopened, &claim.saga, "the claim outlives the handle too").await;
}

/// Contract 2: the claim's term begins anew.
pub(super) async fn appending_begins_the_term_anew<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = created_for(&*journal, "order", SHORT).await;
    append(&*journal, &claim, 1, &[started("charge")]).await;
    tokio::time::sleep(LONGER).await;
    is_held(&*journal, &claim.saga, "its term began anew").await;
    assert_eq!(holder(&*journal, &claim.saga).await, Some(runner(1)));
}

/// Contract 2: it ends when the last append says, though that is sooner.
pub(super) async fn appending_may_shorten_the_term<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = created(&*journal, "order").await;
    let entries = [started("charge")];
    answered("appending", journal.append(&claim, &at(1, &entries), SHORT).await);
    tokio::time::sleep(LONGER).await;
    claimed(&*journal, &claim.saga, 2).await;
}

/// Contract 2: what does not go on by itself is given back with the append that says so.
pub(super) async fn what_goes_no_further_by_itself_is_held_by_nobody<F: SagaJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    for &status in SagaStatus::ALL {
        let claim = created(&*journal, status.name()).await;
        put(&*journal, &claim, status).await;
        let expected = status.is_active().then(|| runner(1));
        assert_eq!(holder(&*journal, &claim.saga).await, expected, "{status}");
        if !status.is_active() {
            claimed(&*fixture.reopened().await, &claim.saga, 2).await;
        }
    }
}

/// Contract 3: a position is how many entries there are.
pub(super) async fn an_append_elsewhere_is_refused<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = created(&*journal, "order").await;
    append(&*journal, &claim, 1, &[started("a"), started("b")]).await;
    for position in [0, 1, 2, 4, 1_000_000] {
        refused(&*journal, &claim, position, "there are three entries").await;
    }
    append(&*journal, &claim, 3, &[started("c")]).await;
}

/// An append whose answer was lost is made again.
pub(super) async fn an_append_made_again_is_refused_and_does_no_harm<F: SagaJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let claim = created(&*journal, "order").await;
    let entries = [started("charge")];
    append(&*journal, &claim, 1, &entries).await;
    let again = fixture.reopened().await.append(&claim, &at(1, &entries), LONG).await;
    is_conflict(again, "it was recorded before");
    let (_, found) = loaded(&*journal, &claim.saga).await;
    assert_eq!(found, [begun("1"), started("charge")], "it is there once");
}

/// Contract 3: a paused runner that comes back cannot record anything.
pub(super) async fn an_older_claim_cannot_append<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let paused = created_for(&*journal, "order", SHORT).await;
    tokio::time::sleep(LONGER).await;
    let newer = claimed(&*fixture.reopened().await, &paused.saga, 2).await;
    refused(&*journal, &paused, 1, "another runner has claimed it").await;
    append(&*journal, &newer, 1, &[started("charge")]).await;
    refused(&*journal, &paused, 2, "another runner has claimed it").await;
}

/// Contract 3: also when the newer one is no longer held.
pub(super) async fn an_older_claim_cannot_append_after_the_newer_one_ended<
    F: SagaJournalFixture,
>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let older = created(&*journal, "order").await;
    release(&*journal, &older).await;
    let newer = claimed(&*journal, &older.saga, 2).await;
    release(&*journal, &newer).await;
    refused(&*journal, &older, 1, "there was a newer claim").await;
    let future = SagaClaim { epoch: newer.epoch + 1, ..older };
    refused(&*journal, &future, 1, "there was no such claim yet").await;
}

/// Contract 3.
pub(super) async fn an_append_to_no_saga_is_refused<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = SagaClaim { saga: id("order"), epoch: 1 };
    for position in [0, 1] {
        refused(&*journal, &claim, position, "there is no such saga").await;
    }
}

/// Contract 3: that its term has run out does not matter.
pub(super) async fn an_expired_claim_that_nobody_took_can_append<F: SagaJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let claim = created_for(&*journal, "order", SHORT).await;
    tokio::time::sleep(LONGER).await;
    append(&*journal, &claim, 1, &[started("charge")]).await;
    is_held(&*journal, &claim.saga, "the term began anew").await;
}

/// Contracts 3 and 6: it is still the newest; it was given back all the same.
pub(super) async fn a_released_claim_that_nobody_took_can_append<F: SagaJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let claim = created(&*journal, "order").await;
    release(&*journal, &claim).await;
    append(&*journal, &claim, 1, &[started("charge")]).await;
    assert_eq!(holder(&*journal, &claim.saga).await, None, "it was released");
    claimed(&*journal, &claim.saga, 2).await;
}

/// Contract 3: over or not, what matters is position and claim.
pub(super) async fn entries_may_follow_the_end<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = over(&*journal, "order").await;
    append(&*journal, &claim, 2, &[started("charge")]).await;
    let (header, entries) = loaded(&*journal, &claim.saga).await;
    assert_eq!((header.status, header.outcome), (SagaStatus::Running, None));
    assert_eq!(entries.len(), 3);
}

/// Contract 3: of several calls at once, one succeeds; contract 2: with all of its entries.
pub(super) async fn of_concurrent_appends_at_one_position_one_succeeds<F: SagaJournalFixture>(
    fixture: &F,
) {
    let handles = handles(fixture).await;
    let claim = created(&*handles[0], "order").await;
    let mut expected = vec![begun("1")];
    for (round, overlap) in (0..6).zip(Overlap::alternating()) {
        let position = expected.len() as u64;
        let entries = |call| [started(&format!("a-{round}-{call}")), started(&format!("b-{call}"))];
        let calls = (0..8).map(|call| {
            let (journal, claim, own) = (handle(&handles, call), claim.clone(), entries(call));
            async move {
                let own = at(position, &own);
                decided(|| journal.append(&claim, &own, LONG)).await
            }
        });
        let came = overlap.race(calls.collect()).await;
        if came.contains(&Came::InDoubt) {
            expected = loaded(&*handles[0], &claim.saga).await.1;
            continue;
        }
        let won = (0..8_u32).zip(&came).filter(|(_, came)| **came == Came::Done(()));
        let won: Vec<_> = won.map(|(call, _)| call).collect();
        assert_eq!(won.len(), 1, "how many of eight appends at one position succeeded");
        expected.extend(entries(won[0]));
        assert_eq!(loaded(&*handles[1], &claim.saga).await.1, expected, "the winner's entries");
    }
}

/// Contracts 3 and 5: one who appends at the end of its term and one who claims then do not both
/// go on.
pub(super) async fn an_append_and_a_claim_at_once_leave_one_runner<F: SagaJournalFixture>(
    fixture: &F,
) {
    let (one, other) = (fixture.journal(), fixture.reopened().await);
    for round in 0..3 {
        let paused = created_for(&*one, &format!("order:{round}"), SHORT).await;
        tokio::time::sleep(LONGER).await;
        let (entries, new) = ([started("charge")], runner(2));
        let (append, saga) = (at(1, &entries), &paused.saga);
        let (appended, (claim, seen)) =
            tokio::join!(decided(|| one.append(&paused, &append, LONG)), async {
                let claim = decided(|| other.claim(saga, &new, LONG)).await;
                (claim, loaded(&*other, saga).await.0.length)
            });
        match (appended, claim) {
            (Came::Refused, Came::Done(None)) => panic!("neither of them got it"),
            (appended, Came::Done(Some(newer))) => {
                let is_right = match appended {
                    Came::Done(()) => seen == 2,
                    Came::Refused => seen == 1,
                    Came::InDoubt => true,
                };
                assert!(is_right, "{seen} entries at the claim, and the append: {appended:?}");
                refused(&*one, &paused, seen, "another runner has claimed it").await;
                answered("appending", other.append(&newer, &at(seen, &entries), LONG).await);
            }
            _ => {}
        }
    }
}

/// Contract 4: a header and its entries are of one moment.
pub(super) async fn a_load_shows_one_moment<F: SagaJournalFixture>(fixture: &F) {
    let (one, other) = (fixture.journal(), fixture.reopened().await);
    let claim = created(&*one, "order").await;
    let (journal, by) = (one.clone(), claim.clone());
    let writer = tokio::spawn(async move {
        for n in 0..40_u64 {
            let outcome = SagaOutcome::Committed { output: payload(&n.to_string()) };
            let entries = [started("charge"), SagaEntry::Ended { outcome: outcome.clone() }];
            let (position, of) = (1 + 2 * n, Some(&outcome));
            let append = SagaAppend { outcome: of, ..at(position, &entries) };
            answered("appending", journal.append(&by, &append, LONG).await);
            tokio::task::yield_now().await;
        }
    });
    for turn in 1_u32.. {
        is_of_one_moment(&*other, &claim).await;
        if writer.is_finished() {
            break;
        }
        // Now and then time passes, also on a clock that waits for everybody to wait.
        match turn % 8 {
            0 => tokio::time::sleep(std::time::Duration::from_millis(1)).await,
            _ => tokio::task::yield_now().await,
        }
    }
    writer.await.expect("the adapter does not panic");
    is_of_one_moment(&*one, &claim).await;
}

/// The last entry of the saga holds its outcome.
async fn is_of_one_moment(journal: &dyn SagaJournal, claim: &SagaClaim) {
    let (header, entries) = loaded(journal, &claim.saga).await;
    assert_eq!(header.length, entries.len() as u64, "the entries, and how many there are");
    let outcome = match entries.last() {
        Some(SagaEntry::Ended { outcome }) => Some(outcome.clone()),
        _ => None,
    };
    assert_eq!(header.outcome, outcome, "the outcome of {} entries", entries.len());
}
