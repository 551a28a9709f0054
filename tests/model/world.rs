//! What the model's world holds: the state service, nodes, two stores with one
//! key, calls whose effect is still to come, operations under way, the judge.

use std::num::NonZeroU64;
use std::sync::Arc;

use strangler_fig::clock::ManualClock;
use strangler_fig::phase::{Fleet, Phase, Scopes, Side, StateWord};
use strangler_fig::stamp::{Record, Stamp, StampClock, StampScope, WriterId};

use crate::ablation::Ablation;
use crate::job::Job;
use crate::judge::{Id, Judge};
use crate::spec::{self, BUCKET, Spec};
use crate::story;

/// How often each thing may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    /// Saves.
    pub(crate) saves: u8,
    pub(crate) deletions: u8,
    pub(crate) reads: u8,
    pub(crate) queries: u8,
    pub(crate) sweeps: u8,
    /// Joins of the key outside of any sweep.
    pub(crate) repairs: u8,
    pub(crate) moves: u8,
    /// Calls that fail.
    pub(crate) failures: u8,
    /// Calls that are made again after they failed.
    pub(crate) repeats: u8,
    pub(crate) crashes: u8,
    /// Writes into legacy by code that does not know of the crate.
    pub(crate) bypasses: u8,
    /// Writes into legacy by code that knows no phase, which a trigger stamps; if there are any, whoever makes them holds a
    /// place in the fleet until the operator gives it up.
    pub(crate) outsides: u8,
    /// Leases of nodes that run out.
    pub(crate) fences: u8,
    /// Stamps that a side which keeps them in its process lets go.
    pub(crate) forgets: u8,
    /// Failing calls that store the row, and not its stamp.
    pub(crate) tears: u8,
}

impl Budget {
    pub(crate) const NONE: Self = Self {
        saves: 0,
        deletions: 0,
        reads: 0,
        queries: 0,
        sweeps: 0,
        repairs: 0,
        moves: 0,
        failures: 0,
        repeats: 0,
        crashes: 0,
        bypasses: 0,
        outsides: 0,
        fences: 0,
        forgets: 0,
        tears: 0,
    };
}

/// What a lease says: the state its node has adopted, as in [`Node`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Lease {
    pub(crate) adopted: Option<u8>,
}

/// Whether a node may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Standing {
    Open,
    /// Its lease has run out: what is under way goes on, and is not answered.
    Fenced,
    /// And was taken away.
    Evicted,
}

/// A process with a copy of the state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    /// The state it works by, by its place in the history; `None` as it starts.
    pub(crate) adopted: Option<u8>,
    pub(crate) is_up: bool,
    pub(crate) life: u8,
    /// The lease of a life that has ended.
    pub(crate) left_behind: Option<Lease>,
    /// The largest stamp it has made or seen.
    pub(crate) last: Stamp,
    pub(crate) standing: Standing,
    /// What a side that keeps its stamps in this process knows of the key, and what it
    /// takes the rest to have.
    pub(crate) remembered: [Option<Stamp>; 2],
    pub(crate) start: Stamp,
}

/// An answer that was lost, or that nobody waits for: its effect comes at any
/// later time, or never.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Effect {
    /// The process that knows of it, where the side keeps its stamps there.
    pub(crate) node: Option<usize>,
    pub(crate) side: Side,
    pub(crate) record: Record<Id>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    /// The states of the service; the last is the current one.
    pub(crate) history: Vec<Spec>,
    pub(crate) nodes: Vec<Node>,
    /// Where each side keeps its stamps.
    pub(crate) scopes: Scopes,
    pub(crate) legacy: Record<Id>,
    pub(crate) modern: Record<Id>,
    pub(crate) effects: Vec<Effect>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) left: Budget,
    pub(crate) judge: Judge,
    /// Whether legacy was written behind the crate's back since all was last at rest.
    pub(crate) is_bypassed: bool,
    /// Whether writers outside are on, and whether they hold their place in the fleet.
    pub(crate) outside: [bool; 2],
    /// Whether a query has answered what it must not.
    pub(crate) has_missed: bool,
}

/// How a node's clock stands when it makes a stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Wall {
    /// Far behind: the next stamp is just above what the node has seen.
    Behind,
    /// Ahead of every stamp there is.
    Ahead,
}

impl World {
    pub(crate) fn current(&self) -> Spec {
        self.history[self.history.len() - 1]
    }

    pub(crate) fn latest(&self) -> u8 {
        u8::try_from(self.history.len() - 1).expect("few moves")
    }

    /// The state a node works by; `None` while it is down or starts.
    pub(crate) fn spec_of(&self, node: usize) -> Option<Spec> {
        let node = &self.nodes[node];
        node.adopted.filter(|_| node.is_up).map(|adopted| self.history[usize::from(adopted)])
    }

    pub(crate) fn word_of(&self, node: usize) -> StateWord {
        self.spec_of(node).expect("an operation's node is up").state.word()
    }

    pub(crate) fn phase_of(&self, node: usize) -> Phase {
        self.word_of(node).phase_of(BUCKET)
    }

    /// Every lease.
    pub(crate) fn fleet(&self) -> Fleet {
        let mut leases = Vec::new();
        for (number, node) in self.nodes.iter().enumerate() {
            let adopted = |place: Option<u8>| {
                place.map(|place| self.history[usize::from(place)].state.adopted())
            };
            if node.is_up && node.standing != Standing::Evicted {
                leases.push(spec::lease(number, node.life, adopted(node.adopted)));
            }
            if let Some(left) = node.left_behind {
                let life = node.life - u8::from(node.is_up);
                leases.push(spec::lease(number, life, adopted(left.adopted)));
            }
        }
        leases.extend(self.outside[1].then(spec::outside));
        let leases = leases.into_iter().map(|lease| lease.with_scopes(self.scopes)).collect();
        Fleet::new(leases).accepting_process_scope(story::NODES[0].parse().expect("a name"))
    }

    /// Whether a node may answer, and begin to copy.
    pub(crate) fn is_open(&self, node: usize) -> bool {
        self.nodes[node].standing == Standing::Open
    }

    /// The fence, as an operation meets it at its beginning or at its end.
    pub(crate) fn is_shut(&self, node: usize, begins: bool, without: Option<Ablation>) -> bool {
        !self.is_open(node) && (begins || without != Some(Ablation::FenceAtTheEnd))
    }

    /// Whether a side keeps its stamps in the process.
    pub(crate) fn forgets(&self, side: Side) -> bool {
        let Scopes { legacy, modern } = self.scopes;
        StampScope::Process == if side == Side::Legacy { legacy } else { modern }
    }

    /// A call fails, and may be made again.
    pub(crate) fn fail(&mut self, is_repeated: bool) {
        self.left.failures -= 1;
        self.left.repeats -= u8::from(is_repeated);
        if self.left.failures == 0 {
            // There is nothing left to make again.
            self.left.repeats = 0;
        }
    }

    /// A stamp above what the node, and `seen`, has: by the crate's own clock.
    pub(crate) fn stamp(&mut self, node: usize, seen: Stamp, wall: Wall) -> Stamp {
        let millis = match wall {
            Wall::Behind => 0,
            Wall::Ahead => self.largest_stamp().unix_millis() + 1,
        };
        let Node { life, last, .. } = self.nodes[node];
        let writer = NonZeroU64::new(1 + node as u64 + 8 * u64::from(life)).expect("not zero");
        let clock = StampClock::with_writer(WriterId::fixed(writer));
        let clock = clock.with_clock(Arc::new(ManualClock::at(millis)));
        let _ = clock.observe(last);
        let stamp = clock.above(seen).expect("no clock is broken");
        self.nodes[node].last = stamp;
        stamp
    }

    /// A process begins: what its sides do not remember has this stamp.
    pub(crate) fn start(&mut self, node: usize, wall: Wall) {
        self.nodes[node].start = self.stamp(node, Stamp::ZERO, wall);
    }

    pub(crate) fn observe(&mut self, node: usize, seen: Stamp) {
        let last = &mut self.nodes[node].last;
        *last = seen.max(*last);
    }

    /// A stamp above all there are, of nobody.
    pub(crate) fn stamp_ahead(&self) -> Stamp {
        let millis = self.largest_stamp().unix_millis() + 1;
        let clock = StampClock::with_writer(WriterId::fixed(NonZeroU64::MAX));
        clock.with_clock(Arc::new(ManualClock::at(millis))).now()
    }

    /// What a trigger stamps a row of legacy with, whose clock is far behind: the successor, of a writer of its own.
    pub(crate) fn stamp_outside(&self) -> Stamp {
        let writer = NonZeroU64::new(u64::MAX - 1).expect("not zero");
        let clock = StampClock::with_writer(WriterId::fixed(writer));
        let clock = clock.with_clock(Arc::new(ManualClock::at(0)));
        clock.above(self.legacy.stamp).expect("no clock is broken")
    }

    fn largest_stamp(&self) -> Stamp {
        let stores = [self.legacy.stamp, self.modern.stamp];
        let effects = self.effects.iter().map(|effect| effect.record.stamp);
        let nodes = self.nodes.iter().map(|node| node.last.max(node.start));
        stores.into_iter().chain(effects).chain(nodes).max().unwrap_or(Stamp::ZERO)
    }

    /// Whether nothing is under way and nothing still to come.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.jobs.is_empty() && self.effects.is_empty()
    }
}
