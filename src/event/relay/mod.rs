//! What takes messages from an outbox to the bus.

mod call_size;
mod care;
mod config;
mod decide;
mod error;
mod failing;
mod hints;
mod holding;
mod lane_work;
mod lanes;
mod learned;
mod operate;
mod publishing;
#[expect(clippy::module_inception, reason = "a file is named for its main type")]
mod relay;
mod report;
mod settling;
mod suspects;
mod work;

pub use config::RelayConfig;
pub use error::RelayError;
pub use operate::MessageIsLost;
pub use relay::OutboxRelay;
pub use report::RelayReport;
