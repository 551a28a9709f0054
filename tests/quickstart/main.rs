//! The quickstart: its data file, its command line, the two adapters that a
//! reader is meant to copy, and short runs of the whole of it.
#![expect(clippy::unwrap_used, reason = "a test may")]
#![expect(unreachable_pub, reason = "the modules of an example")]

#[expect(dead_code, reason = "its command line")]
#[path = "../../examples/quickstart/main.rs"]
mod quickstart;

// Where the modules of the quickstart look for each other.
use quickstart::{
    airport, airports, bar, blind, data, database, decimal, legacy, legacy_table, link, modern,
    modern_table, naive, node, options, repair, report, scratch, stamps, stores, table, traffic,
    verdict, worker,
};

mod command_line;
mod conformance;
mod connections;
mod data_file;
mod dropped_calls;
mod legacy_side;
mod modern_side;
mod numbers;
mod outage;
mod round_trip;
mod runs;
mod support;
mod terminal;
