use std::sync::Arc;
use std::time::Duration;

use adapters::customer::Customer;
use adapters::mariadb::{
    MariadbCustomers, MariadbDatabase, MariadbSagaBarrier, MariadbSagaJournal,
};
use adapters::postgres::{
    PostgresCustomers, PostgresDatabase, PostgresSagaBarrier, PostgresSagaJournal,
};
use strangler_fig::error::StoreError;
use strangler_fig::repository::TransactionalRepository;
use strangler_fig::saga::SagaJournal;

use crate::step::Counted;

/// A process that was stopped in the middle of a transaction keeps others waiting no longer.
const DEADLINE: Duration = Duration::from_secs(2);

/// Customers of which an effect can be had.
pub(crate) trait Customers:
    TransactionalRepository<Key = Vec<u8>, Entity = Customer> + Clone
{
}

impl<C: TransactionalRepository<Key = Vec<u8>, Entity = Customer> + Clone> Customers for C {}

/// One database: the journal, and a participant of its sagas.
pub(crate) struct Site<C, B> {
    pub(crate) journal: Arc<dyn SagaJournal>,
    /// Where effects are had.
    customers: C,
    /// If there is one.
    barrier: Option<B>,
}

impl<C: Clone, B: Clone> Site<C, B> {
    pub(crate) fn step(&self) -> Counted<C, B> {
        Counted { customers: self.customers.clone(), barrier: self.barrier.clone() }
    }
}

impl Site<PostgresCustomers, PostgresSagaBarrier> {
    pub(crate) fn postgres(url: &str, is_naive: bool) -> Result<Self, StoreError> {
        let database = PostgresDatabase::with_deadline(url, DEADLINE)?;
        Ok(Self {
            journal: Arc::new(PostgresSagaJournal::new(database.clone())),
            customers: PostgresCustomers::new(database),
            barrier: (!is_naive).then_some(PostgresSagaBarrier),
        })
    }
}

impl Site<MariadbCustomers, MariadbSagaBarrier> {
    pub(crate) fn mariadb(url: &str, is_naive: bool) -> Result<Self, StoreError> {
        let database = MariadbDatabase::with_deadline(url, DEADLINE)?;
        Ok(Self {
            journal: Arc::new(MariadbSagaJournal::new(database.clone())),
            customers: MariadbCustomers::new(database),
            barrier: (!is_naive).then_some(MariadbSagaBarrier),
        })
    }
}
