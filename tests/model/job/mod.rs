//! Operations under way, a step at a time, in the order in which the crate takes
//! them: a step touches one store once, or makes one decision.

mod join;
mod query;
mod read;
mod repair;
mod sweep;
mod write;

pub(crate) use query::Query;
pub(crate) use read::Read;
pub(crate) use repair::Repair;
pub(crate) use sweep::Sweep;
pub(crate) use write::Write;

use strangler_fig::phase::Side;

use crate::ablation::Ablation;
use crate::world::{Wall, World};

/// What may happen in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Choice {
    /// The only thing that can.
    Go,
    /// A stamp is made by a clock that stands so.
    Clock(Wall),
    /// This store is read next.
    Read(Side),
    /// The store surely refuses the call.
    Refused,
    /// The answer is lost; the effect comes at any later time, or never.
    Lost,
}

/// An operation under way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Job {
    Write(Write),
    Read(Read),
    Query(Query),
    Repair(Repair),
    Sweep(Sweep),
}

/// Whether an operation goes on.
pub(crate) enum Next {
    On(Job),
    Ended,
}

impl Job {
    pub(crate) const fn node(&self) -> usize {
        match self {
            Self::Write(job) => job.node,
            Self::Read(job) => job.node,
            Self::Query(job) => job.node,
            Self::Repair(job) => job.node,
            Self::Sweep(job) => job.node,
        }
    }

    /// So that the order in which operations began is no difference.
    pub(crate) fn order(&self) -> (u8, usize) {
        match self {
            Self::Write(job) => (0, job.id.into()),
            Self::Read(job) => (1, job.reader.into()),
            Self::Query(job) => (2, job.node),
            Self::Repair(job) => (3, job.node),
            Self::Sweep(job) => (4, job.node),
        }
    }

    /// What may happen next; nothing, while it waits.
    pub(crate) fn choices(&self, world: &World, without: Option<Ablation>) -> Vec<Choice> {
        match self {
            Self::Write(job) => job.choices(world, without),
            Self::Read(job) => job.choices(world),
            Self::Query(job) => job.choices(world),
            Self::Repair(job) => job.join.choices(world),
            Self::Sweep(job) => job.choices(world),
        }
    }

    pub(crate) fn step(self, choice: Choice, world: &mut World, without: Option<Ablation>) -> Next {
        match self {
            Self::Write(job) => job.step(choice, world, without),
            Self::Read(job) => job.step(choice, world, without),
            Self::Query(job) => job.step(world, without),
            Self::Repair(job) => job.step(choice, world, without),
            Self::Sweep(job) => job.step(choice, world, without),
        }
    }

    /// The step in words.
    pub(crate) fn tell(&self, choice: Choice, world: &World) -> String {
        let told = match self {
            Self::Write(job) => format!("write {} {}", job.id, job.tell(world)),
            Self::Read(job) => format!("read {}", job.tell(choice, world)),
            Self::Query(job) => format!("query {}", job.tell()),
            Self::Repair(job) => format!("repair {}", job.join.tell(choice)),
            Self::Sweep(job) => format!("sweep {}", job.tell(choice)),
        };
        match choice {
            Choice::Go | Choice::Read(_) => told,
            Choice::Clock(Wall::Behind) => format!("{told}, by a clock that is behind"),
            Choice::Clock(Wall::Ahead) => format!("{told}, by a clock that is ahead"),
            Choice::Refused => format!("{told}, which refuses"),
            Choice::Lost => format!("{told}; the answer is lost"),
        }
    }

    /// The node is gone, or the caller is: what a call under way does, comes
    /// later or never.
    pub(crate) fn vanish(self, world: &mut World) {
        match self {
            Self::Write(job) => job.vanish(world),
            Self::Read(job) => job.vanish(world),
            Self::Query(_) => {}
            Self::Repair(job) => job.join.vanish(world),
            Self::Sweep(job) => job.vanish(world),
        }
    }
}

/// A call to a store that may also fail, while failures are left.
fn call(world: &World) -> Vec<Choice> {
    if world.left.failures > 0 {
        vec![Choice::Go, Choice::Refused, Choice::Lost]
    } else {
        vec![Choice::Go]
    }
}
