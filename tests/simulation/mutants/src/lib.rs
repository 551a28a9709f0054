//! The library's own code with faults planted in it. All sleep until one is woken on this
//! thread; then the simulation must find it.

#![allow(
    warnings,
    clippy::all,
    clippy::pedantic,
    reason = "the code is the library's, and checked there"
)]

mod list;
pub mod woken;

pub use async_trait::async_trait;
pub use list::{FAULTS, Fault};

include!(concat!(env!("OUT_DIR"), "/modules.rs"));
