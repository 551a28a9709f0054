use strangler_fig::phase::StateWord;

use super::{Choice, Job, Next};
use crate::ablation::{self, Ablation};
use crate::judge::Seen;
use crate::story;
use crate::world::World;

/// A query over all keys, as `repository/query.rs` drives it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Query {
    pub(crate) node: usize,
    /// What it must not show: replaced before it began.
    replaced: u16,
    at: At,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum At {
    Begin,
    /// A store is asked, as the state at this place of the history says.
    Ask(u8),
    /// The end check.
    End(u8, Seen),
}

impl Query {
    pub(crate) fn begin(node: usize, world: &World) -> Self {
        Self { node, replaced: world.judge.replaced(), at: At::Begin }
    }

    pub(super) fn choices(&self, world: &World) -> Vec<Choice> {
        let is_waiting = self.at == At::Begin
            && world.is_open(self.node)
            && world.word_of(self.node).query_side().is_none();
        if is_waiting { Vec::new() } else { vec![Choice::Go] }
    }

    pub(super) fn tell(&self) -> String {
        match &self.at {
            At::Begin => "is planned".to_owned(),
            At::Ask(_) => "asks a store".to_owned(),
            At::End(_, seen) => format!("checks the phase and answers {}", story::value(*seen)),
        }
    }

    pub(super) fn step(mut self, world: &mut World, without: Option<Ablation>) -> Next {
        if !matches!(self.at, At::Ask(_)) && world.is_shut(self.node, self.at == At::Begin, without)
        {
            return Next::Ended;
        }
        let now = world.nodes[self.node].adopted.expect("an operation's node is up");
        let stood = |at: u8| -> StateWord { world.history[usize::from(at)].state.word() };
        self.at = match self.at {
            At::Begin => At::Ask(now),
            At::Ask(planned) => {
                let asked = ablation::query_side(without, world.history[usize::from(planned)]);
                let side = asked.expect("it was not halted");
                At::End(planned, world.read(self.node, side, without).value)
            }
            At::End(planned, _) if stood(planned).query_must_rerun(stood(now)) => At::Begin,
            At::End(_, seen) => {
                world.has_missed |= !world.judge.query_allows(self.replaced, seen);
                return Next::Ended;
            }
        };
        Next::On(Job::Query(self))
    }
}
