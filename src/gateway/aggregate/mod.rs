//! Responses of several upstreams, joined into one.

#[expect(clippy::module_inception, reason = "a file is named for its main type")]
mod aggregate;
mod answer;
mod error;
mod join;
mod part;
mod template;

pub use aggregate::Aggregate;
pub use error::AggregateError;
pub use join::{Join, JoinObjects, PartAnswer};
pub use part::Part;
