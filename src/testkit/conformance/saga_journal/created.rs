//! What is recorded at the start.

use super::SagaJournalFixture;
use super::samples::{
    Came, LONG, answered, append, begun, claimed, created, decided, handle, handles, id, kept,
    loaded, over, payload, purge, release, runner, saga, started, steady,
};
use crate::saga::{Created, NewSaga, SagaJournal, SagaStatus};
use crate::testkit::conformance::pace::Overlap;

/// Contract 1.
pub(super) async fn a_saga_that_was_created_is_there<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let entries = [begun("{\"order\":4711}"), started("charge")];
    let new = NewSaga { parent: Some(id("order")), ..saga("order/ship") };
    let created = journal.create(&new, &entries, &runner(1), LONG).await;
    let Created::New(claim) = answered("creating", created) else {
        panic!("the journal is empty");
    };
    assert!(claim.epoch >= 1 && claim.saga == new.id, "{claim:?}");

    let (header, found) = loaded(&*fixture.reopened().await, &new.id).await;
    assert_eq!(found, entries);
    assert_eq!((header.id, header.definition, header.input), (new.id, new.definition, 42));
    assert_eq!((header.parent, header.length, header.epoch), (new.parent, 2, claim.epoch));
    assert_eq!((header.status, header.outcome), (SagaStatus::Running, None));
    assert_eq!((header.holder, header.is_purged), (Some(runner(1)), false));
}

/// Creates the saga again, as something else, and asserts that it is found.
async fn found_again(journal: &dyn SagaJournal, text: &str) {
    let before = kept(journal, &id(text)).await.expect("it was created");
    let definition = "refund@1#0000000000000001".parse().expect("it is a definition");
    let other = NewSaga { definition, input: 7, parent: Some(id("parent")), ..saga(text) };
    let again = journal.create(&other, &[begun("2"), started("x")], &runner(2), LONG).await;
    match answered("creating again", again) {
        Created::Found(header) => assert_eq!(steady(*header), before.0, "what was found"),
        Created::New(claim) => panic!("it was created again: {claim:?}"),
    }
    assert_eq!(kept(journal, &id(text)).await, Some(before), "what is there");
}

/// Contract 1: a start whose answer was lost is made again.
pub(super) async fn creating_again_changes_nothing<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = created(&*journal, "order").await;
    found_again(&*fixture.reopened().await, "order").await;
    append(&*journal, &claim, 1, &[started("charge")]).await;
    found_again(&*journal, "order").await;
}

/// Contract 1: also when nobody holds it any more, and it is over.
pub(super) async fn what_is_over_is_found_too<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = over(&*journal, "order").await;
    release(&*journal, &claim).await;
    found_again(&*fixture.reopened().await, "order").await;
}

/// Contract 1: also after a purge.
pub(super) async fn what_was_purged_is_not_created_anew<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = over(&*journal, "order").await;
    release(&*journal, &claim).await;
    purge(&*journal, &claim.saga).await;
    found_again(&*fixture.reopened().await, "order").await;
}

/// Contract 1: of several calls at once, one creates.
pub(super) async fn of_concurrent_creations_one_creates<F: SagaJournalFixture>(fixture: &F) {
    let handles = handles(fixture).await;
    for (round, overlap) in (0..6).zip(Overlap::alternating()) {
        let text = format!("order:{round}");
        let calls = (0..8).map(|call| {
            let (journal, new) = (handle(&handles, call), saga(&text));
            let runner = runner(call);
            async move {
                let entries = [begun(&call.to_string()), started("charge")];
                decided(|| journal.create(&new, &entries, &runner, LONG)).await
            }
        });
        let came = overlap.race(calls.collect()).await;
        let is_new = |came: &Came<Created>| matches!(came, Came::Done(Created::New(_)));
        let new: Vec<_> = (0..8_u32).zip(&came).filter(|(_, came)| is_new(came)).collect();
        if came.contains(&Came::InDoubt) {
            continue;
        }
        assert_eq!(new.len(), 1, "how many of eight calls created a saga: {came:?}");
        let (header, entries) = loaded(&*handles[0], &id(&text)).await;
        let input = payload(&new[0].0.to_string());
        assert_eq!(entries, [begun(input.as_str()), started("charge")], "the winner's entries");
        assert_eq!(header.holder, Some(runner(new[0].0)), "the winner's claim");
    }
}

/// Contract 10.
pub(super) async fn sagas_do_not_disturb_each_other<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let (one, other) = (created(&*journal, "one").await, over(&*journal, "other").await);
    let before = kept(&*journal, &one.saga).await;
    release(&*journal, &other).await;
    claimed(&*journal, &other.saga, 2).await;
    purge(&*journal, &other.saga).await;
    created(&*journal, "third").await;
    assert_eq!(kept(&*journal, &one.saga).await, before);
    append(&*journal, &one, 1, &[started("charge")]).await;
}
