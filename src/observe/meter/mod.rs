//! The metrics, told to the facade of the crate `metrics`.

mod ages;
mod family;
mod handles;
mod observer;
mod tell;
mod zero;

pub use observer::MetricsObserver;
