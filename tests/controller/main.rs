//! The operator's hand: moves, plans, gates, and what becomes of them when services
//! fail, rivals move and controllers are killed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod as_of;
mod back;
mod decommission;
mod doubt;
mod forward;
mod gates;
mod halt;
mod killed;
mod ladder;
mod outage;
mod plans;
mod replay;
mod rivals;
mod service;
mod share;
mod status;
mod support;
mod told;
mod walk;
