//! What the leases of the fleet say, and stop.

use strangler_fig::phase::{
    Adopted, EvictionGround, Fleet, Move, MoveId, NodeLease, NodeRole, PartName, Phase, Refused,
    Scopes, Share,
};
use strangler_fig::stamp::StampScope;

use super::trip::{Trip, expect_nodes, lease};

/// Every kind of move, as far as each can be made from a fresh state.
fn steps() -> [Move; 3] {
    let share = Share::percent(1);
    [Move::to(Phase::DualWrite), Move::StartCohort { share }, expect_nodes(1)]
}

fn process_scoped(trip: &Trip) -> NodeLease {
    let scopes = Scopes { legacy: StampScope::Process, modern: StampScope::Store };
    lease("node-1", Some(trip.state.adopted())).with_scopes(scopes)
}

fn holding(trip: &Trip, holds: u64) -> Fleet {
    Fleet::new(vec![lease("node-1", Some(trip.state.adopted())).with_holds(holds)])
}

#[test]
fn a_lease_ahead_of_the_state_stops_everything() {
    let mut trip = Trip::new();
    let ahead = Adopted::new(1, MoveId::fixed(0));
    trip.fleet = Fleet::new(vec![lease("node-1", Some(ahead))]);
    for step in steps() {
        let refused = trip.refusal(step.clone());
        assert!(matches!(refused, Refused::StateWentBack { epoch: 0, .. }), "{refused}");
    }
}

#[test]
fn a_lease_of_another_move_of_the_same_epoch_stops_everything() {
    let mut trip = Trip::new().moved(Move::to(Phase::DualWrite)).settled();
    let other = Adopted::new(1, MoveId::fixed(99));
    trip.fleet = Fleet::new(vec![lease("node-1", Some(other))]);
    for step in [Move::to(Phase::Shadow), Move::to(Phase::Cutover), expect_nodes(1)] {
        let refused = trip.refusal(step.clone());
        assert!(matches!(refused, Refused::StateWentBack { epoch: 1, .. }), "{refused}");
    }
}

#[test]
fn one_node_that_lags_is_enough_to_block_a_crossing() {
    let mut trip = Trip::through(&[Phase::Cutover]);
    let now = Some(trip.state.adopted());
    let behind = Some(Adopted::new(0, MoveId::fixed(0)));
    for adopted in [None, behind] {
        trip.fleet = Fleet::new(vec![lease("node-1", now), lease("node-2", adopted)]);
        let refused = trip.refusal(Move::to(Phase::Live));
        let Refused::Unsettled { node, .. } = refused else { panic!("{refused}") };
        assert_eq!(node.name.as_str(), "node-2");
    }
    trip.fleet = Fleet::new(vec![lease("node-1", now), lease("node-2", now)]);
    trip.moved(Move::to(Phase::Live));
}

/// Found before missing and late nodes: nothing else is worth waiting for.
#[test]
fn writers_outside_block_a_crossing_whatever_they_say() {
    let mut trip = Trip::through(&[Phase::Cutover]);
    let now = Some(trip.state.adopted());
    let outside = |adopted| lease("monolith", adopted).with_role(NodeRole::Outside);
    for (node, adopted) in [(now, None), (now, now), (None, None)] {
        trip.fleet = Fleet::new(vec![lease("node-1", node), outside(adopted)]);
        assert!(!trip.state.has_settled(PartName::Base, &trip.fleet));
        assert!(!trip.state.begin_sweep(&trip.fleet).counts());
        let refused = trip.refusal(Move::to(Phase::Live));
        let node = outside(None).node;
        assert_eq!(refused, Refused::OutsideWriters { node });
    }
    trip.fleet = Fleet::new(vec![outside(None)]);
    assert!(matches!(trip.refusal(Move::to(Phase::Live)), Refused::OutsideWriters { .. }));
    trip.fleet = Fleet::new(vec![lease("node-1", now)]);
    trip.moved(Move::to(Phase::Live));
}

/// What need not wait for the fleet goes on, the way back included.
#[test]
fn writers_outside_stop_no_move_within_legacy_s_family() {
    let mut trip = Trip::new();
    trip.fleet = Fleet::new(vec![lease("monolith", None).with_role(NodeRole::Outside)]);
    trip.moved(Move::to(Phase::DualWrite))
        .moved(Move::to(Phase::Cutover))
        .moved(Move::to(Phase::LegacyOnly));
}

#[test]
fn writers_outside_are_none_of_the_nodes_expected() {
    let mut trip = Trip::through(&[Phase::Cutover]).moved(expect_nodes(2)).settled();
    let now = Some(trip.state.adopted());
    let outside = lease("monolith", now).with_role(NodeRole::Outside);
    trip.fleet = Fleet::new(vec![lease("node-1", now), outside]);
    assert!(matches!(trip.refusal(Move::to(Phase::Live)), Refused::OutsideWriters { .. }));
    trip.fleet = Fleet::new(vec![lease("node-1", now)]);
    let missing = Refused::TooFewNodes { expected: 2, found: 1 };
    assert_eq!(trip.refusal(Move::to(Phase::Live)), missing);
}

#[test]
fn fewer_nodes_than_expected_block_a_crossing() {
    let mut trip = Trip::through(&[Phase::Cutover]).moved(expect_nodes(2)).settled();
    assert!(!trip.state.has_settled(PartName::Base, &trip.fleet));
    let refused = trip.refusal(Move::to(Phase::Live));
    assert_eq!(refused, Refused::TooFewNodes { expected: 2, found: 1 });

    let now = Some(trip.state.adopted());
    trip.fleet = Fleet::new(vec![lease("node-1", now), lease("node-2", now)]);
    trip.moved(Move::to(Phase::Live));
}

#[test]
fn fewer_nodes_than_expected_make_a_sweep_count_for_nothing() {
    let trip = Trip::new().moved(expect_nodes(2)).moved(Move::to(Phase::Cutover)).settled();
    assert!(!trip.state.begin_sweep(&trip.fleet).counts());
}

#[test]
fn one_node_is_expected_unless_said_otherwise() {
    let mut trip = Trip::through(&[Phase::Cutover]);
    trip.fleet = Fleet::default();
    let refused = trip.refusal(Move::to(Phase::Live));
    assert_eq!(refused, Refused::TooFewNodes { expected: 1, found: 0 });
}

#[test]
fn what_need_not_wait_is_not_stopped_by_missing_nodes() {
    let mut trip = Trip::new();
    trip.fleet = Fleet::default();
    trip.moved(Move::to(Phase::Shadow)).moved(Move::to(Phase::Cutover));
}

#[test]
fn stamps_in_a_process_block_cutover_unless_the_one_node_is_accepted_by_name() {
    let mut trip = Trip::new();
    let alone = process_scoped(&trip);
    trip.fleet = Fleet::new(vec![alone.clone()]);
    let refused = trip.refusal(Move::to(Phase::Cutover));
    assert_eq!(refused, Refused::ProcessScope { node: alone.node.clone() });

    trip.fleet = trip.fleet.accepting_process_scope("node-2".parse().unwrap());
    assert_eq!(
        trip.refusal(Move::to(Phase::Cutover)),
        Refused::ProcessScope { node: alone.node.clone() }
    );

    trip.fleet = trip.fleet.accepting_process_scope("node-1".parse().unwrap());
    trip.clone().moved(Move::to(Phase::Cutover));

    let two = vec![alone, lease("node-2", Some(trip.state.adopted()))];
    trip.fleet = Fleet::new(two).accepting_process_scope("node-1".parse().unwrap());
    let refused = trip.refusal(Move::to(Phase::Cutover));
    assert!(matches!(refused, Refused::ProcessScope { .. }), "{refused}");
}

#[test]
fn stamps_in_a_process_block_every_crossing() {
    let forward = (vec![Phase::Cutover], Phase::Live);
    let back = (vec![Phase::Cutover, Phase::Live, Phase::Cutover], Phase::DualWrite);
    let halted = (vec![Phase::Cutover, Phase::Live, Phase::Halted], Phase::DualWrite);
    for (phases, to) in [forward, back, halted] {
        let mut trip = Trip::through(&phases);
        trip.fleet = Fleet::new(vec![process_scoped(&trip)]);
        let refused = trip.refusal(Move::to(to));
        assert!(matches!(refused, Refused::ProcessScope { .. }), "{phases:?}: {refused}");
        trip.fleet = trip.fleet.accepting_process_scope("node-1".parse().unwrap());
        trip.moved(Move::to(to));
    }
}

#[test]
fn stamps_in_a_process_do_not_block_what_needs_no_stamps() {
    let mut trip = Trip::new();
    trip.fleet = Fleet::new(vec![process_scoped(&trip)]);
    trip.moved(Move::to(Phase::DualWrite)).moved(Move::to(Phase::Shadow));
}

#[test]
fn a_hold_blocks_the_first_cutover() {
    let mut trip = Trip::new();
    trip.fleet = holding(&trip, 3);
    let refused = trip.refusal(Move::to(Phase::Cutover));
    assert!(matches!(refused, Refused::Held { holds: 3, .. }), "{refused}");
    trip.fleet = holding(&trip, 0);
    trip.moved(Move::to(Phase::Cutover));
}

#[test]
fn a_hold_blocks_nothing_else() {
    let mut trip = Trip::new();
    trip.fleet = holding(&trip, 1);
    trip.moved(Move::to(Phase::DualWrite)).moved(Move::to(Phase::Shadow));

    let mut trip = Trip::through(&[Phase::Cutover]);
    trip.fleet = holding(&trip, 1);
    trip.moved(Move::to(Phase::Live)).moved(Move::to(Phase::Cutover));
}

#[test]
fn a_hold_does_not_block_keys_that_were_cut_over_before() {
    let mut trip = Trip::through(&[Phase::Cutover, Phase::DualWrite]);
    trip.fleet = holding(&trip, 1);
    trip.moved(Move::to(Phase::Cutover));
}

#[test]
fn a_hold_blocks_the_base_though_the_cohort_was_cut_over() {
    let mut trip = Trip::new().with_cohort().cohort_through(&[Phase::Cutover]);
    trip.fleet = holding(&trip, 1);
    for step in [Move::to(Phase::Cutover), Move::GrowCohort { share: Share::percent(50) }] {
        let refused = trip.refusal(step.clone());
        assert!(matches!(refused, Refused::Held { .. }), "{step:?}: {refused}");
    }
}

#[test]

fn a_hold_blocks_the_base_though_the_cohort_has_grown_in_cutover() {
    let trip = Trip::new().with_cohort().cohort_through(&[Phase::Cutover]);
    let mut trip = trip.moved(Move::GrowCohort { share: Share::percent(50) }).settled();
    trip.fleet = holding(&trip, 1);
    let refused = trip.refusal(Move::to(Phase::Cutover));
    assert!(matches!(refused, Refused::Held { .. }), "{refused}");
}

#[test]
fn only_a_lease_that_is_there_can_be_lost() {
    let mut trip = Trip::new();
    trip.fleet = Fleet::new(vec![lease("node-1", None)]);
    let evict = |name: &str| {
        let node = lease(name, None).node;
        Move::Evict { node, ground: EvictionGround::ProcessEnded }
    };
    let refused = trip.refusal(evict("node-2"));
    assert!(matches!(refused, Refused::NoLease { .. }), "{refused}");
    trip.moved(evict("node-1"));
}
