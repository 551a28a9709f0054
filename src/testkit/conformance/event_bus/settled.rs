//! What becomes of deliveries that were settled.

use std::time::Duration;

use tokio::time::Instant;

use super::EventBusFixture;
use super::samples::{
    QUIET, ack, all, event, given_up_for, id, ids, in_order, key, message, messages, nack, name,
    next, of_key, one, opened, published, quiet, settle, sorted, topic, within,
};
use crate::event::Settlement;

/// Subscription 6.
pub(super) async fn what_was_acknowledged_does_not_come_again<F: EventBusFixture>(fixture: &F) {
    let receiver = opened(fixture, "billing").await;
    published(&*fixture.bus(), &messages(&["pears", "plums"], 2)).await;
    let mut left = vec!["pears-1", "pears-2", "plums-1", "plums-2"];
    let held = next(&receiver).await;
    let last = held.last().expect("something came");
    left.retain(|it| *it != id(last));
    ack(&receiver, last).await;
    drop(receiver);
    let receiver = opened(fixture, "billing").await;
    assert_eq!(sorted(ids(&all(&receiver, 3).await)), left, "what it was not stays");
    tokio::time::sleep(fixture.hidden_for()).await;
    quiet(&receiver, "all were acknowledged").await;
}

/// Subscription 6.
pub(super) async fn what_is_given_back_comes_after_its_time_and_counts<F: EventBusFixture>(
    fixture: &F,
) {
    let receiver = opened(fixture, "billing").await;
    published(&*fixture.bus(), &[message("pears", 1)]).await;
    let mut came = one(&receiver).await;
    assert_eq!(came.attempt.get(), 1);
    for after in [QUIET * 2, Duration::ZERO] {
        let before = Instant::now();
        nack(&receiver, &came, after).await;
        let again = one(&receiver).await;
        assert!(before.elapsed() >= after, "it came after {:?}", before.elapsed());
        assert!(again.attempt > came.attempt, "it is counted");
        assert_eq!(id(&again), "pears-1");
        came = again;
    }
    ack(&receiver, &came).await;
    quiet(&receiver, "it was acknowledged at last").await;
}

/// Subscription 6.
pub(super) async fn what_is_given_back_in_order_comes_in_order<F: EventBusFixture>(fixture: &F) {
    let receiver = opened(fixture, "billing").await;
    let keys = ["pears", "plums"];
    published(&*fixture.bus(), &messages(&keys, 4)).await;
    for after in [Duration::ZERO, QUIET / 3] {
        for delivery in within(QUIET * 4, &receiver, 3).await {
            nack(&receiver, &delivery, after).await;
        }
    }
    let came = ids(&all(&receiver, 8).await);
    for key in keys {
        assert_eq!(of_key(&came, key), in_order(key, 4));
    }
}

/// Subscription 6: who gave back the first of a key is not given the second before it.
pub(super) async fn behind_what_was_given_back_its_key_waits<F: EventBusFixture>(fixture: &F) {
    let receiver = opened(fixture, "billing").await;
    published(&*fixture.bus(), &messages(&["pears"], 3)).await;
    let first = one(&receiver).await;
    assert_eq!(id(&first), "pears-1");
    nack(&receiver, &first, QUIET * 2).await;
    quiet(&receiver, "the first one waits for its time").await;
    assert_eq!(ids(&all(&receiver, 3).await), in_order("pears", 3));
}

/// Subscription 7: also more than a broker counts on its fingers.
pub(super) async fn what_a_dropped_subscription_held_comes_again_in_order<F: EventBusFixture>(
    fixture: &F,
) {
    let receiver = opened(fixture, "billing").await;
    let keys = ["pears", "plums"];
    published(&*fixture.bus(), &messages(&keys, 20)).await;
    let mut held = next(&receiver).await;
    while held.len() < 36 {
        let more = within(QUIET, &receiver, 16).await;
        if more.is_empty() {
            break;
        }
        held.extend(more);
    }
    drop(receiver);
    let receiver = opened(fixture, "billing").await;
    let again = all(&receiver, 40).await;
    for key in keys {
        assert_eq!(of_key(&ids(&again), key), in_order(key, 20));
    }
    for delivery in again.iter().filter(|again| held.iter().any(|it| it.event == again.event)) {
        assert!(delivery.attempt.get() > 1, "{} had come before", id(delivery));
    }
}

/// Subscription 8.
pub(super) async fn a_receipt_of_another_life_settles_nothing<F: EventBusFixture>(fixture: &F) {
    let receiver = opened(fixture, "billing").await;
    published(&*fixture.bus(), &messages(&["pears"], 2)).await;
    let old = one(&receiver).await;
    drop(receiver);

    let receiver = opened(fixture, "billing").await;
    let held = one(&receiver).await;
    let stranger = opened(fixture, "billing").await;
    for receipt in [old.receipt, held.receipt] {
        let _ = stranger.settle(receipt, &Settlement::Ack).await;
    }
    drop(stranger);
    drop(receiver);

    let receiver = opened(fixture, "billing").await;
    let held = one(&receiver).await;
    assert_eq!(id(&held), "pears-1", "nobody who held it has settled it");
    ack(&receiver, &held).await;
    for settlement in [Settlement::Ack, Settlement::Nack { after: Duration::ZERO }] {
        let _ = receiver.settle(held.receipt, &settlement).await;
    }
    let second = one(&receiver).await;
    assert_eq!(id(&second), "pears-2");
    let _ = receiver.settle(held.receipt, &Settlement::Ack).await;
    drop(receiver);
    let receiver = opened(fixture, "billing").await;
    let left = ids(&all(&receiver, 1).await);
    assert_eq!(left, ["pears-2"], "the first was settled, the second was not");
    quiet(&receiver, "both are settled").await;
}

/// Subscription 9.
pub(super) async fn what_is_no_event_comes_as_such_and_holds_up_no_other<F: EventBusFixture>(
    fixture: &F,
) {
    let receiver = opened(fixture, "billing").await;
    let bytes = b"{\"specversion\": \xff\0";
    if !fixture.plant(&topic("orders"), &key("pears"), bytes).await {
        return;
    }
    published(&*fixture.bus(), &messages(&["pears", "plums"], 2)).await;
    let (mut came, mut unreadable) = (Vec::new(), 0);
    while came.len() < 4 || unreadable < 1 {
        for delivery in next(&receiver).await {
            let settlement = match &delivery.event {
                Ok(_) => {
                    came.push(id(&delivery));
                    Settlement::Ack
                }
                Err(error) => {
                    assert!(!error.to_string().contains('\u{fffd}'), "its content is not shown");
                    unreadable += 1;
                    given_up_for("it is no event")
                }
            };
            assert_eq!(delivery.topic, topic("orders"));
            settle(&receiver, &delivery, &settlement).await;
        }
    }
    assert_eq!(
        (of_key(&came, "pears"), of_key(&came, "plums")),
        (in_order("pears", 2), in_order("plums", 2))
    );
    quiet(&receiver, "all were settled").await;
    let found = fixture.given_up(&name("billing")).await;
    let [found] = &found[..] else { panic!("one was given up: {found:?}") };
    assert_eq!(found.content.as_ref().err().map(Vec::as_slice), Some(&bytes[..]));
    assert_eq!((found.topic.as_str(), found.reason.as_str()), ("orders", "it is no event"));
}

/// Subscription 6: given up is kept, and not forgotten with its subscription's other messages.
pub(super) async fn what_was_given_up_is_kept_with_its_reason<F: EventBusFixture>(fixture: &F) {
    let receiver = opened(fixture, "billing").await;
    published(&*fixture.bus(), &messages(&["pears"], 3)).await;
    let first = one(&receiver).await;
    let reason = "no such \"fruit\"\n\u{e9}\u{1d11e}";
    settle(&receiver, &first, &given_up_for(reason)).await;
    assert_eq!(ids(&all(&receiver, 2).await), ["pears-2", "pears-3"], "its key goes on");
    drop(receiver);
    let receiver = opened(fixture, "billing").await;
    tokio::time::sleep(fixture.hidden_for()).await;
    quiet(&receiver, "it was given up").await;
    let found = fixture.given_up(&name("billing")).await;
    let [found] = &found[..] else { panic!("one was given up: {found:?}") };
    assert_eq!(found.content, Ok(event("pears", 1)));
    assert_eq!((found.topic.as_str(), found.reason.as_str()), ("orders", reason));
}
