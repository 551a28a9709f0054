//! [`mockall`] mocks of the contracts, behind the feature `mockall`.
//!
//! For code of yours that is handed a contract, when a reference adapter of
//! [`memory`](crate::memory) says too little: how often it was called, with
//! what, in which order. [`mockall`] itself is here, too, so that its predicates and sequences are those of the
//! version that made the mocks. Methods with a default body keep it, so `apply_many`
//! calls `apply`, a `scope` is `Store`, and `changed` never comes; but a step's `probe` is mocked. Of a gate,
//! [`GateFn`](crate::controller::GateFn) is mock enough, of an event's handler
//! [`handler_fn`](crate::event::handler_fn); of `Upstream`, `UnitOfWork` and `CommandHandler` there is none: write one.
//!
//! ```
//! use strangler_fig::mock::MockRepository;
//! use strangler_fig::repository::Repository;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), strangler_fig::error::StoreError> {
//! let mut users = MockRepository::<u32, String>::new();
//! users.expect_find().withf(|id| *id == 7).times(1).returning(|_| Ok(None));
//! assert_eq!(users.find(&7).await?, None);
//! # Ok(())
//! # }
//! ```

#![expect(
    clippy::ref_option_ref,
    reason = "made by the macro, of an argument that is an `Option<&K>`"
)]

mod change_feed;
mod checkpoint_store;
mod clock;
mod controller;
mod digest;
mod event;
mod observer;
mod outbox;
mod repair_queue;
mod reply_store;
mod repository;
#[cfg(feature = "http")]
mod request_journal;
mod saga_journal;
mod saga_step;
mod stamped;
mod state;
mod tables;
mod throttle;

pub use mockall;

pub use change_feed::{MockChangeFeed, MockLagSource};
pub use checkpoint_store::MockCheckpointStore;
pub use clock::MockClock;
pub use controller::{MockSignalSource, MockSweeper, MockVerificationSource};
pub use digest::MockDigestRepository;
pub use event::{MockEventPublisher, MockEventSubscriber, MockEventSubscription};
pub use observer::MockObserver;
pub use outbox::{MockInbox, MockOutbox, MockOutboxStore};
pub use repair_queue::MockRepairQueue;
pub use reply_store::MockReplyStore;
pub use repository::{MockListRepository, MockRepository};
#[cfg(feature = "http")]
pub use request_journal::MockRequestJournal;
pub use saga_journal::MockSagaJournal;
pub use saga_step::{MockSagaBarrier, MockSagaStep};
pub use stamped::{MockScanRepository, MockStampedRepository};
pub use state::MockMigrationStateService;
pub use tables::{MockStampStore, MockTransactionalRepository};
pub use throttle::MockThrottle;
