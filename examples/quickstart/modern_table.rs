//! The SQL of the new service's tables.

use std::num::NonZeroUsize;

use rusqlite::{Connection, Row, params};
use strangler_fig::repository::{Applied, Page};
use strangler_fig::stamp::{Record, Stamp};

use crate::airport::Airport;
use crate::database::{limited, rows};
use crate::decimal::Decimal;

pub const SCHEMA: &str = include_str!("modern.sql");

const READ: &str = "SELECT * FROM airport_record WHERE icao = ?1";
// `SQLite` compares texts byte by byte, as Rust does; no key is empty.
const SCAN: &str = "SELECT * FROM airport_record WHERE icao > ?1 ORDER BY icao LIMIT ?2";
const LAST_KEY: &str = "SELECT max(icao) FROM airport";
const BY_COUNTRY: &str = "SELECT * FROM airport_record WHERE country = ?1 ORDER BY icao";
const BY_IATA: &str = "SELECT * FROM airport_record WHERE iata = ?1 ORDER BY icao LIMIT 1";

const STAMP: &str = "SELECT stamp FROM airport WHERE icao = ?1";
// The whole protocol in one condition.
const APPLY: &str = "\
    INSERT INTO airport (icao, stamp, iata, name) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT (icao) DO UPDATE
    SET stamp = excluded.stamp, iata = excluded.iata, name = excluded.name
    WHERE excluded.stamp > airport.stamp";
const PLACE: &str = "\
    REPLACE INTO airport_place (icao, city, subdivision, country, timezone)
    VALUES (?1, ?2, ?3, ?4, ?5)";
const POSITION: &str = "\
    REPLACE INTO airport_position (icao, latitude, longitude, elevation)
    VALUES (?1, ?2, ?3, ?4)";
const CLEAR_PLACE: &str = "DELETE FROM airport_place WHERE icao = ?1";
const CLEAR_POSITION: &str = "DELETE FROM airport_position WHERE icao = ?1";

pub fn read(connection: &Connection, key: &str) -> rusqlite::Result<Record<Airport>> {
    let found = rows(connection, READ, [key], record)?.pop();
    Ok(found.map_or_else(Record::absent, |(_, record)| record))
}

pub fn scan(
    connection: &Connection,
    after: &str,
    limit: NonZeroUsize,
) -> rusqlite::Result<Page<String, Airport>> {
    let records = rows(connection, SCAN, (after, limited(limit)), record)?;
    let is_last = records.len() < limit.get();
    Ok(Page::new(records, is_last))
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

/// Stores `record` if its stamp is the larger one. Several statements: call it
/// in a transaction.
pub fn apply(
    connection: &Connection,
    key: &str,
    record: &Record<Airport>,
) -> rusqlite::Result<Applied> {
    let airport = record.value.as_ref();
    let iata = airport.and_then(|airport| airport.iata.as_deref());
    let name = airport.map(|airport| airport.name.as_str());
    let row = (key, record.stamp.to_bytes(), iata, name);
    if connection.prepare_cached(APPLY)?.execute(row)? == 0 {
        return stamp(connection, key).map(Applied::Stale);
    }
    match airport {
        Some(airport) => fill(connection, airport)?,
        None => clear(connection, key)?,
    }
    Ok(Applied::Stored)
}

fn stamp(connection: &Connection, key: &str) -> rusqlite::Result<Stamp> {
    let stamp = |row: &Row| row.get(0).map(Stamp::from_bytes);
    connection.prepare_cached(STAMP)?.query_row([key], stamp)
}

pub fn fill(connection: &Connection, airport: &Airport) -> rusqlite::Result<()> {
    let place = params![
        airport.icao,
        airport.city,
        airport.subdivision,
        airport.country,
        airport.timezone,
    ];
    let position = params![
        airport.icao,
        airport.latitude.units(),
        airport.longitude.units(),
        airport.elevation.units(),
    ];
    connection.prepare_cached(PLACE)?.execute(place)?;
    connection.prepare_cached(POSITION)?.execute(position)?;
    Ok(())
}

/// Leaves a tombstone: the key and its stamp.
pub fn clear(connection: &Connection, key: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(CLEAR_PLACE)?.execute([key])?;
    connection.prepare_cached(CLEAR_POSITION)?.execute([key])?;
    Ok(())
}

fn record(row: &Row) -> rusqlite::Result<(String, Record<Airport>)> {
    let name: Option<String> = row.get("name")?;
    let value = name.map(|_| airport(row)).transpose()?;
    let stamp = Stamp::from_bytes(row.get("stamp")?);
    Ok((row.get("icao")?, Record { stamp, value }))
}

fn airport(row: &Row) -> rusqlite::Result<Airport> {
    Ok(Airport {
        icao: row.get("icao")?,
        iata: row.get("iata")?,
        name: row.get("name")?,
        city: row.get("city")?,
        subdivision: row.get("subdivision")?,
        country: row.get("country")?,
        elevation: row.get("elevation").map(Decimal::from_units)?,
        latitude: row.get("latitude").map(Decimal::from_units)?,
        longitude: row.get("longitude").map(Decimal::from_units)?,
        timezone: row.get("timezone")?,
    })
}
