//! What the tests share.

use std::future::{Future, poll_fn};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::Poll;

use strangler_fig::repository::ScanRepository;
use strangler_fig::stamp::{Record, Stamp};

use crate::airport::Airport;
use crate::decimal::Decimal;
use crate::legacy::{LegacyAirports, LegacySide};
use crate::modern::ModernAirports;
use crate::scratch::Scratch;

/// The data file that comes with the quickstart.
pub fn data_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart/data/airports.csv")
}

/// Both sides, empty, in a directory that must outlive them.
pub struct Sides {
    pub legacy: LegacySide,
    pub modern: ModernAirports,
    scratch: Scratch,
}

impl Sides {
    pub fn new() -> Self {
        let scratch = Scratch::new().unwrap();
        Self {
            legacy: LegacyAirports::open(&scratch.file("legacy.db")).unwrap().stamped(),
            modern: ModernAirports::open(&scratch.file("modern.db")).unwrap(),
            scratch,
        }
    }

    /// Runs SQL on the modern side behind the adapter's back.
    pub fn behind_modern(&self, sql: &str) {
        let path = self.scratch.file("modern.db");
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

/// The `n`-th airport, in the order of the keys; each `variant` differs.
pub fn entity(n: u32, variant: u32) -> Airport {
    let odd = |text: &str| (variant % 2 == 1).then(|| text.to_owned());
    let number = i32::try_from(variant % 1_000_000).unwrap();
    Airport {
        icao: format!("T{n:06}"),
        iata: odd("TST"),
        name: format!("Tést '{variant}' \"Field\"; 🛫"),
        city: odd(""),
        subdivision: odd("ßub"),
        country: "XX".to_owned(),
        elevation: Decimal::from_units(number - 500_000),
        latitude: Decimal::from_units(89_999_999 - number),
        longitude: Decimal::from_units(number - 179_999_999),
        timezone: "Etc/UTC".to_owned(),
    }
}

/// Stamps in the order of `n`, all above `BASE`.
pub fn stamp(n: u32) -> Stamp {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&(n + 1).to_be_bytes());
    Stamp::from_bytes(bytes)
}

/// The `n`-th airport as its `variant`-th write left it.
pub fn live(n: u32, variant: u32) -> Record<Airport> {
    Record::live(stamp(variant), entity(n, variant))
}

pub fn key(n: u32) -> String {
    entity(n, 0).icao
}

/// Every record of a side, by pages of `limit`.
pub async fn scanned<S>(side: &S, limit: usize) -> Vec<(String, Record<Airport>)>
where
    S: ScanRepository<Key = String, Entity = Airport>,
{
    let limit = NonZeroUsize::new(limit).unwrap();
    let mut records = Vec::new();
    loop {
        let after = records.last().map(|(key, _): &(String, _)| key.clone());
        let page = side.scan(after.as_ref(), limit).await.unwrap();
        assert!(page.records.len() <= limit.get());
        assert!(page.is_last || !page.records.is_empty());
        records.extend(page.records);
        if page.is_last {
            return records;
        }
    }
}

/// Drops a call the `polls`-th time that it waits.
pub async fn dropped_after(polls: usize, call: impl Future) {
    let (mut call, mut polled) = (pin!(call), 0);
    poll_fn(|context| {
        polled += 1;
        match call.as_mut().poll(context) {
            Poll::Pending if polled < polls => Poll::Pending,
            _ => Poll::Ready(()),
        }
    })
    .await;
}
