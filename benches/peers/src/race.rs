//! Candidates measured in turns, so that whatever slows the machine slows all.

use measure::{Reading, median};
use tokio::runtime::{Builder, Runtime};

/// How many operations one turn has.
const TURN: u64 = 1_000;
/// After how many operations work aside is cleared up: within its limit.
const NOW_AND_THEN: u64 = 50;
/// How many turns each candidate has; the median counts.
const TURNS: usize = 300;

/// Nanoseconds and allocations of one operation, over one turn.
type Turn = Box<dyn FnMut(&Runtime) -> (f64, f64)>;

/// What is measured: one turn of it, and what clears up after.
pub(crate) struct Candidate {
    name: String,
    /// The calls it cannot do without: another candidate's name, or none.
    over: &'static str,
    turn: Turn,
}

/// What was measured: medians of one operation.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) nanos: f64,
    pub(crate) allocations: f64,
}

/// What was measured of one candidate.
pub(crate) struct Measured {
    pub(crate) name: String,
    /// All of it.
    pub(crate) whole: Cost,
    /// Less the calls it cannot do without.
    pub(crate) own: Cost,
}

impl Candidate {
    pub(crate) fn new(
        name: impl Into<String>,
        over: &'static str,
        operation: impl AsyncFnMut() + 'static,
    ) -> Self {
        Self::every(TURN, name, over, operation, async || ())
    }

    /// One that leaves something behind, which is cleared up now and then and not
    /// counted.
    pub(crate) fn cleared(
        name: impl Into<String>,
        over: &'static str,
        operation: impl AsyncFnMut() + 'static,
        clear: impl AsyncFnMut() + 'static,
    ) -> Self {
        Self::every(NOW_AND_THEN, name, over, operation, clear)
    }

    fn every(
        often: u64,
        name: impl Into<String>,
        over: &'static str,
        mut operation: impl AsyncFnMut() + 'static,
        mut clear: impl AsyncFnMut() + 'static,
    ) -> Self {
        let turn = move |runtime: &Runtime| {
            runtime.block_on(async {
                let (mut nanos, mut allocations) = (0.0, 0.0);
                for _ in 0..TURN / often {
                    let before = Reading::now();
                    for _ in 0..often {
                        operation().await;
                    }
                    let spent = before.spent();
                    nanos += spent.nanos_each(TURN);
                    allocations += spent.allocations_each(TURN);
                    clear().await;
                }
                (nanos, allocations)
            })
        };
        Self { name: name.into(), over, turn: Box::new(turn) }
    }

    /// One that clears up itself, and whose cost includes it.
    pub(crate) fn settled(
        name: impl Into<String>,
        over: &'static str,
        mut operation: impl AsyncFnMut() + 'static,
        mut clear: impl AsyncFnMut() + 'static,
    ) -> Self {
        let mut left = NOW_AND_THEN;
        let both = async move || {
            operation().await;
            left -= 1;
            if left == 0 {
                clear().await;
                left = NOW_AND_THEN;
            }
        };
        Self::new(name, over, both)
    }
}

/// A runtime of one thread, this one.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime can be built")
}

/// Runs them all, in turns.
pub(crate) fn run(runtime: &Runtime, mut candidates: Vec<Candidate>) -> Vec<Measured> {
    let mut turns = vec![(Vec::new(), Vec::new()); candidates.len()];
    for turn in 0..=TURNS {
        for (candidate, (nanos, allocations)) in candidates.iter_mut().zip(&mut turns) {
            let (nanos_each, allocations_each) = (candidate.turn)(runtime);
            if turn > 0 {
                nanos.push(nanos_each);
                allocations.push(allocations_each);
            }
        }
    }
    let whole = |(mut nanos, mut allocations): (Vec<f64>, Vec<f64>)| Cost {
        nanos: median(&mut nanos),
        allocations: median(&mut allocations),
    };
    let wholes: Vec<_> = turns.into_iter().map(whole).collect();
    let cost_of = |name: &str| {
        let at = candidates.iter().position(|candidate| candidate.name == name);
        at.map_or(Cost::default(), |at| wholes[at])
    };
    let measured = candidates.iter().zip(&wholes).map(|(candidate, whole)| {
        let bare = cost_of(candidate.over);
        Measured {
            name: candidate.name.clone(),
            whole: *whole,
            own: Cost {
                nanos: whole.nanos - bare.nanos,
                allocations: whole.allocations - bare.allocations,
            },
        }
    });
    measured.collect()
}
