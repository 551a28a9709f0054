//! MariaDB: a side with stamps of its own, a plain table with its stamps beside
//! it, and what sagas write down.

mod change_feed;
mod database;
mod digest;
mod error;
mod inbox;
mod outbox;
mod outbox_store;
mod plain;
mod repository;
mod row;
mod runs;
mod saga_barrier;
mod saga_journal;
mod saga_row;
mod stamps;
mod transaction;
mod unit_of_work;

pub use change_feed::{CHANGE_FEED_SCHEMA, ChangeMode, MariadbChangeFeed};
pub use database::MariadbDatabase;
pub use inbox::{INBOX_SCHEMA, MariadbInbox};
pub use outbox::{MariadbOutbox, OUTBOX_SCHEMA};
pub use outbox_store::MariadbOutboxStore;
pub use plain::{MariadbCustomers, PLAIN_SCHEMA};
pub use repository::{CUSTOMER_SCHEMA, MariadbRepository};
pub use saga_barrier::{MariadbSagaBarrier, SAGA_BARRIER_SCHEMA};
pub use saga_journal::{MariadbSagaJournal, SAGA_JOURNAL_SCHEMA};
pub use stamps::MariadbStamps;
pub use transaction::MariadbTransaction;
