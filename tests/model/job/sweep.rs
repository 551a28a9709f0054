use strangler_fig::phase::{Move, Side, SweepTicket};
use strangler_fig::repository::{Applied, Join, JoinRule};
use strangler_fig::stamp::Record;

use super::join::{Joined, Joining};
use super::repair::{outside_of_reads, rule, scopes};
use super::{Choice, Job, Next, call};
use crate::ablation::Ablation;
use crate::judge::Id;
use crate::spec::{self, BUCKET, Spec};
use crate::world::World;

/// A sweep that is to establish completeness, as `reconcile/sweep.rs` drives it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Sweep {
    pub(crate) node: usize,
    ticket: SweepTicket,
    /// The place of the ticket's state in the history.
    began: u8,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    /// A page of modern is read.
    Modern,
    /// A page of legacy is read.
    Legacy(Record<Id>),
    /// The plain copy of a page.
    Copy(Side, Record<Id>),
    /// The key is joined by itself.
    Alone(Joining),
    /// The evidence is given to the service.
    End,
}

impl Sweep {
    /// Begins, if a part has settled in `Cutover` and this node works by the
    /// current state.
    pub(crate) fn begin(node: usize, world: &World, without: Option<Ablation>) -> Option<Self> {
        let began = world.nodes[node].adopted.filter(|it| *it == world.latest())?;
        let state = world.current().state;
        let fleet = match without {
            Some(Ablation::SettledBeforeTheSweep) => spec::settled(state),
            _ => world.fleet(),
        };
        let ticket = state.begin_sweep_in_cutover(&fleet).ok()?;
        Some(Self { node, ticket, began, at: At::Modern })
    }

    fn is_interrupted(&self, world: &World, without: Option<Ablation>) -> bool {
        !world.is_open(self.node)
            || world.nodes[self.node].adopted != Some(self.began)
                && without != Some(Ablation::SweepNotInterrupted)
    }

    pub(super) fn choices(&self, world: &World) -> Vec<Choice> {
        match &self.at {
            At::Copy(side, _) => call(*side, world),
            At::Alone(joining) => joining.choices(self.node, world),
            At::Modern | At::Legacy(_) | At::End => vec![Choice::Go],
        }
    }

    pub(super) fn step(
        mut self,
        choice: Choice,
        world: &mut World,
        without: Option<Ablation>,
    ) -> Next {
        let began = world.history[usize::from(self.began)];
        self.at = match self.at {
            At::Modern if self.is_interrupted(world, without) => return Next::Ended,
            At::Modern => At::Legacy(world.read(self.node, Side::Modern, without)),
            At::Legacy(modern) => {
                let legacy = world.read(self.node, Side::Legacy, without);
                let planned = JoinRule::of(began.state, BUCKET, scopes(world, without));
                match planned.decide(&legacy, &modern) {
                    Join::Level => At::End,
                    Join::Copy { from: Side::Legacy } => At::Copy(Side::Modern, legacy),
                    Join::Copy { from: Side::Modern } => At::Copy(Side::Legacy, modern),
                    Join::Settle { .. } | Join::Stuck => {
                        At::Alone(Joining::new(rule(self.node, world, without)))
                    }
                }
            }
            At::Copy(side, record) => match choice {
                Choice::Go => match world.apply(self.node, side, &record, without) {
                    Applied::Stored => At::End,
                    Applied::Stale(_) => At::Alone(Joining::new(rule(self.node, world, without))),
                },
                choice => {
                    choice.befalls(self.node, side, &record, world, without);
                    if choice.is_repeated() {
                        At::Copy(side, record)
                    } else {
                        At::Alone(Joining::new(rule(self.node, world, without)))
                    }
                }
            },
            At::Alone(joining) => {
                let rule = (self.node, rule(self.node, world, without));
                match joining.step(choice, rule, world, outside_of_reads(without)) {
                    Joined::On(joining) => At::Alone(joining),
                    Joined::Found(_) => At::End,
                    // A conflict that is left blocks completeness, as a failure does.
                    Joined::Stuck(_) | Joined::Failed => return Next::Ended,
                }
            }
            At::End => {
                if !self.is_interrupted(world, without) {
                    Self::establish(self.ticket, world, without);
                }
                return Next::Ended;
            }
        };
        Next::On(Job::Sweep(self))
    }

    fn establish(ticket: SweepTicket, world: &mut World, without: Option<Ablation>) {
        let state = world.current().state;
        let ticket = match without {
            Some(Ablation::SweepNotInterrupted) => state.begin_sweep(&spec::settled(state)),
            _ => ticket,
        };
        let step = Move::Complete(ticket.finish(0, 0));
        if let Some(next) = spec::moved(state, &step, &world.fleet()) {
            world.history.push(Spec::of(next));
        }
    }

    pub(super) fn tell(&self, choice: Choice) -> String {
        match &self.at {
            At::Modern => "reads modern".to_owned(),
            At::Legacy(_) => "reads legacy".to_owned(),
            At::Copy(side, _) => format!("copies to {}", side.name()),
            At::Alone(joining) => format!("joins the key: {}", joining.tell(choice)),
            At::End => "says that it is done".to_owned(),
        }
    }

    pub(super) fn vanish(self, world: &mut World) {
        match self.at {
            At::Copy(side, record) => world.leave(self.node, side, record),
            At::Alone(joining) => joining.vanish(self.node, world),
            At::Modern | At::Legacy(_) | At::End => {}
        }
    }
}
