//! How much comes, and when.

use std::time::Duration;

use tokio::time::timeout;

use super::EventBusFixture;
use super::samples::{
    QUIET, ack, answered, id, ids, in_order, limited, message, messages, next, of_key, one, opened,
    published, quiet, some, within,
};

/// Subscription 4: the back-pressure.
pub(super) async fn no_more_than_the_limit_is_in_flight<F: EventBusFixture>(fixture: &F) {
    let receiver = limited(fixture, "billing", &["orders"], 3).await;
    let keys = ["pears", "plums", "figs", "nuts", "kiwis", "limes", "dates", "grapes"];
    published(&*fixture.bus(), &messages(&keys, 1)).await;
    let (mut held, mut seen) = (Vec::new(), 0);
    loop {
        let found = within(QUIET, &receiver, 16).await;
        let is_all = found.is_empty();
        seen += found.len();
        held.extend(found);
        assert!(held.len() <= 3, "{} are unsettled", held.len());
        if is_all {
            break;
        }
    }
    assert!(!held.is_empty(), "some are in flight");
    while seen < keys.len() {
        for delivery in held.drain(..) {
            ack(&receiver, &delivery).await;
        }
        held = next(&receiver).await;
        seen += held.len();
        assert!(held.len() <= 3, "{} are unsettled", held.len());
    }
}

/// Subscription 4.
pub(super) async fn receive_waits<F: EventBusFixture>(fixture: &F) {
    let receiver = opened(fixture, "billing").await;
    let bus = fixture.bus();
    for n in 1..=2 {
        let (came, ()) = futures::join!(timeout(QUIET * 20, receiver.receive(some(9))), async {
            tokio::time::sleep(QUIET).await;
            published(&*bus, &[message("pears", n)]).await;
        });
        let came = answered("receiving", came.expect("it comes"));
        assert_eq!(ids(&came), [format!("pears-{n}")]);
        ack(&receiver, &came[0]).await;
    }
}

/// Cancel safety of `receive`.
pub(super) async fn receive_may_be_dropped<F: EventBusFixture>(fixture: &F) {
    let receiver = opened(fixture, "billing").await;
    let bus = fixture.bus();
    let keys = ["pears", "plums"];
    let (mut came, mut sent) = (Vec::new(), 0);
    for turn in 0..400_u64 {
        if turn % 4 == 0 && sent < 10 {
            sent += 1;
            published(&*bus, &keys.map(|key| message(key, sent))).await;
        }
        let found = within(Duration::from_millis(turn % 5), &receiver, 2).await;
        for delivery in found {
            ack(&receiver, &delivery).await;
            came.push(id(&delivery));
        }
    }
    while came.len() < 20 {
        for delivery in next(&receiver).await {
            ack(&receiver, &delivery).await;
            came.push(id(&delivery));
        }
    }
    for key in keys {
        assert_eq!(of_key(&came, key), in_order(key, 10));
    }
}

/// `extend`: what shows signs of life stays where it is.
pub(super) async fn what_is_extended_comes_to_nobody_else<F: EventBusFixture>(fixture: &F) {
    let holder = opened(fixture, "billing").await;
    published(&*fixture.bus(), &[message("pears", 1)]).await;
    let held = one(&holder).await;
    let other = opened(fixture, "billing").await;
    for _ in 0..8 {
        let pause = fixture.hidden_for() / 4;
        assert!(within(pause, &other, 9).await.is_empty(), "it is held");
        answered("extending", holder.extend(&[held.receipt]).await);
    }
    ack(&holder, &held).await;
    tokio::time::sleep(fixture.hidden_for()).await;
    quiet(&other, "it was acknowledged").await;
}
