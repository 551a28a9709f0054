//! What proves an adapter, and what judges a run.

pub mod faults;
pub mod history;
