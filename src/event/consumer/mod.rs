//! What handles what comes, each key in its order.

mod attempt;
mod config;
#[expect(clippy::module_inception, reason = "a file is named for its main type")]
mod consumer;
mod context;
mod decide;
mod error;
mod giving_back;
mod handler;
mod keyed;
mod report;
mod work;

pub use config::ConsumerConfig;
pub use consumer::EventConsumer;
pub use context::EventContext;
pub use error::ConsumerError;
pub use handler::{EventHandler, FnHandler, handler_fn};
pub use report::ConsumerReport;
