//! Each request is told once, wherever it was sent and however often.

use std::sync::Arc;

use strangler_fig::observe::Event;

use crate::follow;
use crate::support::{Side, Told, builder, get, whole};
use crate::wired::{self, JOINS, WRITES};

type Routed = Vec<(&'static str, &'static str)>;

fn routed(told: &Told) -> Routed {
    let routed = |event: &Event| match event {
        Event::RequestRouted { side, reason } => Some((*side, *reason)),
        _ => None,
    };
    told.events().iter().filter_map(routed).collect()
}

#[tokio::test]
async fn a_request_to_both_sides_is_told_by_the_one_that_is_sent_first() {
    let (legacy, modern) = (Side::says("legacy"), Side::says("modern"));
    let told = Arc::new(Told::default());
    let writer = wired::writer(&legacy, &modern);
    let builder = builder(WRITES, &legacy, &modern).with_dual_writer(writer);
    let gateway = builder.with_observer(told.clone()).build().unwrap();
    assert_eq!(whole(gateway.handle(wired::order()).await).await.0, 200);
    assert_eq!(routed(&told), [("legacy", "fixed")]);
}

#[tokio::test]
async fn a_joined_request_is_told_beside_its_parts() {
    let (legacy, modern) = (Side::says("legacy"), Side::says("{}"));
    let told = Arc::new(Told::default());
    let builder = builder(JOINS, &legacy, &modern)
        .with_aggregate("page", wired::aggregate("/orders/{id}"))
        .with_aggregate("loop", wired::aggregate("/loop/{id}"));
    let gateway = builder.with_observer(told.clone()).build().unwrap();
    whole(gateway.handle(get("/page/7")).await).await;
    assert_eq!(routed(&told), [("several", "aggregated"), ("modern", "fixed")]);
}

#[tokio::test]
async fn a_request_that_is_made_again_after_a_move_is_told_once() {
    let tracker = follow::tracker();
    let legacy = follow::moves(&tracker, follow::CROSSES, "legacy");
    let told = Arc::new(Told::default());
    let builder = builder(follow::FOLLOWS, &legacy, &Side::says("modern"));
    let gateway = builder.with_tracker(tracker).with_observer(told.clone()).build().unwrap();
    assert_eq!(whole(gateway.handle(get("/")).await).await.0, 200);
    assert_eq!((legacy.count(), routed(&told).len()), (2, 1));
}
