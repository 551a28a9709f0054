//! Which side a request goes to: decided by a table of rules, without I/O.
//!
//! A [`RouteTable`] is an ordered list of rules. The first that is for a request says where it goes: to a side,
//! a share of callers to modern, where the phase of a migration says, or to several upstreams at once. Tables
//! come from code or from JSON documents, in which every mistake is named with its place; a [`TableHandle`]
//! replaces one while requests are decided.
//!
//! ```
//! use strangler_fig::phase::{Share, Side};
//! use strangler_fig::route::{Reason, RequestHead, RouteTable, RuleBuilder, StickyKey};
//!
//! let table = RouteTable::builder("shop")
//!     .rule(RuleBuilder::exact("health", "/health").to(Side::Modern))
//!     .rule(RuleBuilder::prefix("orders", "/orders").share(Share::percent(5), StickyKey::header("x-user")))
//!     .build()?;
//!
//! let decision = table.decide(&RequestHead::new("GET", "/orders/7").with_header("x-user", "user-13"));
//! assert_eq!(decision.rule.map(|rule| rule.name()), Some("orders"));
//! assert_eq!((decision.primary, decision.reason), (Some(Side::Legacy), Reason::OutOfShare));
//! # Ok::<(), strangler_fig::route::RouteError>(())
//! ```

mod captures;
mod client_address;
mod compile;
mod compile_rule;
mod compile_target;
mod condition;
mod cookie;
mod decide;
mod decision;
mod document;
mod error;
mod escape;
mod example;
mod field;
mod handle;
mod host;
#[cfg(feature = "http")]
mod http;
mod index;
mod ip_range;
mod meta;
mod method;
mod object;
mod overlap;
mod override_header;
mod path;
mod pattern;
mod phases;
mod predicates;
mod problems;
mod reading;
mod reason;
mod request_head;
mod rule;
mod rule_builder;
mod state;
mod sticky;
mod table;
mod table_builder;
mod target;
mod trackers;

pub use captures::Captures;
pub use client_address::ClientAddress;
pub use condition::RoutePredicate;
pub use decision::{Decision, DualWritePlan, IdSource, MirrorPlan};
pub use error::{Place, Problem, ProblemKind, RouteError, Warning};
pub use handle::TableHandle;
pub use ip_range::{IpRange, IpRangeError};
pub use meta::RequestMeta;
pub use method::is_safe;
pub use override_header::OverrideHeader;
pub use path::{PathFault, PlainPath};
pub use pattern::PatternFault;
pub use phases::{RequestPlan, WriteOrder};
pub use predicates::Predicates;
pub use reason::Reason;
pub use request_head::RequestHead;
pub use rule::Rule;
pub use rule_builder::RuleBuilder;
pub use state::{NothingKnown, RouteState};
pub use sticky::{KeyForm, StickyKey};
pub use table::RouteTable;
pub use table_builder::TableBuilder;
pub use trackers::Trackers;
