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
use strangler_fig::stamp::Record;

use crate::ablation::Ablation;
use crate::judge::Id;
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
    Refused(After),
    /// The answer is lost; the effect comes at any later time, or never.
    Lost(After),
    /// The answer is lost, and half of the effect is there.
    Torn(After),
}

impl Choice {
    /// Whether the call fails, and is made again.
    const fn is_repeated(self) -> bool {
        matches!(
            self,
            Self::Refused(After::Repeat) | Self::Lost(After::Repeat) | Self::Torn(After::Repeat)
        )
    }

    /// Whether nobody knows what became of the call.
    const fn is_lost(self) -> bool {
        matches!(self, Self::Lost(_) | Self::Torn(_))
    }

    /// The call fails so.
    fn befalls(
        self,
        node: usize,
        side: Side,
        record: &Record<Id>,
        world: &mut World,
        without: Option<Ablation>,
    ) {
        world.fail(self.is_repeated());
        match self {
            Self::Lost(_) => world.lose(node, side, record.clone()),
            Self::Torn(_) => world.tear(node, side, record, without),
            _ => {}
        }
    }
}

/// What follows a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum After {
    /// The failure is the answer.
    End,
    /// The same call is made again, at any later time.
    Repeat,
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
            Self::Repair(job) => job.join.choices(job.node, world),
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
            Self::Write(job) => format!("write {} {}", job.id, job.tell(choice, world)),
            Self::Read(job) => format!("read {}", job.tell(choice, world)),
            Self::Query(job) => format!("query {}", job.tell()),
            Self::Repair(job) => format!("repair {}", job.join.tell(choice)),
            Self::Sweep(job) => format!("sweep {}", job.tell(choice)),
        };
        match choice {
            Choice::Go | Choice::Read(_) => told,
            Choice::Clock(Wall::Behind) => format!("{told}, by a clock that is behind"),
            Choice::Clock(Wall::Ahead) => format!("{told}, by a clock that is ahead"),
            Choice::Refused(After::End) => format!("{told}, which refuses"),
            Choice::Lost(After::End) => format!("{told}; the answer is lost"),
            Choice::Refused(After::Repeat) => {
                format!("{told}, which refuses; a repeat is to follow")
            }
            Choice::Lost(After::Repeat) => {
                format!("{told}; the answer is lost, and a repeat is to follow")
            }
            Choice::Torn(After::End) => format!("{told}, which fails half way"),
            Choice::Torn(After::Repeat) => {
                format!("{told}, which fails half way; a repeat is to follow")
            }
        }
    }

    /// The node is gone, or the caller is: what a call under way does, comes
    /// later or never.
    pub(crate) fn vanish(self, world: &mut World) {
        match self {
            Self::Write(job) => job.vanish(world),
            Self::Read(job) => job.vanish(world),
            Self::Query(_) => {}
            Self::Repair(job) => job.join.vanish(job.node, world),
            Self::Sweep(job) => job.vanish(world),
        }
    }
}

/// A call to a store that may also fail, while failures are left.
fn call(side: Side, world: &World) -> Vec<Choice> {
    let mut choices = vec![Choice::Go];
    if world.left.failures > 0 {
        choices.extend([Choice::Refused(After::End), Choice::Lost(After::End)]);
    }
    // No doubt is repeated where stamps are forgotten.
    let repeats = repeats(world).into_iter();
    choices.extend(repeats.filter(|choice| !choice.is_lost() || !world.forgets(side)));
    if world.left.failures > 0 && world.left.tears > 0 && !world.forgets(side) {
        choices.push(Choice::Torn(After::End));
        if world.left.repeats > 0 {
            choices.push(Choice::Torn(After::Repeat));
        }
    }
    choices
}

/// How a call may fail and be made again, while failures and repeats are left.
fn repeats(world: &World) -> Vec<Choice> {
    if world.left.failures > 0 && world.left.repeats > 0 {
        vec![Choice::Refused(After::Repeat), Choice::Lost(After::Repeat)]
    } else {
        Vec::new()
    }
}
