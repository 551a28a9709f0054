//! A migration by a fleet of operating-system processes that share the state in
//! PostgreSQL, and are stopped, killed and cut off while they serve.
//!
//! ```sh
//! cargo run --release -p fleet
//! ```
//!
//! The story is told in [`director`] and [`plan`]. What you would write for your
//! own migration:
//!
//! | file | what |
//! |---|---|
//! | `sides.rs` | the two sides and the state service, on the adapters to copy |
//! | `node.rs` | what each node of the service runs |
//! | `operator.rs` `desk.rs` | moving, by whoever finds the state as it is |
//!
//! The rest is the rehearsal: the load (`caller.rs`), what it leaves behind when it
//! is killed (`journal.rs`, `history.rs`), the torment (`tormentor.rs`, `link.rs`,
//! `process.rs`, `crew.rs`), and the verdict (`stage.rs`, `ending.rs`).

use std::error::Error;
use std::iter;

/// The load.
pub mod caller;
pub mod child;
/// The processes of the fleet.
pub mod crew;
pub mod customers;
/// Where an operator sits.
pub mod desk;
/// The run, from the first schema to the verdict.
pub mod director;
/// What a run has come to.
pub mod ending;
/// What stands in a journal.
pub mod event;
/// A write that is held at the door.
pub mod gate;
pub mod history;
/// What a node leaves behind when it is killed.
pub mod journal;
/// The way to the state service, which can be taken away.
pub mod link;
/// The clock that all processes share.
pub mod moment;
/// What a node of the service runs.
pub mod node;
pub mod operator;
/// The command line.
pub mod options;
pub mod plan;
/// A process, and the signals to it.
pub mod process;
/// Lines of progress.
pub mod report;
/// A directory of one run.
pub mod scratch;
/// The schemas of one run.
pub mod server;
/// The two sides and the state service.
pub mod sides;
/// Everything a run is made of.
pub mod stage;
/// What a process is started for.
pub mod task;
/// What is done to the fleet.
pub mod tormentor;

/// What a part of the program comes to.
pub type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// What failed, and why, on one line.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let whys = iter::successors(Some(error), |error| (*error).source());
    let texts: Vec<_> = whys.map(ToString::to_string).collect();
    texts.join(": ")
}
