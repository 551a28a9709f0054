//! What becomes of a request.

use super::RequestJournalFixture;
use super::samples::{
    Came, LONG, LONGER, NOW, SHORT, actor, answered, claimed, closed, decided, done, doubt, handle,
    handles, holder, loaded, note, noted, reason, recorded, recorded_for, refusal, refused,
    resolved, retried, stamp, try_claim, withdrawn,
};
use crate::gateway::dual::{RequestAppend, RequestNote, RequestStatus, Trouble};
use crate::phase::Side;
use crate::testkit::conformance::pace::Overlap;

const TROUBLES: [Trouble; 8] = [
    Trouble::Unsent,
    Trouble::Open,
    Trouble::Full,
    Trouble::Late,
    Trouble::Broken,
    Trouble::Status(503),
    Trouble::Panicked,
    Trouble::Saturated,
];

/// Contract 2: durable, and in their order.
pub(super) async fn notes_follow_in_order<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = recorded(&*journal, "pears").await;
    let notes = [doubt(), done(Side::Legacy), done(Side::Modern)];
    let mut claim = claim;
    for (position, next) in (0..).zip(&notes) {
        if position == 1 {
            claim = claimed(&*journal, &claim.key, 1).await;
        }
        note(&*journal, &claim, position, next).await;
        for journal in handles(fixture).await {
            let found = loaded(&*journal, &claim.key).await;
            assert_eq!(found.notes, notes[..=position as usize]);
        }
    }
    let found = loaded(&*journal, &claim.key).await;
    assert_eq!(found.state.status(), RequestStatus::Done);
}

/// Contract 10.
pub(super) async fn every_note_comes_back<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let mut troubled: Vec<_> =
        TROUBLES.map(|why| RequestNote::Doubtful { side: Side::Legacy, why }).into();
    troubled.extend([RequestNote::Parked, retried(), done(Side::Legacy)]);
    troubled.extend(TROUBLES.map(|why| RequestNote::Failed { side: Side::Modern, why }));
    let (actor, reason) = (actor(&"é".repeat(128)), reason(&"'".repeat(500)));
    let once = RequestNote::Retried { actor, reason, however_old: true };
    troubled.extend([refusal(Side::Modern), once, RequestNote::Parked, resolved()]);
    let reopened = RequestNote::Reopened { stamp: stamp(255) };
    let again = vec![RequestNote::Withdrawn, reopened, refusal(Side::Legacy)];
    for (text, notes) in [("pears", troubled), ("plums", again)] {
        let claim = recorded(&*journal, text).await;
        let claim = noted(&*journal, claim, &notes).await;
        for journal in handles(fixture).await {
            assert_eq!(loaded(&*journal, &claim.key).await.notes, notes);
        }
    }
}

/// Contract 2: there are not as many notes.
pub(super) async fn a_note_elsewhere_is_refused<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = recorded(&*journal, "pears").await;
    refused(&*journal, &claim, 1, &done(Side::Legacy), "there is none before it").await;
    note(&*journal, &claim, 0, &done(Side::Legacy)).await;
    refused(&*journal, &claim, 0, &done(Side::Modern), "there is one at its place").await;
    refused(&*journal, &claim, 2, &done(Side::Modern), "there is no second one").await;
    note(&*journal, &claim, 1, &done(Side::Modern)).await;
}

/// Contract 2: an answer was lost.
pub(super) async fn a_note_made_again_is_refused_and_does_no_harm<F: RequestJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let claim = recorded(&*journal, "pears").await;
    note(&*journal, &claim, 0, &done(Side::Legacy)).await;
    for journal in handles(fixture).await {
        refused(&*journal, &claim, 0, &done(Side::Legacy), "it is there").await;
    }
    assert_eq!(loaded(&*journal, &claim.key).await.position(), 1);
}

/// Contract 2: the fold refuses it.
pub(super) async fn a_note_that_is_out_of_order_is_refused<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = recorded(&*journal, "pears").await;
    let wrong = [
        done(Side::Modern),
        refusal(Side::Modern),
        retried(),
        resolved(),
        RequestNote::Reopened { stamp: stamp(9) },
    ];
    for note in wrong {
        refused(&*journal, &claim, 0, &note, "neither side has answered").await;
    }
    note(&*journal, &claim, 0, &done(Side::Legacy)).await;
    for note in [done(Side::Legacy), doubt(), RequestNote::Withdrawn] {
        refused(&*journal, &claim, 1, &note, "the first side has done it").await;
    }
    let over = closed(&*journal, "plums").await;
    for note in [done(Side::Modern), retried(), resolved()] {
        refused(&*journal, &over, 2, &note, "both sides have done it").await;
    }
}

/// Contract 2: it is not the newest.
pub(super) async fn an_older_claim_cannot_note<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let first = recorded_for(&*journal, "pears", SHORT).await;
    tokio::time::sleep(LONGER).await;
    let second = claimed(&*fixture.reopened().await, &first.key, 2).await;
    refused(&*journal, &first, 0, &done(Side::Legacy), "another has claimed it").await;
    note(&*journal, &second, 0, &doubt()).await;
    refused(&*journal, &first, 1, &done(Side::Legacy), "another has had it").await;
}

/// Contract 2: that the term has run out does not matter.
pub(super) async fn an_expired_claim_that_nobody_took_can_note<F: RequestJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let claim = recorded_for(&*journal, "pears", NOW).await;
    note(&*journal, &claim, 0, &done(Side::Legacy)).await;
    note(&*journal, &claim, 1, &done(Side::Modern)).await;
    assert_eq!(loaded(&*journal, &claim.key).await.position(), 2);
}

/// Contract 2: of several calls at once, one succeeds.
pub(super) async fn of_concurrent_notes_at_one_position_one_succeeds<F: RequestJournalFixture>(
    fixture: &F,
) {
    let handles = handles(fixture).await;
    for (round, overlap) in (0..6).zip(Overlap::alternating()) {
        let claim = recorded(&*handles[0], &format!("pears-{round}")).await;
        let calls = (0..8_u16).map(|call| {
            let (journal, claim) = (handle(&handles, u32::from(call)), claim.clone());
            let note = RequestNote::Answered { side: Side::Legacy, status: 200 + call };
            async move {
                let append = RequestAppend::new(0, &note, LONG);
                decided(|| journal.note(&claim, &append)).await
            }
        });
        let came = overlap.race(calls.collect()).await;
        let noted = came.iter().filter(|came| **came == Came::Done(())).count();
        let is_clear = !came.contains(&Came::InDoubt);
        assert!(noted == 1 || noted == 0 && !is_clear, "{noted} of eight were noted: {came:?}");
        assert!(loaded(&*handles[1], &claim.key).await.position() <= 1);
    }
}

/// Contract 2: another may have sent it.
pub(super) async fn only_who_began_it_may_withdraw_it<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let first = recorded_for(&*journal, "pears", NOW).await;
    let second = claimed(&*fixture.reopened().await, &first.key, 2).await;
    let withdrawal = RequestNote::Withdrawn;
    refused(&*journal, &second, 0, &withdrawal, "another may have sent it").await;
    note(&*journal, &second, 0, &done(Side::Legacy)).await;

    let gone = withdrawn(&*journal, "plums").await;
    let again = claimed(&*journal, &gone.key, 2).await;
    note(&*journal, &again, 1, &RequestNote::Reopened { stamp: stamp(9) }).await;
    let other = claimed(&*journal, &gone.key, 2).await;
    refused(&*journal, &other, 2, &withdrawal, "its own claim before may have sent it").await;

    let gone = withdrawn(&*journal, "quinces").await;
    let again = claimed(&*journal, &gone.key, 2).await;
    note(&*journal, &again, 1, &RequestNote::Reopened { stamp: stamp(9) }).await;
    note(&*journal, &again, 2, &withdrawal).await;
}

/// Contract 3.
pub(super) async fn a_note_that_goes_on_begins_the_term_anew<F: RequestJournalFixture>(
    fixture: &F,
) {
    let journal = fixture.journal();
    let claim = recorded_for(&*journal, "pears", SHORT).await;
    let noted = journal.note(&claim, &RequestAppend::new(0, &done(Side::Legacy), LONG)).await;
    answered("noting", noted);
    let short = recorded(&*journal, "plums").await;
    let noted = journal.note(&short, &RequestAppend::new(0, &done(Side::Legacy), SHORT)).await;
    answered("noting", noted);
    tokio::time::sleep(LONGER).await;
    assert_eq!(try_claim(&*journal, &claim.key, 2).await, None, "its term began anew");
    assert!(try_claim(&*journal, &short.key, 2).await.is_some(), "its term was made shorter");
    let gone = withdrawn(&*journal, "quinces").await;
    let again = claimed(&*journal, &gone.key, 2).await;
    note(&*journal, &again, 1, &RequestNote::Reopened { stamp: stamp(9) }).await;
    assert!(holder(&*journal, &gone.key).await.is_some(), "it is begun anew");
}

/// Contract 3.
pub(super) async fn every_other_note_gives_the_claim_back<F: RequestJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let failed = RequestNote::Failed { side: Side::Modern, why: Trouble::Late };
    let ways = [
        vec![doubt()],
        vec![refusal(Side::Legacy)],
        vec![RequestNote::Withdrawn],
        vec![done(Side::Legacy), failed],
        vec![done(Side::Legacy), done(Side::Modern)],
        vec![done(Side::Legacy), refusal(Side::Modern)],
        vec![doubt(), RequestNote::Parked],
        vec![doubt(), RequestNote::Parked, retried()],
        vec![doubt(), RequestNote::Parked, resolved()],
    ];
    for (n, notes) in ways.iter().enumerate() {
        let claim = recorded(&*journal, &format!("pears-{n}")).await;
        let claim = noted(&*journal, claim, notes).await;
        assert_eq!(holder(&*fixture.reopened().await, &claim.key).await, None, "after {notes:?}");
        claimed(&*journal, &claim.key, 2).await;
    }
}
