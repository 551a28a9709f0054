//! What becomes of the others when a record cannot be read.

use super::SagaJournalFixture;
use super::samples::{LONG, LONGER, SHORT, created, created_for, id, is_held, listed, renew};
use crate::error::StoreErrorKind;
use crate::saga::SagaFilter;

/// Creates seven sagas of which four cannot be read, two in a row, the first and the last; answers
/// whether there are such.
async fn spoilt<F: SagaJournalFixture>(fixture: &F) -> bool {
    let journal = fixture.journal();
    for n in 0..7 {
        created(&*journal, &format!("order:{n}")).await;
    }
    let mut spoilt = true;
    for n in [0, 2, 3, 6] {
        spoilt &= fixture.spoil(&id(&format!("order:{n}"))).await;
    }
    spoilt
}

/// Contract 8.
pub(super) async fn a_list_leaves_out_what_cannot_be_read<F: SagaJournalFixture>(fixture: &F) {
    if !spoilt(fixture).await {
        return;
    }
    for journal in [fixture.journal(), fixture.reopened().await] {
        let all = listed(&*journal, &SagaFilter::default(), None, 99).await;
        assert_eq!(all, ["order:1", "order:4", "order:5"]);
    }
}

/// Contract 8: a page that is not full is the last one.
pub(super) async fn what_cannot_be_read_shortens_no_page<F: SagaJournalFixture>(fixture: &F) {
    if !spoilt(fixture).await {
        return;
    }
    let (journal, filter) = (fixture.reopened().await, SagaFilter::default());
    assert_eq!(listed(&*journal, &filter, None, 1).await, ["order:1"]);
    assert_eq!(listed(&*journal, &filter, None, 2).await, ["order:1", "order:4"]);
    let after = async |text| listed(&*journal, &filter, Some(&id(text)), 2).await;
    assert_eq!(after("order:1").await, ["order:4", "order:5"]);
    assert_eq!(after("order:4").await, ["order:5"]);
    assert_eq!(after("order:5").await, [""; 0]);
}

/// Contract 4: it is not as if there were none.
pub(super) async fn what_cannot_be_read_is_rejected<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let claim = created(&*journal, "order").await;
    if !fixture.spoil(&claim.saga).await {
        return;
    }
    match fixture.reopened().await.load(&claim.saga).await {
        Err(error) => assert_eq!(error.kind(), StoreErrorKind::Rejected, "{error:?}"),
        Ok(found) => panic!("what cannot be read was loaded: {found:?}"),
    }
}

/// Contract 6.
pub(super) async fn what_cannot_be_read_holds_up_no_renewal<F: SagaJournalFixture>(fixture: &F) {
    let journal = fixture.journal();
    let mut claims = Vec::new();
    for text in ["a", "b", "c"] {
        claims.push(created_for(&*journal, text, SHORT).await);
    }
    if !fixture.spoil(&claims[1].saga).await {
        return;
    }
    let renewed = renew(&*journal, &claims, LONG).await;
    assert!(renewed.contains(&id("a")) && renewed.contains(&id("c")), "{renewed:?}");
    tokio::time::sleep(LONGER).await;
    for claim in [&claims[0], &claims[2]] {
        is_held(&*fixture.reopened().await, &claim.saga, "its term began anew").await;
    }
}
