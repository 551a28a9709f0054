//! What must hold in every state.

use strangler_fig::phase::{ReadPlan, Side};
use strangler_fig::repository::{Join, JoinRule};
use strangler_fig::stamp::Record;

use crate::ablation;
use crate::judge::Id;
use crate::protocol::Protocol;
use crate::spec::BUCKET;
use crate::world::World;

impl Protocol {
    /// What this node would answer now, at once, from one store.
    fn would_show(&self, world: &World, node: usize) -> Option<Record<Id>> {
        match ReadPlan::of(world.spec_of(node).filter(|_| world.is_open(node))?.phase()) {
            ReadPlan::Single(side) | ReadPlan::Shadowed(side) => {
                Some(world.read(node, side, self.without))
            }
            ReadPlan::Both | ReadPlan::Wait => None,
        }
    }

    /// Every read that is made at once, and every query, answers well.
    pub(crate) fn answers_well(&self, world: &World) -> bool {
        (0..self.nodes).all(|node| {
            let read = self.would_show(world, node);
            let spec = world.spec_of(node).filter(|_| world.is_open(node));
            let side = spec.and_then(|spec| ablation::query_side(self.without, spec));
            let query = side.map(|side| world.read(node, side, self.without).value);
            read.is_none_or(|record| world.judge.allows(record.value))
                && query.is_none_or(|seen| world.judge.query_allows(world.judge.replaced(), seen))
        })
    }

    /// Whether a process that has begun after the other side's record was stamped takes
    /// that one for later.
    fn is_stuck_for_nothing(world: &World, legacy: &Record<Id>, rule: JoinRule) -> bool {
        let it = &world.nodes[0];
        it.remembered[rule.winner() as usize].is_none() && legacy.stamp < it.start
    }

    /// Joined at rest, as the state says, the stores are the same, and hold what
    /// may be read.
    pub(crate) fn converges(&self, world: &World) -> bool {
        let is_forgetful = self.scopes.any_process();
        let knows = world.nodes[0].adopted == Some(world.latest()) && world.is_open(0);
        if is_forgetful && !(knows && self.nodes == 1) {
            return true;
        }
        let rule = JoinRule::of(world.current().state, BUCKET, self.scopes);
        let [mut legacy, mut modern] =
            [Side::Legacy, Side::Modern].map(|side| world.read(0, side, self.without));
        match rule.decide(&legacy, &modern) {
            Join::Level => {}
            // One that forgets is left alone where the other is ahead: but not only because
            // of what it has forgotten since it began.
            Join::Stuck if is_forgetful && !Self::is_stuck_for_nothing(world, &legacy, rule) => {
                let winner = if rule.winner() == Side::Legacy { legacy } else { modern };
                return world.judge.allows(winner.value);
            }
            Join::Stuck => return false,
            Join::Copy { from: Side::Legacy } => modern = legacy.clone(),
            Join::Copy { from: Side::Modern } => legacy = modern.clone(),
            Join::Settle { from, stamp, both } => {
                let value = if from == Side::Legacy { legacy.value } else { modern.value };
                let settled = Record { stamp, value };
                if both || from == Side::Modern {
                    legacy = settled.clone();
                }
                if both || from == Side::Legacy {
                    modern = settled;
                }
            }
        }
        let is_level = rule.decide(&legacy, &modern) == Join::Level && legacy.value == modern.value;
        is_level && world.judge.allows(legacy.value)
    }
}

#[cfg(test)]
mod tests {
    use strangler_fig::stamp::Stamp;

    use super::*;
    use crate::protocol::Start;
    use crate::world::Budget;

    fn world(legacy: Record<Id>, modern: Record<Id>) -> (Protocol, World) {
        let start = Start { legacy, modern, ..crate::starts::live() };
        let protocol = Protocol::new(vec![start], Budget::NONE);
        let world = protocol.begin(&protocol.starts[0]);
        (protocol, world)
    }

    #[test]
    fn stores_that_no_join_makes_one_do_not_converge() {
        let (protocol, mut world) = world(Record::live(Stamp::MAX, 1), Record::live(Stamp::MAX, 2));
        assert!(!protocol.converges(&world));
        world.modern = world.legacy.clone();
        assert!(!protocol.converges(&world), "nobody has written that");
    }

    #[test]
    fn a_read_of_a_store_that_lags_does_not_answer_well() {
        let (protocol, mut world) =
            world(Record::live(Stamp::BASE, 0), Record::live(Stamp::BASE, 0));
        assert!(protocol.answers_well(&world));
        let save = world.judge.write(false);
        world.judge.acknowledge(save);
        assert!(!protocol.answers_well(&world));
    }
}
