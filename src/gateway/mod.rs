//! The front door of a migration (feature `http`): one component in front of monolith and service, which sends each
//! request where a [route table](crate::route) says.
//!
//! A [`Gateway`] asks modern first, within a deadline, and legacy where modern has no answer: for safe requests only,
//! and never after a 4xx. It is built between two [`Upstream`]s, whatever transport leads there; with the feature
//! `tower` any service is one, and the gateway is a service itself, or a layer of the monolith's own. A [`Mirror`]
//! compares what the other side would have said, a [`DualWriter`](dual::DualWriter) sends writes to both sides, and
//! an [`Aggregate`] joins the answers of several into one.
//!
//! | what comes | what it is answered |
//! |---|---|
//! | a head that can be read in two ways, or is too large | 4xx, 501 or 505 by its [`Fault`]; it is sent nowhere, and its connection ends |
//! | a body that is too long, stalls, or is cut off | 413, 408, 400; it never ends well on the other side |
//! | more than is allowed at once, or what nobody may answer now | 503 and `Retry-After`; nothing was done |
//! | a side that surely was not reached | legacy's answer to what is safe; else 503 for a write, 502 for a read |
//! | a side that broke off, or answers what is no response | legacy's answer to what is safe; else 502 |
//! | a side that is late | legacy's answer to what is safe; else 504 |
//! | 500, 502, 503, 504 | legacy's answer to what is safe, if it has one; else the answer as it is |
//! | any other status | the answer as it is |
//!
//! What it does not do: TLS, upgrades, web sockets, caching, retries of what is not safe, load balancing. Heads that
//! come slowly, and clients that read slowly, are the affair of the server in front: hyper's `header_read_timeout` and
//! `max_buf_size`. So are clients with many connections: what is bounded here is bounded for all of them together.
//! Trailers are passed on where a `Trailer` field names them; `TE` is not, so few services send any.

mod aggregate;
mod body;
mod builder;
mod config;
mod contract;
pub mod dual;
mod error;
mod fault;
mod flight;
mod forward;
mod forwarded;
#[expect(clippy::module_inception, reason = "a file is named for its main type")]
mod gateway;
mod head;
mod hop;
mod host;
mod judge;
mod limits;
pub mod mark;
mod mirror;
mod moved;
mod one_side;
mod several;
#[cfg(feature = "tower")]
pub mod tower;
mod traced;
mod upload;
mod vet;
mod watch;

pub use aggregate::{Aggregate, AggregateError, Join, JoinObjects, Part, PartAnswer};
pub use body::{Body, BodyError};
pub use builder::GatewayBuilder;
pub use config::GatewayConfig;
pub use contract::{Request, Response, Upstream};
pub use error::GatewayBuildError;
pub use fault::Fault;
pub use gateway::Gateway;
pub use limits::Limits;
pub use mirror::{
    DrawnMirror, Mirror, MirrorReport, NoiseBaseline, PlaceReport, ResponseComparator,
    ResponseDifference, ResponseFields, Snapshot,
};
pub use vet::vet;

pub use crate::route::ClientAddress;
