//! MariaDB: a side with stamps of its own, a plain table with its stamps beside
//! it, and what sagas write down.

mod database;
mod digest;
mod error;
mod plain;
mod repository;
mod row;
mod saga_barrier;
mod saga_journal;
mod saga_row;
mod stamps;
mod transaction;

pub use database::MariadbDatabase;
pub use plain::{MariadbCustomers, PLAIN_SCHEMA};
pub use repository::{CUSTOMER_SCHEMA, MariadbRepository};
pub use saga_barrier::{MariadbSagaBarrier, SAGA_BARRIER_SCHEMA};
pub use saga_journal::{MariadbSagaJournal, SAGA_JOURNAL_SCHEMA};
pub use stamps::MariadbStamps;
pub use transaction::MariadbTransaction;
