//! Subscriptions, and who shares them.

use futures::join;

use super::EventBusFixture;
use super::samples::{
    QUIET, Receiver, ack, all, event, id, ids, in_order, message, messages, of_key, one, opened,
    opened_for, published, quiet, rest, sorted, topic, within,
};

/// Subscriber 1.
pub(super) async fn a_subscription_keeps_what_nobody_receives<F: EventBusFixture>(fixture: &F) {
    drop(opened(fixture, "billing").await);
    published(&*fixture.bus(), &messages(&["pears"], 3)).await;
    let receiver = opened(fixture, "billing").await;
    assert_eq!(ids(&all(&receiver, 3).await), in_order("pears", 3));
    published(&*fixture.bus(), &[message("pears", 4)]).await;
    drop(receiver);
    let receiver = opened(fixture, "billing").await;
    assert_eq!(ids(&all(&receiver, 1).await), ["pears-4"]);
}

/// Subscriber 2.
pub(super) async fn subscriptions_do_not_disturb_each_other<F: EventBusFixture>(fixture: &F) {
    let billing = opened(fixture, "billing").await;
    let stock = opened(fixture, "stock").await;
    published(&*fixture.bus(), &messages(&["pears"], 3)).await;
    let held = one(&billing).await;
    assert_eq!(ids(&all(&stock, 3).await), in_order("pears", 3), "the other holds its own only");
    ack(&billing, &held).await;
    assert_eq!(ids(&all(&billing, 2).await), ["pears-2", "pears-3"]);
    quiet(&stock, "it has had them").await;
}

/// Subscriber 2: nothing comes to two, unless it comes again.
pub(super) async fn one_name_shares_what_comes<F: EventBusFixture>(fixture: &F) {
    let receivers = [opened(fixture, "billing").await, opened(fixture, "billing").await];
    let keys = ["pears", "plums", "figs", "nuts", "kiwis"];
    let (came, ()) = join!(
        async {
            let (some, others) = join!(firsts(&receivers[0]), firsts(&receivers[1]));
            [some, others].concat()
        },
        async { published(&*fixture.bus(), &messages(&keys, 4)).await }
    );
    let expected = keys.iter().flat_map(|key| in_order(key, 4)).collect();
    assert_eq!(sorted(came), sorted(expected), "each came once");
}

/// What comes for the first time until nothing does.
async fn firsts(receiver: &Receiver) -> Vec<String> {
    let mut came = Vec::new();
    loop {
        let found = within(QUIET * 6, receiver, 16).await;
        if found.is_empty() {
            return came;
        }
        for delivery in found {
            ack(receiver, &delivery).await;
            came.extend((delivery.attempt.get() == 1).then(|| id(&delivery)));
        }
    }
}

/// Subscriber 3.
pub(super) async fn opening_again_keeps_what_waits_and_adds_topics<F: EventBusFixture>(
    fixture: &F,
) {
    let first = opened_for(fixture, "billing", &["orders"]).await;
    published(&*fixture.bus(), &[message("pears", 1), message("plums", 1)]).await;
    drop(first);
    let second = opened_for(fixture, "billing", &["returns"]).await;
    published(&*fixture.bus(), &[event("figs", 1).to(topic("returns")), message("nuts", 1)]).await;
    let came = ids(&all(&second, 4).await);
    assert_eq!(sorted(came), ["figs-1", "nuts-1", "pears-1", "plums-1"]);
    drop(second);
    let third = opened_for(fixture, "billing", &["orders", "returns"]).await;
    assert_eq!(rest(&third).await, [""; 0], "nothing is left");
}

/// Subscription 5.
pub(super) async fn a_key_comes_in_order<F: EventBusFixture>(fixture: &F) {
    let receiver = opened(fixture, "billing").await;
    let (bus, keys) = (fixture.bus(), ["pears", "plums", "figs"]);
    for part in messages(&keys, 12).chunks(9) {
        published(&*bus, part).await;
    }
    let came = ids(&all(&receiver, 36).await);
    for key in keys {
        assert_eq!(of_key(&came, key), in_order(key, 12));
    }
}

/// Subscription 5: of two receivers only who holds a key's earlier message is given the later ones.
pub(super) async fn a_later_message_comes_to_nobody_else_meanwhile<F: EventBusFixture>(
    fixture: &F,
) {
    let [first, second] = [opened(fixture, "billing").await, opened(fixture, "billing").await];
    published(&*fixture.bus(), &messages(&["pears"], 4)).await;
    let (held, is_first) = tokio::select! {
        came = one(&first) => (came, true),
        came = one(&second) => (came, false),
    };
    let (holder, other) = if is_first { (first, second) } else { (second, first) };
    assert_eq!(id(&held), "pears-1");
    quiet(&other, "another holds an earlier one").await;
    drop(holder);
    assert_eq!(ids(&all(&other, 4).await), in_order("pears", 4));
}
