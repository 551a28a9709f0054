//! README and `docs/` as one book: its contents are whole and in order, its links lead
//! somewhere, and the commands it names are there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod commands;
mod contents;
mod counts;
mod links;
mod page;
mod shelf;
