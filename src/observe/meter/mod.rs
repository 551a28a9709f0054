//! The metrics, told to the facade of the crate `metrics`.

mod ages;
mod family;
mod handles;
mod observer;
mod tell;

pub use observer::MetricsObserver;
