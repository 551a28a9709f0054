//! The modern store without stamps, for the textbook repository: the last call
//! wins, whatever it brings.

use std::path::Path;

use rusqlite::Connection;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::repository::Repository;

use crate::airport::Airport;
use crate::database::Database;
use crate::modern_table as table;

const SAVE: &str = "\
    INSERT INTO airport (icao, iata, name) VALUES (?1, ?2, ?3)
    ON CONFLICT (icao) DO UPDATE SET iata = excluded.iata, name = excluded.name";
const DELETE: &str = "DELETE FROM airport WHERE icao = ?1";

/// The new service's airports, as a textbook writes them.
#[derive(Debug, Clone)]
pub struct BlindAirports {
    database: Database,
}

impl BlindAirports {
    /// The airports in the database at `path`.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        Database::open(path, table::SCHEMA).map(|database| Self { database })
    }

    pub async fn by_country(&self, country: &str) -> Result<Vec<Airport>, StoreError> {
        let country = country.to_owned();
        self.database.read(move |connection| table::by_country(connection, &country)).await
    }

    pub async fn find_by_iata(&self, iata: &str) -> Result<Option<Airport>, StoreError> {
        let iata = iata.to_owned();
        self.database.read(move |connection| table::find_by_iata(connection, &iata)).await
    }
}

#[async_trait]
impl Repository for BlindAirports {
    type Key = String;
    type Entity = Airport;

    fn key(&self, airport: &Airport) -> String {
        airport.icao.clone()
    }

    async fn find(&self, key: &String) -> Result<Option<Airport>, StoreError> {
        let key = key.clone();
        let record = self.database.read(move |connection| table::read(connection, &key)).await?;
        Ok(record.value)
    }

    async fn save(&self, airport: Airport) -> Result<(), StoreError> {
        self.database.write(move |connection| save(connection, &airport)).await
    }

    async fn delete(&self, key: &String) -> Result<(), StoreError> {
        let key = key.clone();
        self.database.write(move |connection| delete(connection, &key)).await
    }
}

fn save(connection: &Connection, airport: &Airport) -> rusqlite::Result<()> {
    let row = (&airport.icao, &airport.iata, &airport.name);
    connection.prepare_cached(SAVE)?.execute(row)?;
    table::fill(connection, airport)
}

fn delete(connection: &Connection, key: &str) -> rusqlite::Result<()> {
    table::clear(connection, key)?;
    connection.prepare_cached(DELETE)?.execute([key]).map(drop)
}
