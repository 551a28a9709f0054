//! MariaDB: a side with stamps of its own, and a plain table with its stamps
//! beside it.

mod database;
mod digest;
mod error;
mod plain;
mod repository;
mod row;
mod stamps;
mod transaction;

pub use database::MariadbDatabase;
pub use plain::{MariadbCustomers, PLAIN_SCHEMA};
pub use repository::{CUSTOMER_SCHEMA, MariadbRepository};
pub use stamps::MariadbStamps;
pub use transaction::MariadbTransaction;
