//! Engines measured in turns, so that whatever slows the machine slows all.

use std::time::Instant;

use futures::future::join_all;
use measure::{Reading, median};
use tokio::runtime::Runtime;

use super::number;

/// How many sagas one turn has.
const TURN: u64 = 256;
/// How many sagas run at once, where they do.
const AT_ONCE: u64 = 64;
/// How many turns each candidate has; the median counts.
const TURNS: usize = 101;

/// How a saga ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Every step is done.
    Success,
    /// The last of four steps fails for good, and the three before it are undone.
    Undone,
}

impl End {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Success => "ok",
            Self::Undone => "undo3",
        }
    }
}

/// How many sagas run beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    OneByOne,
    AtOnce,
}

impl Way {
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::OneByOne => "",
            Self::AtOnce => "at64.",
        }
    }

    pub(crate) const fn suffix(self) -> &'static str {
        match self {
            Self::OneByOne => "",
            Self::AtOnce => ".at64",
        }
    }
}

/// What runs sagas of four steps that do nothing.
pub(crate) trait Engine: 'static {
    fn name(&self) -> &'static str;

    /// Leaves behind whatever it keeps: what is kept is not counted against the next.
    async fn renew(&mut self);

    /// Runs the saga of this number to its end.
    ///
    /// # Panics
    ///
    /// If it ends otherwise.
    async fn run(&self, number: u64, end: End);
}

/// Per saga: microseconds of this thread and of the clock, and allocations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) cpu: f64,
    pub(crate) wall: f64,
    pub(crate) allocations: f64,
}

/// One engine, one end, one way.
pub(crate) struct Candidate {
    end: End,
    way: Way,
    engine: &'static str,
    turn: Box<dyn FnMut(&Runtime) -> Cost>,
}

/// What was measured of a candidate: medians.
pub(crate) struct Measured {
    pub(crate) end: End,
    pub(crate) way: Way,
    pub(crate) engine: &'static str,
    pub(crate) cost: Cost,
}

impl Candidate {
    pub(crate) fn new(mut engine: impl Engine, end: End, way: Way) -> Self {
        let name = engine.name();
        let turn = move |runtime: &Runtime| {
            runtime.block_on(async {
                engine.renew().await;
                turn(&engine, end, way).await
            })
        };
        Self { end, way, engine: name, turn: Box::new(turn) }
    }
}

async fn turn(engine: &impl Engine, end: End, way: Way) -> Cost {
    let (began, before) = (Instant::now(), Reading::now());
    match way {
        Way::OneByOne => {
            for number in 0..TURN {
                engine.run(number, end).await;
            }
        }
        Way::AtOnce => {
            for first in (0..TURN / AT_ONCE).map(|it| it * AT_ONCE) {
                join_all((first..first + AT_ONCE).map(|number| engine.run(number, end))).await;
            }
        }
    }
    let (spent, wall) = (before.spent(), began.elapsed());
    Cost {
        cpu: spent.nanos_each(TURN) / 1e3,
        wall: wall.as_secs_f64() * 1e6 / number(TURN),
        allocations: spent.allocations_each(TURN),
    }
}

/// Runs them all, in turns; the first turn of each warms it up.
pub(crate) fn race(runtime: &Runtime, mut candidates: Vec<Candidate>) -> Vec<Measured> {
    let mut costs = vec![Vec::with_capacity(TURNS); candidates.len()];
    for turn in 0..=TURNS {
        for (candidate, costs) in candidates.iter_mut().zip(&mut costs) {
            let cost = (candidate.turn)(runtime);
            if turn > 0 {
                costs.push(cost);
            }
        }
    }
    let middle = |costs: &[Cost], of: fn(&Cost) -> f64| {
        median(&mut costs.iter().map(of).collect::<Vec<_>>())
    };
    let measured = candidates.iter().zip(&costs).map(|(candidate, costs)| Measured {
        end: candidate.end,
        way: candidate.way,
        engine: candidate.engine,
        cost: Cost {
            cpu: middle(costs, |cost| cost.cpu),
            wall: middle(costs, |cost| cost.wall),
            allocations: middle(costs, |cost| cost.allocations),
        },
    });
    measured.collect()
}
