//! All there is to know, for people and for programs.

use strangler_fig::controller::{ControllerStatus, NodeStatus};
use strangler_fig::phase::{
    Backlog, Incarnation, MigrationStateService, Move, NodeId, NodeLease, NodeRole, OutagePolicy,
    PartName, Phase, Share, Side, TrackerConfig,
};

use crate::support::{SECOND, World, ann, name, node_name, state_with_cohort};

/// Two nodes that follow; a fenced one that fell silent; a worker that knows of holds,
/// and forgot what differs; base and cohort in different phases.
async fn mixed() -> (World, ControllerStatus) {
    let mut world = World::at(state_with_cohort(Phase::DualWrite, Phase::Cutover), 2).await;
    let fenced = OutagePolicy::Fenced { term: SECOND * 600 };
    world.join(node_name(3), TrackerConfig::default().with_outage_policy(fenced)).await;
    let controller = world.controller();
    controller.status().await.unwrap();
    world.settles().await;
    controller.status().await.unwrap();
    world.nodes[2].falls_silent();
    controller.advance(&ann()).await.unwrap();
    world.settles().await;
    world.settles().await;

    let node = NodeId { name: node_name(4), incarnation: Incarnation::fixed(4) };
    let mut lease = NodeLease::new(node).with_holds(2).with_role(NodeRole::Worker);
    lease.backlog = Backlog::new(7, true);
    world.service.inner.renew_lease(&name(), &lease).await.unwrap();
    let status = controller.status().await.unwrap();
    (world, status)
}

fn node(status: &ControllerStatus, number: usize) -> &NodeStatus {
    status.nodes.iter().find(|it| it.node.name == node_name(number)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn it_says_where_each_part_stands() {
    let (world, status) = mixed().await;
    let [base, cohort] = &status.parts[..] else { panic!("{status}") };
    let quarter = Share::percent(25);
    assert_eq!((base.part, base.phase), (PartName::Base, Phase::DualWrite));
    assert_eq!((base.from, base.to), (quarter, Share::WHOLE));
    assert_eq!((cohort.part, cohort.phase), (PartName::Cohort, Phase::Cutover));
    assert_eq!((cohort.from, cohort.to), (Share::NONE, quarter));
    assert!(cohort.modern_complete && !base.modern_complete);
    assert!(!cohort.is_settled, "a node starts");
    assert_eq!(status.epoch, world.state().await.epoch());
    assert_eq!((status.legacy_complete, status.query_side), (true, Some(Side::Legacy)));
    assert_eq!(status.history.last().unwrap().actor.as_ref().unwrap().as_str(), "ann");
}

#[tokio::test(start_paused = true)]
async fn it_says_what_is_known_of_each_node() {
    let (_world, status) = mixed().await;
    assert!(!node(&status, 1).is_silent && node(&status, 1).is_settled);
    assert!(node(&status, 1).renewed_ago.unwrap() <= SECOND * 7);
    assert!(node(&status, 3).is_silent);
    assert_eq!(node(&status, 3).term, Some(SECOND * 600));
    let worker = node(&status, 4);
    assert_eq!((worker.role, worker.adopted, worker.is_settled), (NodeRole::Worker, None, false));
    assert_eq!((worker.holds, worker.backlog.keys, worker.backlog.has_overflowed), (2, 7, true));
}

#[tokio::test(start_paused = true)]
async fn it_warns_of_what_an_operator_should_look_at() {
    let (_world, status) = mixed().await;
    let has = |node: usize, what: &str| {
        let node = node_name(node);
        status.warnings.iter().any(|it| it.contains(node.as_str()) && it.ends_with(what))
    };
    assert!(has(3, "does not renew its lease"), "{:?}", status.warnings);
    assert!(has(4, "knows 2 keys where modern is ahead of legacy"), "{:?}", status.warnings);
    assert!(has(4, "has forgotten which keys differ: sweep"), "{:?}", status.warnings);
    assert_eq!(status.warnings.len(), 3, "{:?}", status.warnings);
}

#[tokio::test(start_paused = true)]
async fn it_reads_well() {
    let (_world, status) = mixed().await;
    let text = status.to_string();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "migration rows, epoch 4");
    assert_eq!(lines[1], "base    25.00 % to 100.00 %: dual_write, not settled");
    assert_eq!(lines[2], "cohort  0.00 % to 25.00 %: cutover, not settled, modern complete");
    assert_eq!(lines[3], "legacy  complete; queries go to legacy");
    assert_eq!(lines[4], "nodes   3 serving, 1 expected");
    assert!(lines[5].starts_with("        node-1/") && lines[5].ends_with(" epoch 4"), "{text}");
    assert!(lines[7].starts_with("        node-3/") && lines[7].ends_with(" silent"), "{text}");
    assert!(lines[8].ends_with(" starting, worker, 2 holds, backlog 7"), "{text}");
    assert!(text.contains("\nnext    onward:\n  1. cohort to live (once the fleet has settled)"));
    assert!(
        text.contains("\nback    all in dual_write:\n  1. cohort to dual_write\n  2. cohort ends")
    );
}

#[tokio::test(start_paused = true)]
async fn two_lives_of_a_node_are_one_node_that_serves() {
    let mut world = World::new(Phase::DualWrite).await;
    world.join(node_name(2), TrackerConfig::default()).await;
    let status = world.controller().status().await.unwrap();
    assert_eq!(status.nodes.len(), 3);
    assert!(status.to_string().contains("nodes   2 serving, 1 expected"), "{status}");
}

#[tokio::test(start_paused = true)]
async fn it_is_json() {
    let (_world, status) = mixed().await;
    let json = serde_json::to_value(&status).unwrap();
    assert_eq!(json["migration"], "rows");
    assert_eq!(json["parts"][1]["phase"], "cutover");
    assert_eq!(json["parts"][1]["to"], 2_500);
    assert_eq!(json["nodes"][3]["backlog"]["overflowed"], true);
    assert_eq!(json["history"][3]["reason"], "OPS-12");
    assert_eq!(json["next"]["steps"][0]["step"], "cohort to live");
    assert_eq!(json["warnings"].as_array().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_went_back_is_a_warning() {
    let world = World::new(Phase::Live).await;
    let (controller, first) = (world.controller(), world.state().await);
    controller.advance(&ann()).await.unwrap();
    world.settles().await;
    let found = world.service.inner.current(&name()).await.unwrap().unwrap();
    world.service.inner.compare_and_set(found.revision, &first).await.unwrap();
    let warnings = controller.status().await.unwrap().warnings;
    assert!(warnings[0].contains("the state store went back; nothing moves"), "{warnings:?}");
}

#[tokio::test(start_paused = true)]
async fn a_move_between_two_looks_is_no_store_that_went_back() {
    let world = World::new(Phase::Live).await;
    let (inner, tracker) = (world.service.inner.clone(), world.nodes[0].tracker.clone());
    let mut moved = false;
    world.service.script(move |call| {
        if call == crate::service::Call::Leases && !moved {
            moved = true;
            let (migration, step) = (name(), Move::to(Phase::Cutover));
            let both = async {
                strangler_fig::phase::take_step(&*inner, &migration, &step, None).await.unwrap();
                tracker.poll().await.unwrap();
            };
            futures::FutureExt::now_or_never(both).unwrap();
        }
        crate::service::Fate::Answers
    });
    let status = world.controller().status().await.unwrap();
    assert_eq!(status.warnings, [""; 0]);
    assert_eq!(status.parts[0].phase, Phase::Cutover);
    assert_eq!(status.back.dead_end, None);
}
