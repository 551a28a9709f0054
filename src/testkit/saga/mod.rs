//! What tries a saga of yours: the crash kit.

mod journal;
mod kit;
mod meddle;
mod report;
mod scenario;

pub use kit::{SagaTrial, crash_kit};
pub use report::{Finding, KitReport};
