//! The contracts, as tests that run on your adapter.
//!
//! Each numbered fact of a contract is one [`Fact`] (or a few) that takes a
//! *fixture*, your adapter over an empty store, and fails with a reason when it
//! does not hold. A macro for each suite makes one `#[test]` of each, by its name:
//!
//! | contract | suite | macro | fixture |
//! |---|---|---|---|
//! | [`Repository`] | [`repository`] | [`repository_conformance!`] | [`RepositoryFixture`] |
//! | [`ListRepository`] | [`list`] | [`list_conformance!`] | [`RepositoryFixture`] |
//! | [`StampedRepository`] | [`stamped`] | [`stamped_conformance!`] | [`StampedFixture`] |
//! | [`ScanRepository`] | [`scan`] | [`scan_conformance!`] | [`StampedFixture`] |
//! | [`DigestRepository`] | [`digest`] | [`digest_conformance!`] | [`StampedFixture`] |
//! | [`TransactionalRepository`] and [`StampStore`] | [`tables`] | [`tables_conformance!`] | [`TablesFixture`] |
//! | [`MigrationStateService`] | [`state`] | [`state_conformance!`] | [`StateFixture`] |
//! | [`CheckpointStore`] | [`checkpoint`] | [`checkpoint_conformance!`] | [`CheckpointFixture`] |
//! | [`RepairQueue`] | [`repair_queue`] | [`repair_queue_conformance!`] | [`RepairQueueFixture`] |
//! | [`SagaJournal`] | [`saga_journal`] | [`saga_journal_conformance!`] | [`SagaJournalFixture`] |
//! | [`SagaBarrier`] | [`saga_barrier`] | [`saga_barrier_conformance!`] | [`SagaBarrierFixture`] |
//! | [`ChangeFeed`] | [`change_feed`] | [`change_feed_conformance!`] | [`ChangeFeedFixture`] |
//! | [`Outbox`] and [`OutboxStore`] | [`outbox`] | [`outbox_conformance!`] | [`OutboxFixture`] |
//! | [`Inbox`] | [`inbox`] | [`inbox_conformance!`] | [`InboxFixture`] |
//! | [`EventBus`] | [`event_bus`] | [`event_bus_conformance!`] | [`EventBusFixture`] |
//! | [`ReplyStore`] | [`reply_store`] | [`reply_store_conformance!`] | [`ReplyStoreFixture`] |
//!
//! A macro takes an expression for a future of the fixture, and makes a fixture
//! for each test: on a server, give each a schema or a table of its own. The
//! tests bring their own multi-threaded tokio runtime, with every driver that
//! your build of tokio has, so no further dependency is needed.
//!
//! ```
//! # use std::sync::Arc;
//! #
//! # use strangler_fig::memory::InMemoryRepository;
//! # use strangler_fig::testkit::conformance::StampedFixture;
//! #
//! type User = (u32, String);
//! struct Users(InMemoryRepository<u32, User>);
//!
//! #[strangler_fig::testkit::conformance::async_trait]
//! impl StampedFixture for Users {
//!     type Repository = InMemoryRepository<u32, User>;
//!
//!     fn repository(&self) -> Arc<Self::Repository> {
//!         Arc::new(self.0.clone())
//!     }
//!     fn entity(&self, n: u32, variant: u32) -> User {
//!         (n, format!("variant {variant}"))
//!     }
//! #   async fn plant(&self, user: User) -> bool {
//! #       self.0.plant(user);
//! #       true
//! #   }
//! }
//!
//! async fn users() -> Users {
//!     Users(InMemoryRepository::new(|user: &User| user.0))
//! }
//!
//! mod conformance {
//!     use super::*;
//!
//!     strangler_fig::stamped_conformance!(users());
//!     strangler_fig::scan_conformance!(users());
//! }
//! ```
//!
//! Attributes after the expression go to every test:
//! `stamped_conformance!(users(), #[ignore = "needs a server"]);`. Two adapters
//! in one file take a `mod` each.
//!
//! Some facts weave calls in one task and so expect what every runtime does: a
//! call that waits for another lets go of its thread meanwhile.
//!
//! To run a suite as a value, say to prove that a broken adapter is caught,
//! take its `facts()` and [`run_all`] of them.
//!
//! [`Repository`]: crate::repository::Repository
//! [`ListRepository`]: crate::repository::ListRepository
//! [`StampedRepository`]: crate::repository::StampedRepository
//! [`ScanRepository`]: crate::repository::ScanRepository
//! [`DigestRepository`]: crate::repository::DigestRepository
//! [`TransactionalRepository`]: crate::repository::TransactionalRepository
//! [`StampStore`]: crate::repository::StampStore
//! [`MigrationStateService`]: crate::phase::MigrationStateService
//! [`CheckpointStore`]: crate::backfill::CheckpointStore
//! [`state_conformance!`]: crate::state_conformance
//! [`checkpoint_conformance!`]: crate::checkpoint_conformance
//! [`RepairQueue`]: crate::reconcile::RepairQueue
//! [`state_conformance!`]: crate::state_conformance
//! [`repair_queue_conformance!`]: crate::repair_queue_conformance
//! [`SagaJournal`]: crate::saga::SagaJournal
//! [`SagaBarrier`]: crate::saga::SagaBarrier
//! [`ChangeFeed`]: crate::event::ChangeFeed
//! [`Outbox`]: crate::event::Outbox
//! [`OutboxStore`]: crate::event::OutboxStore
//! [`Inbox`]: crate::event::Inbox
//! [`outbox_conformance!`]: crate::outbox_conformance
//! [`inbox_conformance!`]: crate::inbox_conformance
//! [`EventBus`]: crate::event::EventBus
//! [`event_bus_conformance!`]: crate::event_bus_conformance
//! [`ReplyStore`]: crate::event::ReplyStore
//! [`reply_store_conformance!`]: crate::reply_store_conformance
//! [`saga_journal_conformance!`]: crate::saga_journal_conformance
//! [`saga_barrier_conformance!`]: crate::saga_barrier_conformance
//! [`change_feed_conformance!`]: crate::change_feed_conformance
//! [`repository_conformance!`]: crate::repository_conformance
//! [`list_conformance!`]: crate::list_conformance
//! [`stamped_conformance!`]: crate::stamped_conformance
//! [`scan_conformance!`]: crate::scan_conformance
//! [`digest_conformance!`]: crate::digest_conformance
//! [`tables_conformance!`]: crate::tables_conformance

#![cfg_attr(
    not(test),
    expect(
        clippy::wildcard_imports,
        reason = "each suite lists its facts by name once, in its macro"
    )
)]

pub mod change_feed;
pub mod checkpoint;
pub mod digest;
pub mod event_bus;
mod fact;
pub mod inbox;
pub mod list;
mod macros;
pub mod outbox;
mod pace;
pub mod repair_queue;
pub mod reply_store;
pub mod repository;
#[cfg(feature = "http")]
pub mod request_journal;
pub mod saga_barrier;
pub mod saga_journal;
pub mod scan;
pub mod stamped;
pub mod state;
pub mod tables;

pub use async_trait::async_trait;
pub use change_feed::ChangeFeedFixture;
pub use checkpoint::CheckpointFixture;
pub use event_bus::{EventBusFixture, GivenUp};
#[doc(hidden)]
pub use fact::__prove_one_of;
pub use fact::{Fact, FactReport, FactRun, prove, run_all};
pub use inbox::InboxFixture;
pub use outbox::OutboxFixture;
pub use repair_queue::RepairQueueFixture;
pub use reply_store::ReplyStoreFixture;
pub use repository::RepositoryFixture;
#[cfg(feature = "http")]
pub use request_journal::RequestJournalFixture;
pub use saga_barrier::SagaBarrierFixture;
pub use saga_journal::SagaJournalFixture;
pub use stamped::StampedFixture;
pub use state::StateFixture;
pub use tables::{SideStampedFixture, TablesFixture};
