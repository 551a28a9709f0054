//! The suites accept what keeps the contracts, and catch what does not.

#![expect(clippy::unwrap_used, reason = "tests and their helpers")]

#[macro_use]
mod controls;
mod digest_controls;
mod facts;
mod flawed;
mod flawed_rows;
mod flawed_tables;
mod list_controls;
mod references;
mod repository_controls;
mod scan_controls;
mod stamped_controls;
mod tables_controls;
mod unstamped;
mod user;
