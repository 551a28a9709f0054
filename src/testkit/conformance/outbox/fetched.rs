//! What is to be sent.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::OutboxFixture;
use super::samples::{
    LONG, all, coming, end, fetched, fetched_within, ids, limit, message, neighbours, park, parked,
    retry, row, send, settle, sorted_ids, staged, staged_messages,
};
use crate::event::{EventPayload, RowEnd};

/// Contract 6.
pub(super) async fn what_is_not_settled_comes_again<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    staged(fixture, &[("a", "1"), ("b", "2")]).await;
    let claims = all(&*store, 1).await;
    for _ in 0..3 {
        assert_eq!(coming(&*store, &claims).await, ["1", "2"]);
    }
    assert_eq!(coming(&*fixture.reopened().await, &claims).await, ["1", "2"]);
    end(&*store, &claims, "1", RowEnd::Sent).await;
    assert_eq!(coming(&*fixture.reopened().await, &claims).await, ["2"]);
}

/// Contract 6: whatever the limit.
pub(super) async fn a_key_comes_from_its_oldest_row_on<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let order: Vec<_> = (0..12).map(|n| format!("{}", 20 - n)).collect();
    for id in &order {
        staged(fixture, &[("a", id), ("b", id)]).await;
    }
    let (mut came_a, mut came_b) = (Vec::new(), Vec::new());
    for _ in 0..24 {
        let rows = fetched_within(&*store, &claims, limit(5, 1 << 20)).await;
        let of = |key: &str| {
            let rows: Vec<_> = rows.iter().filter(|row| row.key.as_str() == key).cloned().collect();
            ids(&rows).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let (a, b) = (of("a"), of("b"));
        assert!(order[came_a.len()..].starts_with(&a), "after {came_a:?} came {a:?}");
        assert!(order[came_b.len()..].starts_with(&b), "after {came_b:?} came {b:?}");
        came_a.extend(a);
        came_b.extend(b);
        send(&*store, &claims, &rows).await;
    }
    assert_eq!((&came_a, &came_b), (&order, &order));
}

/// Contract 6.
pub(super) async fn behind_a_row_put_off_its_key_waits<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    staged(fixture, &[("a", "1"), ("a", "2"), ("b", "3")]).await;
    end(&*store, &claims, "1", retry(LONG)).await;
    staged(fixture, &[("a", "4")]).await;
    assert_eq!(coming(&*store, &claims).await, ["3"]);
}

/// Contract 6: a row that falls due while a lane is looked through is due for all of its key, or for none.
pub(super) async fn a_row_that_falls_due_comes_before_its_key<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let ([key, other], _) = neighbours(fixture, &claims).await;
    let between = (0..200).map(|n| message(&other, &format!("between-{n}")));
    let of_key = |id| std::iter::once(message(&key, id));
    let messages: Vec<_> = of_key("first").chain(between).chain(of_key("second")).collect();
    staged_messages(fixture, &messages).await;
    for round in 0..24 {
        end(&*store, &claims, "first", retry(Duration::from_micros(500) * (round % 8))).await;
        let until = Instant::now() + Duration::from_secs(1);
        loop {
            let mut rows = fetched(&*store, &claims).await;
            rows.retain(|row| row.key.as_str() == key);
            let came = ids(&rows);
            assert!(came.is_empty() || came == ["first", "second"], "there came {came:?}");
            if !came.is_empty() {
                break;
            }
            assert!(Instant::now() < until, "what was put off for a moment did not come back");
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Contract 6: and before it nothing does.
pub(super) async fn behind_a_parked_row_its_key_waits<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    staged(fixture, &[("a", "1"), ("a", "2"), ("a", "3"), ("b", "4")]).await;
    end(&*store, &claims, "2", park()).await;
    staged(fixture, &[("a", "5")]).await;
    assert_eq!(coming(&*store, &claims).await, ["1", "4"]);
    end(&*store, &claims, "1", RowEnd::Sent).await;
    assert_eq!(coming(&*store, &claims).await, ["4"]);
}

/// Contract 6.
pub(super) async fn other_keys_of_a_lane_go_on<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let ([stuck, other], _) = neighbours(fixture, &claims).await;
    for end_of_first in [retry(LONG), park()] {
        staged(fixture, &[(&stuck, "1"), (&stuck, "2"), (&other, "3")]).await;
        let rows = fetched(&*store, &claims).await;
        // The first round has left the key stuck already.
        if sorted_ids(&rows) == ["1", "2", "3"] {
            settle(&*store, &claims, row(&rows, "1"), end_of_first).await;
        }
        assert_eq!(coming(&*store, &claims).await, ["3"]);
        end(&*store, &claims, "3", RowEnd::Sent).await;
    }
}

/// Contract 6.
pub(super) async fn rows_and_bytes_are_limited_and_one_row_always_comes<F: OutboxFixture>(
    fixture: &F,
) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let large = |n: usize| {
        let mut message = message(&format!("key-{n}"), &n.to_string());
        let bytes = vec![b'x'; 30_000];
        message.event.payload = EventPayload::bytes("text/plain", bytes).expect("it is one");
        message
    };
    staged_messages(fixture, &(0..9).map(large).collect::<Vec<_>>()).await;
    let count = async |rows, bytes| {
        let rows = fetched_within(&*store, &claims, limit(rows, bytes)).await;
        rows.len()
    };
    assert_eq!([count(4, 1 << 30).await, count(9, 1 << 30).await, count(1, 1).await], [4, 9, 1]);
    assert_eq!(count(9, 1).await, 1, "one row at least, and no more");
    // An adapter may count more bytes than a payload has, in base64 say, and stop before or after.
    let few = count(9, 150_000).await;
    assert!((2..=6).contains(&few), "of 30,000 bytes each: {few} within 150,000");
}

/// Contract 7.
pub(super) async fn a_row_that_cannot_be_read_comes_as_such<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    staged(fixture, &[("a", "1"), ("a", "2"), ("b", "3")]).await;
    let rows = fetched(&*store, &claims).await;
    let position = row(&rows, "1").position;
    if !fixture.spoil(position).await {
        return;
    }
    let rows = fetched(&*store, &claims).await;
    assert_eq!(sorted_ids(&rows), ["2", "3"], "the others");
    let spoiled = rows.iter().find(|row| row.position == position).expect("it comes");
    assert!(spoiled.message.is_err(), "{spoiled:?}");
    assert_eq!(spoiled.key.as_str(), "a");
    settle(&*store, &claims, spoiled, park()).await;
    assert_eq!(coming(&*store, &claims).await, ["3"]);
    let parked = parked(&*store).await;
    assert_eq!((parked.len(), parked[0].position), (1, position));
}

/// That of a row: by the outbox's clock.
pub(super) async fn a_row_says_how_long_ago_it_was_staged<F: OutboxFixture>(fixture: &F) {
    let store = fixture.store();
    let claims = all(&*store, 1).await;
    let (pause, began) = (Duration::from_millis(300), Instant::now());
    staged(fixture, &[("a", "1")]).await;
    sleep(pause).await;
    let between = Instant::now();
    staged(fixture, &[("b", "2")]).await;
    let rows = fetched(&*store, &claims).await;
    // Clocks may be coarse, but not by so much.
    let slack = Duration::from_millis(50);
    let [old, new] = ["1", "2"].map(|id| row(&rows, id).age);
    assert!(old + slack >= pause && old <= began.elapsed() + slack, "{old:?}");
    assert!(new <= between.elapsed() + slack, "{new:?}");
}
