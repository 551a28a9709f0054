use strangler_fig::phase::{Family, Phase, Side, WritePlan, read_must_rerun, write_must_rerun};
use strangler_fig::repository::Applied;
use strangler_fig::stamp::{Record, Stamp};

use super::{Choice, Job, Next, call, repeats};
use crate::ablation::Ablation;
use crate::judge::Id;
use crate::world::{Wall, World};

/// A save or a deletion: rules R5 to R7, as `repository/write.rs` drives them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Write {
    pub(crate) node: usize,
    pub(crate) id: Id,
    pub(crate) record: Record<Id>,
    is_touched: bool,
    /// Whether an answer to the call it makes was lost.
    is_in_doubt: bool,
    is_from_legacy: bool,
    phase: Phase,
    at: At,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    /// It is to be planned.
    Begin,
    /// Planned, it could not read modern's stamp, and reads it again.
    Above,
    /// The store that decides is called.
    First(Side),
    /// The other one is called.
    Second(Side),
    /// The end check.
    End,
}

fn plan(phase: Phase, without: Option<Ablation>) -> WritePlan {
    match (phase, without) {
        (Phase::Live, Some(Ablation::StrictLive)) => WritePlan::Lenient(Side::Modern),
        _ => WritePlan::of(phase),
    }
}

fn must_rerun(planned: Phase, now: Phase, without: Option<Ablation>) -> bool {
    match without {
        Some(Ablation::EndCheckOfWrites) => false,
        Some(Ablation::RerunOfRampDownWrites) => read_must_rerun(planned, now),
        Some(Ablation::CutoverChangesThePlan) if now == Phase::Cutover => false,
        _ => write_must_rerun(planned, now),
    }
}

impl Write {
    pub(crate) fn begin(node: usize, deletes: bool, world: &mut World) -> Self {
        let id = world.judge.write(deletes);
        let record = Record { stamp: Stamp::ZERO, value: (!deletes).then_some(id) };
        let at = At::Begin;
        let phase = Phase::Halted;
        let (is_touched, is_in_doubt, is_from_legacy) = (false, false, false);
        Self { node, id, record, is_touched, is_in_doubt, is_from_legacy, phase, at }
    }

    pub(super) fn choices(&self, world: &World, without: Option<Ablation>) -> Vec<Choice> {
        let clocks = || vec![Choice::Clock(Wall::Behind), Choice::Clock(Wall::Ahead)];
        match self.at {
            At::Begin => match plan(world.phase_of(self.node), without) {
                _ if !world.is_open(self.node) => vec![Choice::Go],
                WritePlan::Wait => Vec::new(),
                _ if self.is_touched => vec![Choice::Go],
                WritePlan::Strict => [clocks(), repeats(world)].concat(),
                _ => clocks(),
            },
            At::Above => clocks(),
            At::First(side) => {
                let stored = world.read(self.node, side, without).stamp;
                if self.must_restamp(stored, without) {
                    // What it would find may be lost too. Where that ends the write, it
                    // is as if the next call had failed.
                    [clocks(), repeats(world)].concat()
                } else {
                    call(side, world)
                }
            }
            At::Second(_) if matches!(plan(self.phase, without), WritePlan::Lenient(_)) => {
                vec![Choice::Go]
            }
            At::Second(side) => call(side, world),
            At::End => vec![Choice::Go],
        }
    }

    pub(super) fn step(self, choice: Choice, world: &mut World, without: Option<Ablation>) -> Next {
        match self.at {
            At::Begin => self.plan(choice, world, without),
            At::Above => self.stamp(choice, world, without),
            At::First(side) => self.call_first(side, choice, world, without),
            At::Second(side) => self.call_second(side, choice, world, without),
            At::End => self.check(world, without),
        }
    }

    fn plan(mut self, choice: Choice, world: &mut World, without: Option<Ablation>) -> Next {
        if world.is_shut(self.node, true, without) {
            if !self.is_touched {
                world.judge.refuse(self.id);
            }
            return Next::Ended;
        }
        self.phase = world.phase_of(self.node);
        self.is_from_legacy |= self.phase.family() == Some(Family::Legacy);
        if choice.is_repeated() {
            world.fail(true);
            self.at = At::Above;
            return Next::On(Job::Write(self));
        }
        self.stamp(choice, world, without)
    }

    /// It turns to the first store; untouched, with a stamp by the clock, and above
    /// modern's where it is strict.
    fn stamp(mut self, choice: Choice, world: &mut World, without: Option<Ablation>) -> Next {
        let plan = plan(self.phase, without);
        let above = match plan {
            WritePlan::Strict if without != Some(Ablation::StampAboveModern) => {
                world.read(self.node, Side::Modern, without).stamp
            }
            _ => Stamp::ZERO,
        };
        if let Choice::Clock(wall) = choice {
            self.record.stamp = world.stamp(self.node, above, wall);
        }
        self.at = At::First(match plan {
            WritePlan::Single(side) | WritePlan::Lenient(side) => side,
            _ if without == Some(Ablation::LegacyFirst) => Side::Modern,
            _ => Side::Legacy,
        });
        Next::On(Job::Write(self))
    }

    /// Untouched and overtaken: it takes a larger stamp and tries again.
    fn must_restamp(&self, stored: Stamp, without: Option<Ablation>) -> bool {
        let may = match (self.is_touched, self.is_in_doubt) {
            (false, false) => true,
            (false, true) => without == Some(Ablation::NoNewStampInDoubt),
            (true, _) => without == Some(Ablation::NoNewStampOnceTouched),
        };
        may && stored > self.record.stamp
    }

    fn call_first(
        mut self,
        side: Side,
        choice: Choice,
        world: &mut World,
        without: Option<Ablation>,
    ) -> Next {
        match choice {
            Choice::Clock(wall) => {
                let stored = world.read(self.node, side, without).stamp;
                self.record.stamp = world.stamp(self.node, stored, wall);
                return Next::On(Job::Write(self));
            }
            Choice::Refused(_) | Choice::Lost(_) | Choice::Torn(_) => {
                return self.fail(side, choice, world, without);
            }
            Choice::Go | Choice::Read(_) => {}
        }
        let applied = world.apply(self.node, side, &self.record, without);
        if self.ends_unknown(applied, world, without) {
            return Next::Ended;
        }
        (self.is_touched, self.is_in_doubt) = (true, false);
        self.at = match plan(self.phase, without) {
            WritePlan::Single(_) => At::End,
            _ => At::Second(side.other()),
        };
        Next::On(Job::Write(self))
    }

    fn call_second(
        mut self,
        side: Side,
        choice: Choice,
        world: &mut World,
        without: Option<Ablation>,
    ) -> Next {
        if let WritePlan::Lenient(_) = plan(self.phase, without) {
            // Now, later, or never: the caller is answered all the same.
            world.follow(self.node, side, self.record.clone());
        } else if choice == Choice::Go {
            let applied = world.apply(self.node, side, &self.record, without);
            if self.ends_unknown(applied, world, without) {
                return Next::Ended;
            }
            self.is_in_doubt = false;
        } else {
            return self.fail(side, choice, world, without);
        }
        self.at = At::End;
        Next::On(Job::Write(self))
    }

    /// A store shows a later stamp: overtaken, and so applied. Two writes cannot rely
    /// on that: one that has left the legacy family under way; and one that no store
    /// has taken for sure, whose answer was lost, for the later stamp may have been
    /// there all along.
    fn ends_unknown(&self, applied: Applied, world: &mut World, without: Option<Ablation>) -> bool {
        let Applied::Stale(stored) = applied else { return false };
        world.observe(self.node, stored);
        let is_overtaken = stored != self.record.stamp;
        let has_left_legacy = self.is_from_legacy && self.phase.family() != Some(Family::Legacy);
        let may_have_been_late = self.is_in_doubt && !self.is_touched;
        is_overtaken
            && (has_left_legacy && without != Some(Ablation::DoubtOfTheOvertaken)
                || may_have_been_late && without != Some(Ablation::DoubtOfTheRepeated))
    }

    /// The call fails: it is made again, or the write ends.
    fn fail(
        mut self,
        side: Side,
        choice: Choice,
        world: &mut World,
        without: Option<Ablation>,
    ) -> Next {
        choice.befalls(self.node, side, &self.record, world, without);
        let is_lost = choice.is_lost();
        if choice.is_repeated() {
            self.is_in_doubt |= is_lost;
            return Next::On(Job::Write(self));
        }
        let may_be_there = self.is_touched && without != Some(Ablation::UnknownOnceTouched)
            || self.is_in_doubt && without != Some(Ablation::UnknownOnceInDoubt);
        if !is_lost && !may_be_there {
            world.judge.refuse(self.id);
        }
        Next::Ended
    }

    fn check(mut self, world: &mut World, without: Option<Ablation>) -> Next {
        if world.is_shut(self.node, false, without) {
            return Next::Ended;
        }
        if must_rerun(self.phase, world.phase_of(self.node), without) {
            self.at = At::Begin;
            return Next::On(Job::Write(self));
        }
        world.judge.acknowledge(self.id);
        Next::Ended
    }

    pub(super) fn tell(&self, choice: Choice, world: &World) -> String {
        let again = if self.is_in_doubt { " again" } else { "" };
        let is_overtaken = |side| !self.is_touched && world.store(side).stamp > self.record.stamp;
        match (self.at, choice) {
            (At::Begin, Choice::Refused(_) | Choice::Lost(_)) => {
                format!("is planned in {} and reads modern", world.phase_of(self.node))
            }
            (At::Begin, _) => format!("is planned in {}", world.phase_of(self.node)),
            (At::Above, _) => "reads modern again and takes a stamp".to_owned(),
            (At::First(side), Choice::Clock(_)) => {
                format!("is overtaken in {} and takes a stamp above", side.name())
            }
            (At::First(side), Choice::Go) if is_overtaken(side) => {
                format!("reaches {}{again}, which shows a later stamp", side.name())
            }
            (At::First(side), _) => format!("reaches {}{again}", side.name()),
            (At::Second(side), _) => format!("turns to {}{again}", side.name()),
            (At::End, _) => {
                format!("checks the phase, {}, at its end", world.phase_of(self.node))
            }
        }
    }

    pub(super) fn vanish(self, world: &mut World) {
        if let At::First(side) | At::Second(side) = self.at {
            world.leave(self.node, side, self.record);
        }
    }
}
