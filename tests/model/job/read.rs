use strangler_fig::phase::{Phase, ReadPlan, Side, read_must_rerun};

use super::join::{Joined, Joining};
use super::repair::rule;
use super::{Choice, Job, Next};
use crate::ablation::Ablation;
use crate::judge::Seen;
use crate::story;
use crate::world::World;

/// A read of the key, as `repository/read.rs` drives it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Read {
    pub(crate) node: usize,
    pub(crate) reader: u8,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    /// It is to be planned.
    Begin,
    /// One store is asked.
    One(Phase, Side),
    /// Both are asked, and made one.
    Both(Joining),
    /// The end check.
    End(Phase, Seen),
}

/// The end check of a read.
pub(super) fn must_rerun(planned: Phase, now: Phase, without: Option<Ablation>) -> bool {
    match without {
        Some(Ablation::EndCheckOfReads) => false,
        Some(Ablation::CutoverChangesThePlan) if now == Phase::Cutover => false,
        _ => read_must_rerun(planned, now),
    }
}

impl Read {
    pub(crate) fn begin(node: usize, reader: u8, world: &mut World) -> Self {
        world.judge.read(reader);
        Self { node, reader, at: At::Begin }
    }

    pub(super) fn choices(&self, world: &World) -> Vec<Choice> {
        match &self.at {
            At::Begin if !world.is_open(self.node) => vec![Choice::Go],
            At::Begin if world.phase_of(self.node) == Phase::Halted => Vec::new(),
            At::Both(joining) => joining.choices(self.node, world),
            At::Begin | At::One(..) | At::End(..) => vec![Choice::Go],
        }
    }

    pub(super) fn step(
        mut self,
        choice: Choice,
        world: &mut World,
        without: Option<Ablation>,
    ) -> Next {
        let now = world.phase_of(self.node);
        self.at = match self.at {
            At::Begin if world.is_shut(self.node, true, without) => {
                world.judge.forget(self.reader);
                return Next::Ended;
            }
            At::End(..) if world.is_shut(self.node, false, without) => {
                world.judge.forget(self.reader);
                return Next::Ended;
            }
            At::Begin => match ReadPlan::of(now) {
                ReadPlan::Single(side) | ReadPlan::Shadowed(side) => At::One(now, side),
                ReadPlan::Both => At::Both(Joining::new(rule(self.node, world, without))),
                ReadPlan::Wait => At::Begin,
            },
            At::One(phase, side) => At::End(phase, world.read(self.node, side, without).value),
            At::Both(joining) => {
                let rule = (self.node, rule(self.node, world, without));
                match joining.step(choice, rule, world, without) {
                    Joined::On(joining) => At::Both(joining),
                    Joined::Found(record) | Joined::Stuck(record)
                        if !world.is_shut(self.node, false, without) =>
                    {
                        world.judge.answer(self.reader, record.value);
                        return Next::Ended;
                    }
                    Joined::Found(_) | Joined::Stuck(_) | Joined::Failed => {
                        world.judge.forget(self.reader);
                        return Next::Ended;
                    }
                }
            }
            At::End(phase, _) if must_rerun(phase, now, without) => At::Begin,
            At::End(_, seen) => {
                world.judge.answer(self.reader, seen);
                return Next::Ended;
            }
        };
        Next::On(Job::Read(self))
    }

    pub(super) fn tell(&self, choice: Choice, world: &World) -> String {
        let now = world.phase_of(self.node);
        match &self.at {
            At::Begin => format!("is planned in {now}"),
            At::One(_, side) => format!("asks {}", side.name()),
            At::Both(joining) => format!("of both {}", joining.tell(choice)),
            At::End(_, seen) => {
                format!("checks the phase, {now}, and answers {}", story::value(*seen))
            }
        }
    }

    pub(super) fn vanish(self, world: &mut World) {
        world.judge.forget(self.reader);
        if let At::Both(joining) = self.at {
            joining.vanish(self.node, world);
        }
    }
}
