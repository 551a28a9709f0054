//! How rows end.

use super::OutboxFixture;
use super::samples::{
    LONG, LONGER, NOW, SHORT, all, answered, begin, claim_of, coming, commit, end, fetched,
    neighbours, park, parked, purged, refuse, retry, row, send, settle, stage, staged,
};
use crate::event::{OutboxPosition, RowEnd};

/// Contract 8: not what was staged meanwhile, nor what has a smaller position.
pub(super) async fn only_what_is_named_is_settled<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let ([one, other], _) = neighbours(fixture, &claims).await;
    let mut slow = begin(fixture).await;
    stage(fixture, &mut slow, &[(&one, "1")]).await;
    staged(fixture, &[(&other, "2")]).await;
    let rows = fetched(&*store, &claims).await;
    commit(fixture, slow).await;
    staged(fixture, &[(&other, "3"), (&one, "4")]).await;
    send(&*store, &claims, &rows).await;
    assert_eq!(coming(&*store, &claims).await, ["1", "3", "4"]);
    let rows = fetched(&*store, &claims).await;
    settle(&*store, &claims, row(&rows, "3"), RowEnd::Sent).await;
    assert_eq!(coming(&*store, &claims).await, ["1", "4"]);
}

/// Contract 8.
pub(super) async fn rows_of_other_lanes_are_passed_over<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let ([one, _], Some(other)) = neighbours(fixture, &claims).await else { return };
    staged(fixture, &[(&one, "1"), (&other, "2")]).await;
    let rows = fetched(&*store, &claims).await;
    let [own, strange] = ["1", "2"].map(|id| row(&rows, id));
    let claim = claim_of(&claims, own.lane);
    let ends = [(strange.position, RowEnd::Sent), (own.position, RowEnd::Sent)];
    answered("settling", store.settle(&claim, &ends).await);
    assert_eq!(coming(&*store, &claims).await, ["2"]);
}

/// Contract 8.
pub(super) async fn ends_of_one_call_all_have_their_effect<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let ([one, other], _) = neighbours(fixture, &claims).await;
    let both = [(&*one, "1"), (&*one, "2"), (&*one, "3"), (&*other, "4"), (&*other, "5")];
    staged(fixture, &both).await;
    let rows = fetched(&*store, &claims).await;
    let [first, second, third] = ["1", "2", "4"].map(|id| row(&rows, id));
    let claim = claim_of(&claims, first.lane);
    let ends =
        [(first.position, RowEnd::Sent), (second.position, retry(NOW)), (third.position, park())];
    answered("settling", store.settle(&claim, &ends).await);
    answered("settling nothing", store.settle(&claim, &[]).await);
    let rows = fetched(&*store, &claims).await;
    let found: Vec<_> = rows.iter().map(|row| (row.position, row.attempts)).collect();
    assert_eq!(found.len(), 2, "{rows:?}");
    assert_eq!(found[0], (second.position, 1));
    assert_eq!(parked(&*store).await.len(), 1);
}

/// Contract 8.
pub(super) async fn settling_again_is_harmless<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    staged(fixture, &[("a", "1"), ("b", "2"), ("c", "3"), ("c", "4")]).await;
    let rows = fetched(&*store, &claims).await;
    for _ in 0..3 {
        settle(&*store, &claims, row(&rows, "1"), RowEnd::Sent).await;
        settle(&*store, &claims, row(&rows, "2"), retry(SHORT)).await;
        settle(&*store, &claims, row(&rows, "3"), park()).await;
    }
    assert_eq!(coming(&*store, &claims).await, [""; 0]);
    // A row that nobody has staged.
    let nobody = [(OutboxPosition(u64::MAX >> 1), RowEnd::Sent)];
    answered("settling", store.settle(&claims[0], &nobody).await);
    tokio::time::sleep(LONGER).await;
    let rows = fetched(&*store, &claims).await;
    assert_eq!((rows.len(), row(&rows, "2").attempts), (1, 1), "once");
    assert_eq!(parked(&*store).await.len(), 1);
}

/// Contract 9.
pub(super) async fn a_row_put_off_comes_after_its_delay_and_counts<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    staged(fixture, &[("a", "1"), ("a", "2")]).await;
    end(&*store, &claims, "1", retry(NOW)).await;
    let rows = fetched(&*store, &claims).await;
    assert_eq!(row(&rows, "1").attempts, 1, "at once");
    end(&*store, &claims, "1", retry(SHORT)).await;
    assert_eq!(coming(&*store, &claims).await, [""; 0]);
    tokio::time::sleep(LONGER).await;
    let rows = fetched(&*fixture.reopened().await, &claims).await;
    assert_eq!(rows.iter().map(|row| row.attempts).collect::<Vec<_>>(), [2, 0], "in order");
    send(&*store, &claims, &rows).await;
    assert_eq!(coming(&*store, &claims).await, [""; 0]);
}

/// Contract 9.
pub(super) async fn a_refusal_counts_and_another_attempt_does_not<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    staged(fixture, &[("a", "1")]).await;
    for (ending, attempts, refusals) in
        [(retry(NOW), 1, 0), (refuse(NOW), 2, 1), (retry(NOW), 3, 1), (refuse(NOW), 4, 2)]
    {
        end(&*store, &claims, "1", ending.clone()).await;
        let rows = fetched(&*store, &claims).await;
        let found = row(&rows, "1");
        assert_eq!((found.attempts, found.refusals), (attempts, refusals), "after {ending:?}");
    }
    end(&*store, &claims, "1", refuse(SHORT)).await;
    assert_eq!(coming(&*store, &claims).await, [""; 0]);
}

/// Contract 9.
pub(super) async fn a_parked_row_never_comes_and_is_never_purged<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    staged(fixture, &[("a", "1"), ("b", "2")]).await;
    end(&*store, &claims, "1", retry(NOW)).await;
    end(&*store, &claims, "1", park()).await;
    end(&*store, &claims, "2", retry(LONG)).await;
    tokio::time::sleep(LONGER).await;
    assert_eq!(coming(&*store, &claims).await, [""; 0]);
    assert_eq!(purged(&*store, NOW, 1000).await, 0);
    let parked = parked(&*fixture.reopened().await).await;
    assert_eq!(parked.len(), 1);
    assert_eq!((parked[0].key.as_str(), parked[0].behind), ("a", 0));
}
