//! PostgreSQL: a side with stamps of its own, a plain table with its stamps
//! beside it, what the workers and sagas write down, and the state of migrations.
//!
//! The statements name no schema: that of the connection counts
//! (`?options=-csearch_path%3Dshop`).

mod change_feed;
mod checkpoints;
mod database;
mod digest;
mod error;
mod group_commit;
mod inbox;
mod native;
mod number;
mod outbox;
mod outbox_notify;
mod outbox_store;
mod pgoutput;
mod plain;
mod repair_queue;
mod reply_store;
mod repository;
mod row;
mod runs;
mod saga_barrier;
mod saga_journal;
mod saga_writes;
mod stamps;
mod state_service;
mod transaction;
mod unit_of_work;

pub use change_feed::PostgresChangeFeed;
pub use checkpoints::{CHECKPOINT_SCHEMA, PostgresCheckpointStore};
pub use database::PostgresDatabase;
pub use error::PostgresAnswer;
pub use inbox::{INBOX_SCHEMA, PostgresInbox};
pub use outbox::{OUTBOX_SCHEMA, PostgresOutbox};
pub use outbox_store::PostgresOutboxStore;
pub use plain::{PLAIN_SCHEMA, PostgresCustomers};
pub use repair_queue::{PostgresRepairQueue, REPAIR_QUEUE_SCHEMA};
pub use reply_store::{PostgresReplyStore, REPLY_SCHEMA};
pub use repository::{CUSTOMER_SCHEMA, PostgresRepository};
pub use saga_barrier::{PostgresSagaBarrier, SAGA_BARRIER_SCHEMA};
pub use saga_journal::{PostgresSagaJournal, SAGA_JOURNAL_SCHEMA};
pub use stamps::PostgresStamps;
pub use state_service::{PostgresStateService, STATE_SCHEMA};
pub use transaction::PostgresTransaction;
