//! Texts in the place of the state that are none, or impossible: a node says where,
//! keeps what it has, and goes on with the next good one.

use strangler_fig::phase::{
    Fleet, MigrationState, Move, MoveId, MoveNote, Phase, Standing, TrackerError,
};

use crate::name;
use crate::node::World;

/// What is wrong with a document, and where an error must point.
fn hostile(good: &str) -> Vec<(&'static str, String, &'static str)> {
    let swap = |from: &str, to: &str| {
        let bad = good.replace(from, to);
        assert_ne!(bad, good, "{from}");
        bad
    };
    let record = {
        let start = good.find("\"history\":[").unwrap() + "\"history\":[".len();
        good[start..good.rfind(']').unwrap()].to_owned()
    };
    let records: Vec<_> = (1..=40)
        .map(|epoch| record.replacen("\"epoch\":1", &format!("\"epoch\":{epoch}"), 1))
        .collect();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let huge = "9".repeat(400);
    vec![
        ("an unknown phase", swap("\"dual_write\"", "\"sideways\""), "state.base.phase"),
        ("a newer version", swap("\"version\":1", "\"version\":2"), "version 2"),
        ("a truncated one", good[..good.len() / 2].to_owned(), "it ends too early"),
        ("another migration's", swap("\"rows\"", "\"users\""), "users"),
        ("an impossible one", swap("\"since_epoch\":1", "\"since_epoch\":7"), "base"),
        ("an oversized history", swap(&record, &records.join(",")), "state.history"),
        ("a history that runs ahead", swap(&record, &records[7]), "history"),
        ("a deep one", swap("\"cohort\":null", &format!("\"cohort\":{deep}")), "state.cohort"),
        (
            "a deep unknown field",
            swap("\"state\":{", &format!("\"state\":{{\"depth\":{deep},")),
            "state.depth",
        ),
        (
            "an epoch beyond what a word holds",
            swap("\"epoch\":1,\"move", "\"epoch\":1099511627776,\"move"),
            "epoch",
        ),
        ("a huge epoch", swap("\"epoch\":1,\"move", &format!("\"epoch\":{huge},\"move")), "epoch"),
        ("an epoch below zero", swap("\"epoch\":1,\"move", "\"epoch\":-1,\"move"), "state.epoch"),
        (
            "a fraction of an epoch",
            swap("\"epoch\":1,\"move", "\"epoch\":1.5,\"move"),
            "state.epoch",
        ),
        ("nothing", String::new(), "it ends too early"),
        ("a proxy's page", "<html>502 Bad Gateway</html>".to_owned(), "format"),
        ("a list", "[]".to_owned(), "format"),
        ("bytes of zero", "\0".repeat(64), "format"),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_hostile_document_is_refused_by_its_field_and_the_next_good_one_followed() {
    let world = World::new().await;
    let node = world.node("node-1").await;
    world.go(&[&node], Phase::DualWrite).await;
    let good = world.service.text();
    let state = node.tracker().state();
    for (what, text, points_at) in hostile(&good) {
        world.service.overwrite(Some(text));
        let before = world.lease_of(&node).await.renewal;
        let error = node.tracker().poll().await.unwrap_err();
        assert!(matches!(error, TrackerError::Service { .. }), "{what}: {error:?}");
        assert!(error.is_retryable(), "{what}");
        assert_eq!(node.tracker().state(), state, "{what}");
        node.save((1, "fig")).await.unwrap();
        assert_eq!(world.lease_of(&node).await.renewal, before + 1, "{what}: it is alive");

        let health = node.tracker().health();
        assert_eq!(health.standing, Standing::CutOff, "{what}");
        let told = health.error.unwrap();
        assert!(told.contains(points_at), "{what}: {told}");

        world.service.overwrite(Some(good.clone()));
        node.tracker().poll().await.unwrap();
        let health = node.tracker().health();
        assert_eq!((health.standing, health.error), (Standing::Following, None), "{what}");
    }
    let next = state.transition(&Move::to(Phase::Shadow), MoveId::fixed(7), &Fleet::default());
    let next = next.unwrap().with_record(&Move::to(Phase::Shadow), MoveNote::default());
    world.service.overwrite(Some(next.to_document()));
    node.tracker().poll().await.unwrap();
    assert_eq!(node.tracker().word().base(), Phase::Shadow);
}

#[tokio::test(start_paused = true)]
async fn a_node_does_not_start_on_a_hostile_document_and_leaves_no_lease() {
    let world = World::new().await;
    let first = world.node("node-1").await;
    world.go(&[&first], Phase::DualWrite).await;
    let good = world.service.text();
    for (what, text, _) in hostile(&good) {
        world.service.overwrite(Some(text));
        let config = strangler_fig::phase::TrackerConfig::default();
        let node = "node-2".parse().unwrap();
        let service = world.service.clone();
        let started = strangler_fig::phase::PhaseTracker::start(service, name(), node, config);
        assert!(started.await.is_err(), "{what}");
        assert_eq!(world.leases().await.len(), 1, "{what}");
    }
}

#[test]
fn an_epoch_beyond_what_a_word_holds_is_no_epoch() {
    let good = MigrationState::new(name()).to_document();
    for epoch in [1_u64 << 40, u64::MAX] {
        let far = good.replace("\"epoch\":0", &format!("\"epoch\":{epoch}"));
        assert_ne!(far, good);
        let read = MigrationState::from_document(&far, &name());
        assert!(read.is_err(), "{epoch} does not fit beside the phase: {read:?}");
    }
}
