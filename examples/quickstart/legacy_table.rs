//! The SQL of the monolith's table `airports`.

use std::num::NonZeroUsize;

use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Connection, Error, Row, params};

use crate::airport::Airport;
use crate::database::{limited, rows};
use crate::decimal::Decimal;

pub const SCHEMA: &str = include_str!("legacy.sql");

const FIND: &str = "SELECT * FROM airports WHERE icao = ?1";
// `SQLite` compares texts byte by byte, as Rust does; no key is empty.
const LIST: &str = "SELECT * FROM airports WHERE icao > ?1 ORDER BY icao LIMIT ?2";
const LAST_KEY: &str = "SELECT max(icao) FROM airports";
const BY_COUNTRY: &str = "SELECT * FROM airports WHERE country = ?1 ORDER BY icao";
const BY_IATA: &str = "SELECT * FROM airports WHERE iata = ?1 ORDER BY icao LIMIT 1";
const DELETE: &str = "DELETE FROM airports WHERE icao = ?1";
const SAVE: &str = "\
    INSERT INTO airports VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
    ON CONFLICT (icao) DO UPDATE SET
        iata = excluded.iata, name = excluded.name, city = excluded.city,
        subdivision = excluded.subdivision, country = excluded.country,
        elevation = excluded.elevation, latitude = excluded.latitude,
        longitude = excluded.longitude, timezone = excluded.timezone";

pub fn find(connection: &Connection, key: &str) -> rusqlite::Result<Option<Airport>> {
    Ok(rows(connection, FIND, [key], airport)?.pop())
}

pub fn list(
    connection: &Connection,
    after: &str,
    limit: NonZeroUsize,
) -> rusqlite::Result<Vec<Airport>> {
    rows(connection, LIST, (after, limited(limit)), airport)
}

pub fn last_key(connection: &Connection) -> rusqlite::Result<Option<String>> {
    connection.query_row(LAST_KEY, [], |row| row.get(0))
}

pub fn by_country(connection: &Connection, country: &str) -> rusqlite::Result<Vec<Airport>> {
    rows(connection, BY_COUNTRY, [country], airport)
}

pub fn find_by_iata(connection: &Connection, iata: &str) -> rusqlite::Result<Option<Airport>> {
    Ok(rows(connection, BY_IATA, [iata], airport)?.pop())
}

pub fn save(connection: &Connection, airport: &Airport) -> rusqlite::Result<()> {
    let row = params![
        airport.icao,
        airport.iata,
        airport.name,
        airport.city,
        airport.subdivision,
        airport.country,
        airport.elevation.to_f64(),
        airport.latitude.to_f64(),
        airport.longitude.to_f64(),
        airport.timezone,
    ];
    connection.prepare_cached(SAVE)?.execute(row).map(drop)
}

pub fn delete(connection: &Connection, key: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(DELETE)?.execute([key]).map(drop)
}

fn airport(row: &Row) -> rusqlite::Result<Airport> {
    Ok(Airport {
        icao: row.get("icao")?,
        iata: row.get("iata")?,
        name: row.get("name")?,
        city: row.get("city")?,
        subdivision: row.get("subdivision")?,
        country: row.get("country")?,
        elevation: decimal(row, "elevation")?,
        latitude: decimal(row, "latitude")?,
        longitude: decimal(row, "longitude")?,
        timezone: row.get("timezone")?,
    })
}

/// The monolith's float, to the places that the application knows: a rule of
/// this side alone, so that one row always reads as one value.
fn decimal<const PLACES: u32>(row: &Row, column: &str) -> rusqlite::Result<Decimal<PLACES>> {
    let index = row.as_ref().column_index(column)?;
    Decimal::nearest(row.get(index)?).ok_or_else(|| {
        Error::FromSqlConversionFailure(index, Type::Real, FromSqlError::InvalidType.into())
    })
}
