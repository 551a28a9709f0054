//! The modern side: tables of the new service's own making, with a stamp in
//! each row and room for tombstones. So it implements [`StampedRepository`]
//! itself, and one call is one statement or one transaction.

use std::iter;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::repository::{Applied, Page, ScanRepository, StampedRepository};
use strangler_fig::stamp::Record;

use crate::airport::Airport;
use crate::database::Database;
use crate::modern_table as table;

/// The new service's airports.
#[derive(Debug, Clone)]
pub struct ModernAirports {
    database: Database,
}

impl ModernAirports {
    /// The airports in the database at `path`.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let database = Database::open(path, table::SCHEMA)?;
        Ok(Self { database })
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

    async fn apply_page(
        &self,
        page: Vec<(String, Record<Airport>)>,
    ) -> Result<Vec<Applied>, StoreError> {
        self.database
            .write(move |connection| {
                page.iter().map(|(key, record)| table::apply(connection, key, record)).collect()
            })
            .await
    }

    async fn apply_each(
        &self,
        records: &[(String, Record<Airport>)],
    ) -> Vec<Result<Applied, StoreError>> {
        let mut answers = Vec::with_capacity(records.len());
        for (key, record) in records {
            answers.push(self.apply(key, record).await);
        }
        answers
    }
}

#[async_trait]
impl StampedRepository for ModernAirports {
    type Key = String;
    type Entity = Airport;

    fn key(&self, airport: &Airport) -> String {
        airport.icao.clone()
    }

    async fn read(&self, key: &String) -> Result<Record<Airport>, StoreError> {
        let key = key.clone();
        self.database.read(move |connection| table::read(connection, &key)).await
    }

    async fn apply(&self, key: &String, record: &Record<Airport>) -> Result<Applied, StoreError> {
        let (key, record) = (key.clone(), record.clone());
        self.database.write(move |connection| table::apply(connection, &key, &record)).await
    }

    /// One transaction for the whole page, which is what makes a backfill fast.
    async fn apply_many(
        &self,
        records: &[(String, Record<Airport>)],
    ) -> Vec<Result<Applied, StoreError>> {
        match self.apply_page(records.to_vec()).await {
            Ok(applied) => applied.into_iter().map(Ok).collect(),
            // Nothing changed: find out whose fault it was.
            Err(error) if error.kind() == StoreErrorKind::Rejected => {
                self.apply_each(records).await
            }
            Err(error) => shared(error, records.len()),
        }
    }
}

#[async_trait]
impl ScanRepository for ModernAirports {
    async fn scan(
        &self,
        after: Option<&String>,
        limit: NonZeroUsize,
    ) -> Result<Page<String, Airport>, StoreError> {
        let after = after.cloned().unwrap_or_default();
        self.database.read(move |connection| table::scan(connection, &after, limit)).await
    }

    async fn last_key(&self) -> Result<Option<String>, StoreError> {
        self.database.read(table::last_key).await
    }
}

/// One error as the answer to each of `count` records.
fn shared(error: StoreError, count: usize) -> Vec<Result<Applied, StoreError>> {
    let error = Arc::new(error);
    let answer = || Err(StoreError::new(error.kind(), Arc::clone(&error)));
    iter::repeat_with(answer).take(count).collect()
}
