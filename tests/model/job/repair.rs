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
}

/// How this node would join the key now.
pub(super) fn rule(node: usize, world: &World, without: Option<Ablation>) -> JoinRule {
    let spec = world.spec_of(node).expect("an operation's node is up");
    JoinRule::of(spec.state, BUCKET, scopes(world, without))
}

/// What a join believes of where stamps are kept.
pub(crate) fn scopes(world: &World, without: Option<Ablation>) -> Scopes {
    match without {
        Some(Ablation::ForgetfulPrimaryTakesNothing) => Scopes::default(),
        _ => world.scopes,
    }
}

/// Only reads leave out that they bring up what lags.
pub(super) fn outside_of_reads(without: Option<Ablation>) -> Option<Ablation> {
    without.filter(|rule| *rule != Ablation::BringUp)
}

impl Repair {
    pub(crate) fn begin(node: usize, world: &World, without: Option<Ablation>) -> Self {
        Self { node, join: Joining::new(rule(node, world, without)) }
    }

    pub(super) fn step(self, choice: Choice, world: &mut World, without: Option<Ablation>) -> Next {
        let rule = (self.node, rule(self.node, world, without));
        match self.join.step(choice, rule, world, outside_of_reads(without)) {
            Joined::On(join) => Next::On(Job::Repair(Self { join, ..self })),
            Joined::Found(_) | Joined::Stuck(_) | Joined::Failed => Next::Ended,
        }
    }
}
