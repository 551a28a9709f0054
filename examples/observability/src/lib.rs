//! A shop that shows its migration in the tools one has: metrics for Prometheus at `/metrics`, traces over OTLP.
//!
//! Users move from a legacy store to a modern one, the catalogue's requests go through a gateway, orders are sagas, and
//! what was ordered leaves through an outbox. Everything tells one `MetricsObserver`.

mod catalogue;
mod collector;
mod http;
mod shop;
mod store;
mod story;
mod telemetry;

pub use self::collector::{Collector, Reported, Span, Value, hex};
pub use self::http::serve;
pub use self::shop::Shop;
pub use self::store::{Store, User};
pub use self::telemetry::Telemetry;

/// Why something could not be done here.
pub type Failed = Box<dyn std::error::Error + Send + Sync>;
