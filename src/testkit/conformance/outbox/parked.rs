//! What an operator sees of parked rows, and does with them.

use super::OutboxFixture;
use super::samples::{
    NOW, all, answered, coming, end, fetched, park, parked, parked_after, refuse, row, settle,
    staged,
};
use crate::event::{OutboxPosition, RowEnd};

/// Contract 10.
pub(super) async fn parked_rows_are_listed_with_what_waits_behind<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    staged(fixture, &[("a", "1"), ("a", "2"), ("a", "3"), ("b", "4"), ("c", "5")]).await;
    end(&*store, &claims, "2", park()).await;
    end(&*store, &claims, "4", RowEnd::Parked { reason: "another".to_owned() }).await;
    staged(fixture, &[("a", "6")]).await;
    let found = parked(&*fixture.reopened().await).await;
    let told: Vec<_> =
        found.iter().map(|row| (row.key.as_str(), row.reason.as_str(), row.behind)).collect();
    assert_eq!(told, [("a", "rejected: it's é \u{1F4A9}", 2), ("b", "another", 0)]);
    for row in &found {
        let (topic, event_type) = row.what.as_ref().expect("it can be read");
        assert_eq!((topic.as_str(), event_type.as_str()), ("orders", "order.created"));
    }
}

/// Contract 10.
pub(super) async fn a_list_of_parked_rows_goes_on_and_has_a_limit<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    for n in 0..7 {
        staged(fixture, &[(&format!("key-{n}"), &format!("{n}"))]).await;
    }
    let rows = fetched(&*store, &claims).await;
    for n in [5, 0, 3, 6, 1] {
        settle(&*store, &claims, row(&rows, &n.to_string()), park()).await;
    }
    let (mut after, mut found) = (None, Vec::new());
    for expected in [2, 2, 1, 0] {
        let page = parked_after(&*store, after, 2).await;
        assert_eq!(page.len(), expected);
        after = page.last().map(|row| row.position).or(after);
        found.extend(page);
    }
    let keys: Vec<_> = found.iter().map(|row| row.key.as_str()).collect();
    assert_eq!(keys, ["key-0", "key-1", "key-3", "key-5", "key-6"], "as they were staged");
    assert!(found.is_sorted_by(|one, next| one.position < next.position));
}

/// Contract 10.
pub(super) async fn a_parked_row_that_is_tried_again_is_due_at_once<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    staged(fixture, &[("a", "1"), ("a", "2"), ("b", "3")]).await;
    end(&*store, &claims, "1", refuse(NOW)).await;
    end(&*store, &claims, "1", park()).await;
    let position = parked(&*store).await[0].position;
    let strange = OutboxPosition(u64::MAX >> 1);
    assert!(!answered("trying again", store.retry(strange).await), "there is none");
    assert!(answered("trying again", store.retry(position).await), "it is parked");
    assert!(!answered("trying again", store.retry(position).await), "it is no more");
    let rows = fetched(&*fixture.reopened().await, &claims).await;
    assert_eq!((row(&rows, "1").attempts, row(&rows, "1").refusals), (0, 0));
    assert_eq!((row(&rows, "1").position, rows.len()), (position, 3));
    assert_eq!(parked(&*store).await, []);
}

/// Contract 10.
pub(super) async fn a_parked_row_that_is_discarded_lets_its_key_go_on<F: OutboxFixture>(
    fixture: &F,
) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    staged(fixture, &[("a", "1"), ("a", "2"), ("b", "3")]).await;
    let pending = row(&fetched(&*store, &claims).await, "3").position;
    assert!(!answered("discarding", store.discard(pending).await), "it is not parked");
    end(&*store, &claims, "1", park()).await;
    let position = parked(&*store).await[0].position;
    assert!(answered("discarding", store.discard(position).await), "it is parked");
    assert!(!answered("discarding", store.discard(position).await), "it is gone");
    assert_eq!(coming(&*fixture.reopened().await, &claims).await, ["2", "3"]);
    assert_eq!(parked(&*store).await, []);
}

/// Contract 13.
pub(super) async fn reasons_may_be_long<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    staged(fixture, &[("a", "1")]).await;
    let long = "\u{1F4A9}é".repeat(3_000);
    end(&*store, &claims, "1", RowEnd::Retry { delay: NOW, error: long.clone() }).await;
    end(&*store, &claims, "1", RowEnd::Parked { reason: long.clone() }).await;
    let found = parked(&*store).await;
    let kept = &found[0].reason;
    assert!(kept.chars().count() >= 1_000 && long.starts_with(kept.as_str()), "{kept}");
}
