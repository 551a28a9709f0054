//! The quickstart's own parts: its data file, its command line, and the two
//! adapters that a reader is meant to copy.
#![expect(clippy::unwrap_used, reason = "a test may")]
#![expect(unreachable_pub, reason = "the modules of an example")]

#[path = "../../examples/quickstart/airport.rs"]
mod airport;
#[path = "../../examples/quickstart/data.rs"]
mod data;
#[path = "../../examples/quickstart/database.rs"]
mod database;
#[path = "../../examples/quickstart/decimal.rs"]
mod decimal;
#[path = "../../examples/quickstart/legacy.rs"]
mod legacy;
#[path = "../../examples/quickstart/legacy_table.rs"]
mod legacy_table;
#[path = "../../examples/quickstart/modern.rs"]
mod modern;
#[path = "../../examples/quickstart/modern_table.rs"]
mod modern_table;
#[path = "../../examples/quickstart/options.rs"]
mod options;
#[path = "../../examples/quickstart/scratch.rs"]
mod scratch;
#[path = "../../examples/quickstart/stamps.rs"]
mod stamps;

mod command_line;
mod connections;
mod data_file;
mod dropped_calls;
mod legacy_side;
mod modern_side;
mod numbers;
mod round_trip;
mod support;
