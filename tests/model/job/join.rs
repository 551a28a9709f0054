use strangler_fig::phase::Side;
use strangler_fig::repository::{Applied, Join, JoinRule};
use strangler_fig::stamp::{Record, Stamp};

use super::{Choice, call};
use crate::ablation::Ablation;
use crate::judge::Id;
use crate::world::World;

/// The join of the key, as `repository/join_key.rs` drives it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Joining {
    rule: JoinRule,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    /// Both are read; what is read so far.
    Read { legacy: Option<Record<Id>>, modern: Option<Record<Id>> },
    /// The side that lags is called.
    Copy { from: Side, record: Record<Id> },
    /// It had a later stamp: does the winner show as much?
    Confirm { from: Side, later: Stamp, record: Record<Id> },
    /// A settlement is applied, at the last of these first.
    Settle { sides: Vec<Side>, record: Record<Id> },
}

/// How a join goes on.
pub(crate) enum Joined {
    On(Joining),
    Found(Record<Id>),
    /// The sides differ and stay so; this one counts.
    Stuck(Record<Id>),
    Failed,
}

impl Joining {
    pub(crate) const fn new(rule: JoinRule) -> Self {
        Self { rule, at: At::Read { legacy: None, modern: None } }
    }

    pub(crate) fn choices(&self, node: usize, world: &World) -> Vec<Choice> {
        if let (Some(_), false) = (self.call(), world.is_open(node)) {
            return vec![Choice::Go];
        }
        let both = || vec![Choice::Read(Side::Legacy), Choice::Read(Side::Modern)];
        match (&self.at, self.rule) {
            (At::Copy { .. } | At::Settle { .. }, _) => {
                let (side, _) = self.call().expect("it is about to call");
                call(side, world)
            }
            (At::Confirm { from, .. }, _) => vec![Choice::Read(*from)],
            (At::Read { legacy: None, modern: None }, JoinRule::Larger { .. }) => both(),
            (At::Read { legacy: None, modern: None }, JoinRule::Wins { winner, .. }) => {
                vec![Choice::Read(winner.other())]
            }
            (At::Read { legacy: None, .. }, _) => vec![Choice::Read(Side::Legacy)],
            (At::Read { .. }, _) => vec![Choice::Read(Side::Modern)],
        }
    }

    /// `rule` as it is now: the one planned with must still hold when both are
    /// read.
    pub(crate) fn step(
        self,
        choice: Choice,
        (node, rule): (usize, JoinRule),
        world: &mut World,
        without: Option<Ablation>,
    ) -> Joined {
        // A node whose lease has run out copies nothing more.
        let is_asked = without != Some(Ablation::FenceOfCopies);
        if is_asked && self.call().is_some() && !world.is_open(node) {
            return Joined::Failed;
        }
        let again = || Joined::On(Self::new(rule));
        let Self { rule: planned, at } = self;
        let on = |at| Joined::On(Self { rule: planned, at });
        match (at, choice) {
            (At::Read { mut legacy, mut modern }, Choice::Read(side)) => {
                let record = Some(world.read(node, side, without));
                *if side == Side::Legacy { &mut legacy } else { &mut modern } = record;
                match (legacy, modern) {
                    (Some(_), Some(_)) if rule != planned => again(),
                    (Some(legacy), Some(modern)) => {
                        decided(planned, legacy, modern, world, without)
                    }
                    (legacy, modern) => on(At::Read { legacy, modern }),
                }
            }
            (At::Copy { from, record }, Choice::Go) => {
                match (world.apply(node, from.other(), &record, without), planned) {
                    (Applied::Stored, _) | (_, JoinRule::Larger { .. }) => Joined::Found(record),
                    (Applied::Stale(later), _) => on(At::Confirm { from, later, record }),
                }
            }
            (At::Confirm { from, later, record }, _) => {
                if world.read(node, from, without).stamp >= later {
                    Joined::Found(record)
                } else {
                    again()
                }
            }
            (At::Settle { mut sides, record }, Choice::Go) => {
                let side = sides.pop().expect("a side to settle");
                match world.apply(node, side, &record, without) {
                    Applied::Stale(_) => again(),
                    Applied::Stored if sides.is_empty() => Joined::Found(record),
                    Applied::Stored => on(At::Settle { sides, record }),
                }
            }
            (at, choice) => {
                let failed = Self { rule: planned, at };
                let (side, record) = failed.call().expect("only calls fail");
                choice.befalls(node, side, record, world, without);
                if choice.is_repeated() { Joined::On(failed) } else { Joined::Failed }
            }
        }
    }

    /// The call it is about to make.
    fn call(&self) -> Option<(Side, &Record<Id>)> {
        match &self.at {
            At::Read { .. } | At::Confirm { .. } => None,
            At::Copy { from, record } => Some((from.other(), record)),
            At::Settle { sides, record } => sides.last().map(|side| (*side, record)),
        }
    }

    pub(super) fn tell(&self, choice: Choice) -> String {
        match (choice, self.call()) {
            (Choice::Read(side), _) => format!("reads {}", side.name()),
            (_, Some((side, _))) => format!("writes to {}", side.name()),
            (_, None) => unreachable!("a join reads or writes"),
        }
    }

    pub(crate) fn vanish(self, node: usize, world: &mut World) {
        if let Some((side, record)) = self.call() {
            world.leave(node, side, record.clone());
        }
    }
}

fn decided(
    rule: JoinRule,
    legacy: Record<Id>,
    modern: Record<Id>,
    world: &World,
    without: Option<Ablation>,
) -> Joined {
    let join = rule.decide(&legacy, &modern);
    let of = |side| if side == Side::Legacy { legacy } else { modern };
    let at = match (join, without) {
        (Join::Stuck, _) => return Joined::Stuck(of(rule.winner())),
        (Join::Level, _) | (Join::Settle { .. }, Some(Ablation::Base)) => {
            return Joined::Found(of(rule.winner()));
        }
        (Join::Copy { from }, Some(Ablation::BringUp)) => return Joined::Found(of(from)),
        (Join::Copy { from }, _) => At::Copy { from, record: of(from) },
        (Join::Settle { from, stamp, both }, _) => {
            let stamp = match without {
                Some(Ablation::SuccessorStamp) => world.stamp_ahead(),
                _ => stamp,
            };
            let record = Record { stamp, ..of(from) };
            // Legacy first.
            let sides = if both { vec![Side::Modern, Side::Legacy] } else { vec![from.other()] };
            At::Settle { sides, record }
        }
    };
    Joined::On(Joining { rule, at })
}
