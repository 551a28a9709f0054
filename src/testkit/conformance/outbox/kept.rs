//! What is kept, and what is counted.

use std::time::Duration;

use tokio::time::Instant;

use super::OutboxFixture;
use super::samples::{
    LONG, NOW, all, coming, depth, end, fetched, park, parked, purged, retry, send, staged,
};
use crate::event::{OutboxDepth, RowEnd};

/// Contract 11.
pub(super) async fn a_purge_takes_what_was_sent_only<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    for n in 0..5 {
        staged(fixture, &[(&format!("key-{n}"), "sent")]).await;
    }
    let rows = fetched(&*store, &claims).await;
    send(&*store, &claims, &rows).await;
    staged(fixture, &[("a", "1"), ("b", "2"), ("c", "3"), ("c", "4")]).await;
    end(&*store, &claims, "1", park()).await;
    end(&*store, &claims, "2", retry(NOW)).await;
    assert_eq!(purged(&*store, LONG, 1000).await, 0, "they were sent just now");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let few = purged(&*store, NOW, 2).await;
    assert!(few <= 2, "{few}");
    let mut rest = 0;
    for _ in 0..9 {
        rest += purged(&*store, NOW, 1000).await;
    }
    assert!(few + rest <= 5, "{few} and {rest} of five that were sent");
    assert_eq!(purged(&*store, NOW, 1000).await, 0, "there is nothing left");
    assert_eq!(coming(&*store, &claims).await, ["2", "3", "4"]);
    assert_eq!(parked(&*store).await.len(), 1);
}

/// Contract 12.
pub(super) async fn a_depth_counts_what_is_there<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    assert_eq!(depth(&*store).await, OutboxDepth::default());
    staged(fixture, &[("a", "1"), ("a", "2"), ("b", "3"), ("c", "4")]).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let between = Instant::now();
    staged(fixture, &[("d", "5")]).await;
    let all_of_them = depth(&*fixture.reopened().await).await;
    assert_eq!((all_of_them.pending, all_of_them.parked), (5, 0));
    let slack = Duration::from_millis(50);
    let oldest = all_of_them.oldest.expect("something waits");
    assert!(oldest + slack >= Duration::from_millis(300), "{oldest:?}");
    end(&*store, &claims, "3", RowEnd::Sent).await;
    end(&*store, &claims, "1", retry(LONG)).await;
    end(&*store, &claims, "4", park()).await;
    let some = depth(&*store).await;
    assert_eq!((some.pending, some.parked), (3, 1), "what waits behind others too");
    let _ = purged(&*store, NOW, 1000).await;
    assert_eq!(depth(&*store).await.pending, 3);
    // What is put off counts.
    assert!(depth(&*store).await.oldest.is_some_and(|oldest| oldest >= between.elapsed()));
    end(&*store, &claims, "5", RowEnd::Sent).await;
    let last = depth(&*store).await;
    assert_eq!((last.pending, last.parked), (2, 1));
}
