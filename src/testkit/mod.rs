//! What proves an adapter, and what judges a run.

pub mod conformance;
pub mod faults;
pub mod history;
