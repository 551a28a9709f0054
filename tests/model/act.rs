use strangler_fig::phase::{Move, Side};

use crate::job::Choice;
use crate::spec::Spec;
use crate::world::Wall;

/// What happens.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Act {
    /// An operator's move.
    Move(Move, Spec),
    /// A node learns of a state.
    Adopt {
        node: usize,
        to: u8,
    },
    Crash {
        node: usize,
    },
    /// The operator asserts that the node's last life has ended.
    Evict {
        node: usize,
    },
    Restart {
        node: usize,
        /// How its clock stands as it begins.
        wall: Wall,
    },
    /// A node's lease runs out.
    Fence {
        node: usize,
    },
    /// It is renewed after all.
    Reopen {
        node: usize,
    },
    /// It is taken away, as it was not renewed.
    EvictFenced {
        node: usize,
    },
    /// A side that keeps its stamps in the process lets the key's go.
    Forget {
        node: usize,
        side: Side,
    },
    /// An effect that was to come, comes.
    Land {
        effect: usize,
    },
    Write {
        node: usize,
        deletes: bool,
    },
    Read {
        node: usize,
    },
    Query {
        node: usize,
    },
    Repair {
        node: usize,
    },
    Sweep {
        node: usize,
    },
    /// Code that does not know of the crate writes to legacy.
    Bypass {
        deletes: bool,
    },
    /// Code that knows no phase writes to legacy, and a trigger stamps the row.
    Outside {
        deletes: bool,
    },
    /// Writers outside are switched off, and give up their place in the fleet.
    SwitchOff,
    /// An operation goes on.
    Step {
        job: usize,
        choice: Choice,
    },
}
