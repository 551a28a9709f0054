//! The adapters that a reader is meant to copy, against every fact of their
//! contracts.

use std::future::{Ready, ready};
use std::sync::Arc;

use strangler_fig::testkit::conformance::{
    RepositoryFixture, SideStampedFixture, StampedFixture, TablesFixture, async_trait,
};

use crate::airport::Airport;
use crate::decimal::Decimal;
use crate::legacy::LegacyAirports;
use crate::modern::ModernAirports;
use crate::scratch::Scratch;
use crate::stamps::AirportStamps;
use crate::support::entity;

/// Beyond the pole: the new schema refuses it.
fn nowhere(n: u32) -> Airport {
    Airport { latitude: Decimal::from_units(90_000_001), ..entity(n, 0) }
}

struct Legacy {
    airports: LegacyAirports,
    scratch: Scratch,
}

impl Legacy {
    fn fresh() -> Ready<Self> {
        let scratch = Scratch::new().unwrap();
        let airports = LegacyAirports::open(&scratch.file("legacy.db")).unwrap();
        ready(Self { airports, scratch })
    }
}

#[async_trait]
impl TablesFixture for Legacy {
    type Repository = LegacyAirports;
    type Stamps = AirportStamps;

    fn tables(&self) -> (LegacyAirports, AirportStamps) {
        (self.airports.clone(), AirportStamps)
    }

    async fn reopened(&self) -> (LegacyAirports, AirportStamps) {
        (LegacyAirports::open(&self.scratch.file("legacy.db")).unwrap(), AirportStamps)
    }

    fn entity(&self, n: u32, variant: u32) -> Airport {
        entity(n, variant)
    }
}

#[async_trait]
impl RepositoryFixture for Legacy {
    type Repository = LegacyAirports;

    fn repository(&self) -> Arc<LegacyAirports> {
        Arc::new(self.airports.clone())
    }

    async fn reopened(&self) -> Arc<LegacyAirports> {
        Arc::new(TablesFixture::reopened(self).await.0)
    }

    fn entity(&self, n: u32, variant: u32) -> Airport {
        entity(n, variant)
    }
}

struct Modern {
    airports: ModernAirports,
    scratch: Scratch,
}

impl Modern {
    fn fresh() -> Ready<Self> {
        let scratch = Scratch::new().unwrap();
        let airports = ModernAirports::open(&scratch.file("modern.db")).unwrap();
        ready(Self { airports, scratch })
    }
}

#[async_trait]
impl StampedFixture for Modern {
    type Repository = ModernAirports;

    fn repository(&self) -> Arc<ModernAirports> {
        Arc::new(self.airports.clone())
    }

    async fn reopened(&self) -> Arc<ModernAirports> {
        Arc::new(ModernAirports::open(&self.scratch.file("modern.db")).unwrap())
    }

    fn entity(&self, n: u32, variant: u32) -> Airport {
        entity(n, variant)
    }

    /// As a writer that knows of no stamps: the schema gives it the smallest.
    async fn plant(&self, it: Airport) -> bool {
        let connection = rusqlite::Connection::open(self.scratch.file("modern.db")).unwrap();
        let place = (&it.icao, &it.city, &it.subdivision, &it.country, &it.timezone);
        let units = (it.latitude.units(), it.longitude.units(), it.elevation.units());
        let position = (&it.icao, units.0, units.1, units.2);
        let named = (&it.icao, &it.iata, &it.name);
        let planted = connection
            .execute("INSERT INTO airport (icao, iata, name) VALUES (?, ?, ?)", named)
            .and_then(|_| {
                connection.execute("INSERT INTO airport_place VALUES (?, ?, ?, ?, ?)", place)
            })
            .and_then(|_| {
                connection.execute("INSERT INTO airport_position VALUES (?, ?, ?, ?)", position)
            });
        planted.is_ok()
    }

    fn rejected(&self, n: u32) -> Option<Airport> {
        Some(nowhere(n))
    }
}

mod legacy_tables {
    use super::*;

    strangler_fig::repository_conformance!(Legacy::fresh());
    strangler_fig::tables_conformance!(Legacy::fresh());
}

mod legacy_side {
    use super::*;

    async fn side() -> SideStampedFixture<Legacy> {
        SideStampedFixture::new(Legacy::fresh().await)
    }

    strangler_fig::stamped_conformance!(side());
    strangler_fig::scan_conformance!(side());
}

mod modern_side {
    use super::*;

    strangler_fig::stamped_conformance!(Modern::fresh());
    strangler_fig::scan_conformance!(Modern::fresh());
}
