//! Strangler-fig migration primitives: move the records of one capability from
//! a legacy store to a modern one, under load, with no lost write, no stale
//! read, no downtime, and a way back.
//!
//! Wrap the two repositories you have in a
//! [`MigrationRepository`](repository::MigrationRepository) and keep calling
//! `find`, `save` and `delete`. A
//! [`MigrationController`](controller::MigrationController) moves the fleet from one
//! store to the other, by the rules of the [`phase`] module; a
//! [`Sweep`](reconcile::Sweep) shows when that is safe. A
//! [`Backfiller`](backfill::Backfiller) copies what is there already, a
//! [`ConsistencyChecker`](consistency::ConsistencyChecker) proves that it arrived, a
//! [`Reconciler`](reconcile::Reconciler) repairs what did not. A
//! [`Policy`](resilience::Policy) for each side keeps callers from one that is sick. A
//! [`SagaOrchestrator`](saga::SagaOrchestrator) runs transactions over several services,
//! step by step, each with a way back. A `gateway` in front of monolith and service sends each
//! request where a [`RouteTable`](route::RouteTable) says.
//!
//! ```
//! use std::sync::Arc;
//! use strangler_fig::memory::{InMemoryRepository, InMemoryStateService};
//! use strangler_fig::phase::{
//!     MigrationName, MigrationState, MigrationStateService, Move, Phase, PhaseTracker,
//!     TrackerConfig, take_step,
//! };
//! use strangler_fig::reconcile::Sweep;
//! use strangler_fig::repository::MigrationRepository;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // The two stores: the old one holds a row the crate has never seen.
//! let legacy = InMemoryRepository::new(|user: &(u32, String)| user.0);
//! let modern = InMemoryRepository::new(|user: &(u32, String)| user.0);
//! legacy.plant((1, "Ada".to_owned()));
//!
//! // The state of the migration, and this node's copy of it.
//! let name: MigrationName = "users".parse()?;
//! let service = Arc::new(InMemoryStateService::default());
//! service.create(&MigrationState::new(name.clone())).await?;
//! let tracker = PhaseTracker::start(
//!     service.clone(),
//!     name.clone(),
//!     "node-1".parse()?,
//!     TrackerConfig::default(),
//! )
//! .await?;
//!
//! // What the application calls, before, during and after.
//! let users = MigrationRepository::new(legacy, modern, tracker.clone())?;
//! users.save((2, "Grace".to_owned())).await?;
//!
//! // The way across: `Cutover`, a sweep, and on.
//! take_step(&*service, &name, &Move::to(Phase::Cutover), None).await?;
//! tracker.poll().await?; // `PhaseTracker::run` does this once a second
//! Sweep::new(&users).establish(&*service, std::future::pending()).await?;
//! tracker.poll().await?;
//! take_step(&*service, &name, &Move::to(Phase::Live), None).await?;
//! tracker.poll().await?;
//!
//! assert_eq!(users.find(&1).await?, Some((1, "Ada".to_owned())));
//! assert_eq!(users.modern().records().len(), 2);
//! # Ok(())
//! # }
//! ```
//!
//! # Floors
//!
//! A module imports only from floors below its own.
//!
//! | floor | modules |
//! |---|---|
//! | 7 | [`status`] [`memory`], `testkit`, `mock` |
//! | 6 | [`controller`] |
//! | 5 | [`backfill`] [`consistency`] [`reconcile`] [`replicator`] |
//! | 4 | [`worker`] `gateway` |
//! | 3 | [`repository`] [`saga`] [`event`] [`route`] |
//! | 2 | [`phase`] [`resilience`] |
//! | 1 | [`error`] [`clock`] [`stamp`] [`key`] [`canonical`] [`observe`] |
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `metrics` | `observe::MetricsObserver`: every metric through the facade of the crate `metrics` 0.24 |
//! | `otel` | W3C trace context in and out, through `tracing-opentelemetry` 0.34 and `opentelemetry` 0.33 |
//! | `testkit` | `testkit`: conformance suites, fault injection, the history checker, the crash kit of sagas |
//! | `mockall` | `mock`: mocks of the contracts, of `mockall` 0.15 |
//! | `http` | `gateway`: the front door of a migration; [`route`] takes requests of the crate `http` |
//! | `tower` | `resilience::tower`: the resilience primitives as layers of `tower-layer` 0.3; with `http`, `gateway::tower` |
//!
//! An application that has another version of `metrics` or of `opentelemetry` builds, and nothing is recorded. Raising
//! one of these versions is a breaking version of this crate.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod backfill;
pub mod canonical;
pub mod clock;
pub mod consistency;
pub mod controller;
pub mod error;
pub mod event;
#[cfg(feature = "http")]
pub mod gateway;
pub mod key;
pub mod memory;
#[cfg(feature = "mockall")]
pub mod mock;
pub mod observe;
pub mod phase;
pub mod reconcile;
pub mod replicator;
pub mod repository;
pub mod resilience;
pub mod route;
pub mod saga;
pub mod stamp;
pub mod status;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod worker;

/// The attribute that every contract carries, so that implementing one needs no
/// dependency of its own.
pub use async_trait::async_trait;

/// The code in the documents, compiled and run.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/START.md")]
    struct Start;
    #[doc = include_str!("../docs/ADAPTERS.md")]
    struct Adapters;
    #[doc = include_str!("../docs/DATA.md")]
    struct Data;
    #[doc = include_str!("../docs/PROTOCOL.md")]
    struct Protocol;
    #[doc = include_str!("../docs/RESILIENCE.md")]
    struct Resilience;
    #[cfg(feature = "metrics")]
    #[doc = include_str!("../docs/OBSERVABILITY.md")]
    struct Observability;
    #[cfg(all(feature = "http", feature = "tower"))]
    #[doc = include_str!("../docs/ROUTES.md")]
    struct Routes;
    #[doc = include_str!("../docs/EVENTS.md")]
    struct Events;
    #[cfg(feature = "testkit")]
    #[doc = include_str!("../docs/SAGAS.md")]
    struct Sagas;
}
