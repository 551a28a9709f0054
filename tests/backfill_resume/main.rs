//! The example that may be killed: its adapters, and kills for real.

#![expect(clippy::unwrap_used, reason = "a test may")]

#[expect(dead_code, reason = "its command line")]
#[path = "../../examples/backfill_resume/main.rs"]
mod backfill_resume;

mod conformance;
mod full_disk;
mod kill;
mod scratch;
mod terminal;
