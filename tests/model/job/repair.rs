use strangler_fig::phase::Scopes;
use strangler_fig::repository::JoinRule;

use super::join::{Joined, Joining};
use super::{Choice, Job, Next};
use crate::ablation::Ablation;
use crate::spec::BUCKET;
use crate::world::World;

/// The join of the key outside of any sweep: a repair.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Repair {
    pub(crate) node: usize,
    pub(super) join: Joining,
    /// Whether it finds all that was done behind the crate's back: nothing else
    /// was under way or still to come as it began, and no such write came since.
    pub(crate) finds_all: bool,
}

/// How this node would join the key now.
pub(super) fn rule(node: usize, world: &World) -> JoinRule {
    let spec = world.spec_of(node).expect("an operation's node is up");
    JoinRule::of(spec.state, BUCKET, Scopes::default())
}

/// Only reads leave out that they bring up what lags.
pub(super) fn outside_of_reads(without: Option<Ablation>) -> Option<Ablation> {
    without.filter(|rule| *rule != Ablation::BringUp)
}

impl Repair {
    pub(crate) fn begin(node: usize, world: &World) -> Self {
        let join = Joining::new(rule(node, world));
        Self { node, join, finds_all: world.is_at_rest() }
    }

    pub(super) fn step(self, choice: Choice, world: &mut World, without: Option<Ablation>) -> Next {
        let rule = rule(self.node, world);
        match self.join.step(choice, rule, world, outside_of_reads(without)) {
            Joined::On(join) => Next::On(Job::Repair(Self { join, ..self })),
            Joined::Found(_) => {
                world.is_bypassed &= !self.finds_all;
                Next::Ended
            }
            Joined::Failed => Next::Ended,
        }
    }
}
