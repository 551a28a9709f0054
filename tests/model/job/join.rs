use strangler_fig::phase::Side;
use strangler_fig::repository::{Applied, Join, JoinRule};
use strangler_fig::stamp::Record;

use super::{Choice, call};
use crate::ablation::Ablation;
use crate::judge::Id;
use crate::world::World;

/// The join of the key, as `repository/join_key.rs` drives it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Joining {
    rule: JoinRule,
    legacy: Option<Record<Id>>,
    modern: Option<Record<Id>>,
    /// What is to be applied, and where; the last first.
    calls: Vec<(Side, Record<Id>)>,
    /// Whether it is as good if a later record is there already.
    may_be_stale: bool,
}

/// How a join goes on.
pub(crate) enum Joined {
    On(Joining),
    Found(Record<Id>),
    Failed,
}

impl Joining {
    pub(crate) const fn new(rule: JoinRule) -> Self {
        Self { rule, legacy: None, modern: None, calls: Vec::new(), may_be_stale: false }
    }

    pub(crate) fn choices(&self, world: &World) -> Vec<Choice> {
        let (legacy, modern) = (Choice::Read(Side::Legacy), Choice::Read(Side::Modern));
        let winner_last = match self.rule {
            JoinRule::Larger { .. } => None,
            JoinRule::Wins { winner, .. } => Some(winner),
        };
        match (&self.legacy, &self.modern) {
            (Some(_), Some(_)) => call(world),
            (None, None) => match winner_last {
                None => vec![legacy, modern],
                Some(Side::Legacy) => vec![modern],
                Some(Side::Modern) => vec![legacy],
            },
            (None, Some(_)) => vec![legacy],
            (Some(_), None) => vec![modern],
        }
    }

    /// `rule` as it is now: the one planned with must still hold when both are
    /// read.
    pub(crate) fn step(
        mut self,
        choice: Choice,
        rule: JoinRule,
        world: &mut World,
        without: Option<Ablation>,
    ) -> Joined {
        if let Choice::Read(side) = choice {
            let record = Some(world.read(side, without));
            match side {
                Side::Legacy => self.legacy = record,
                Side::Modern => self.modern = record,
            }
            return match (self.legacy.take(), self.modern.take()) {
                (Some(_), Some(_)) if rule != self.rule => Joined::On(Self::new(rule)),
                (Some(legacy), Some(modern)) => self.decide(legacy, modern, world, without),
                (legacy, modern) => Joined::On(Self { legacy, modern, ..self }),
            };
        }
        let Some((side, record)) = self.calls.pop() else { return Joined::Failed };
        if choice != Choice::Go {
            world.left.failures -= 1;
            if choice == Choice::Lost {
                world.lose(side, record);
            }
            return Joined::Failed;
        }
        let applied = world.apply(side, &record, without);
        if applied != Applied::Stored && !self.may_be_stale {
            return Joined::On(Self::new(rule));
        }
        if self.calls.is_empty() { Joined::Found(record) } else { Joined::On(self) }
    }

    fn decide(
        mut self,
        legacy: Record<Id>,
        modern: Record<Id>,
        world: &World,
        without: Option<Ablation>,
    ) -> Joined {
        let of = |side| if side == Side::Legacy { &legacy } else { &modern };
        self.calls = match self.rule.decide(&legacy, &modern) {
            Join::Level | Join::Stuck => return Joined::Found(of(self.rule.winner()).clone()),
            Join::Settle { .. } if without == Some(Ablation::Base) => {
                return Joined::Found(of(self.rule.winner()).clone());
            }
            Join::Copy { from } if without == Some(Ablation::BringUp) => {
                return Joined::Found(of(from).clone());
            }
            Join::Copy { from } => {
                self.may_be_stale = matches!(self.rule, JoinRule::Larger { .. });
                vec![(from.other(), of(from).clone())]
            }
            Join::Settle { from, stamp, both } => {
                let mut record = of(from).clone();
                record.stamp = match without {
                    Some(Ablation::SuccessorStamp) => world.stamp_ahead(),
                    _ => stamp,
                };
                let other = (from.other(), record.clone());
                match (both, from) {
                    (false, _) => vec![other],
                    (true, Side::Legacy) => vec![other, (from, record)],
                    (true, Side::Modern) => vec![(from, record), other],
                }
            }
        };
        (self.legacy, self.modern) = (Some(legacy), Some(modern));
        Joined::On(self)
    }

    pub(super) fn tell(&self, choice: Choice) -> String {
        match (choice, self.calls.last()) {
            (Choice::Read(side), _) => format!("reads {}", side.name()),
            (_, Some((side, _))) => format!("writes to {}", side.name()),
            (_, None) => unreachable!("a join has something to do"),
        }
    }

    pub(crate) fn vanish(mut self, world: &mut World) {
        if let Some((side, record)) = self.calls.pop() {
            world.lose(side, record);
        }
    }
}
