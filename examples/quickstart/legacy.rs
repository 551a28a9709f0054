//! The legacy side: the monolith's table as it is.
//!
//! Its rows are deleted without a trace and read by code that is not ours, so
//! it can grow neither a tombstone nor a column. The stamps therefore stand in
//! a table beside it, and [`SideStamped`] changes both in one transaction.

use std::num::NonZeroUsize;
use std::path::Path;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::repository::{Access, Repository, SideStamped, TransactionalRepository};

use crate::airport::Airport;
use crate::database::{Database, Transaction};
use crate::legacy_table as table;
use crate::stamps::{self, AirportStamps};

/// The monolith's airports with the stamps beside them: what a migration moves
/// from.
pub type LegacySide = SideStamped<LegacyAirports, AirportStamps>;

/// The monolith's airports.
#[derive(Debug, Clone)]
pub struct LegacyAirports {
    database: Database,
}

impl LegacyAirports {
    /// The airports in the database at `path`.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let database = Database::open(path, &[table::SCHEMA, stamps::SCHEMA].concat())?;
        Ok(Self { database })
    }

    pub fn stamped(self) -> LegacySide {
        SideStamped::new(self, AirportStamps)
    }

    /// Saves all `airports`, or none.
    pub async fn save_all(&self, airports: Vec<Airport>) -> Result<(), StoreError> {
        self.database
            .write(move |connection| {
                airports.iter().try_for_each(|airport| table::save(connection, airport))
            })
            .await
    }

    /// The airports of a country, in the order of their keys.
    pub async fn by_country(&self, country: &str) -> Result<Vec<Airport>, StoreError> {
        let country = country.to_owned();
        self.database.read(move |connection| table::by_country(connection, &country)).await
    }

    /// The airport with this IATA code.
    pub async fn find_by_iata(&self, iata: &str) -> Result<Option<Airport>, StoreError> {
        let iata = iata.to_owned();
        self.database.read(move |connection| table::find_by_iata(connection, &iata)).await
    }
}

#[async_trait]
impl Repository for LegacyAirports {
    type Key = String;
    type Entity = Airport;

    fn key(&self, airport: &Airport) -> String {
        airport.icao.clone()
    }

    async fn find(&self, key: &String) -> Result<Option<Airport>, StoreError> {
        let key = key.clone();
        self.database.read(move |connection| table::find(connection, &key)).await
    }

    async fn save(&self, airport: Airport) -> Result<(), StoreError> {
        self.database.write(move |connection| table::save(connection, &airport)).await
    }

    async fn delete(&self, key: &String) -> Result<(), StoreError> {
        let key = key.clone();
        self.database.write(move |connection| table::delete(connection, &key)).await
    }
}

#[async_trait]
impl TransactionalRepository for LegacyAirports {
    type Transaction = Transaction;

    async fn begin(&self, access: Access) -> Result<Transaction, StoreError> {
        self.database.begin(access).await
    }

    async fn commit(&self, transaction: Transaction) -> Result<(), StoreError> {
        transaction.commit().await
    }

    async fn find_in(
        &self,
        open: &mut Transaction,
        key: &String,
    ) -> Result<Option<Airport>, StoreError> {
        let key = key.clone();
        open.run(move |connection| table::find(connection, &key)).await
    }

    async fn save_in(&self, open: &mut Transaction, airport: &Airport) -> Result<(), StoreError> {
        let airport = airport.clone();
        open.run(move |connection| table::save(connection, &airport)).await
    }

    async fn delete_in(&self, open: &mut Transaction, key: &String) -> Result<(), StoreError> {
        let key = key.clone();
        open.run(move |connection| table::delete(connection, &key)).await
    }

    async fn list_in(
        &self,
        open: &mut Transaction,
        after: Option<&String>,
        limit: NonZeroUsize,
    ) -> Result<Vec<Airport>, StoreError> {
        let after = after.cloned().unwrap_or_default();
        open.run(move |connection| table::list(connection, &after, limit)).await
    }

    async fn last_key_in(&self, open: &mut Transaction) -> Result<Option<String>, StoreError> {
        open.run(table::last_key).await
    }
}
