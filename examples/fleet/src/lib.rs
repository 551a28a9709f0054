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

pub mod caller;
pub mod child;
pub mod crew;
pub mod customers;
pub mod desk;
pub mod director;
pub mod ending;
pub mod event;
pub mod gate;
pub mod history;
pub mod journal;
pub mod link;
pub mod moment;
pub mod node;
pub mod operator;
pub mod options;
pub mod plan;
pub mod process;
pub mod report;
pub mod scratch;
pub mod server;
pub mod sides;
pub mod stage;
pub mod task;
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
