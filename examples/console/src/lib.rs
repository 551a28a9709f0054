//! A page that shows a migration while it goes on, with the buttons that move it: `README.md` says how to start it.
//!
//! | file | what |
//! |---|---|
//! | `authorizer.rs` | who may move the migration: the trait to put your own behind |
//! | `admission.rs` `session.rs` `origin.rs` `attempts.rs` | who asks, and that it is their own page that does |
//! | `desk.rs` | what the page needs of a migration: its status, and a controller |
//! | `router.rs` `action.rs` `page.rs` `guarded.rs` | the pages, the buttons, and the headers that go with them |
//! | `serve.rs` | connections, and how long they may take |
//! | `migration.rs` `ways.rs` `load.rs` `listing.rs` | the migration of the quickstart, under load, and a few sagas |
//!
//! The stores of the quickstart are its own files.
#![expect(
    missing_docs,
    missing_debug_implementations,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    reason = "the parts of a command, those of the quickstart as they are there"
)]

mod action;
mod admission;
pub mod attempts;
pub mod authorizer;
pub mod desk;
pub mod fields;
pub mod form;
pub mod guarded;
pub mod listing;
pub mod load;
pub mod migration;
pub mod origin;
pub mod page;
pub mod router;
pub mod serve;
pub mod session;
pub mod ways;

// What is taken from the quickstart, as it is there.
#[path = "../../quickstart/airport.rs"]
pub mod airport;
#[path = "../../quickstart/airports.rs"]
pub mod airports;
#[path = "../../quickstart/data.rs"]
pub mod data;
#[path = "../../quickstart/database.rs"]
pub mod database;
#[path = "../../quickstart/decimal.rs"]
pub mod decimal;
#[path = "../../quickstart/legacy.rs"]
pub mod legacy;
#[path = "../../quickstart/legacy_table.rs"]
pub mod legacy_table;
#[path = "../../quickstart/link.rs"]
pub mod link;
#[path = "../../quickstart/modern.rs"]
pub mod modern;
#[path = "../../quickstart/modern_table.rs"]
pub mod modern_table;
#[path = "../../quickstart/scratch.rs"]
pub mod scratch;
#[path = "../../quickstart/stamps.rs"]
pub mod stamps;
#[path = "../../quickstart/stores.rs"]
pub mod stores;
