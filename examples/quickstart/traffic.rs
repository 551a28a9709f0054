use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fastrand::Rng;
use strangler_fig::error::StoreError;
use strangler_fig::testkit::history::HistoryRecorder;
use tokio::task::JoinSet;

use crate::airport::Airport;
use crate::airports::Airports;
use crate::decimal::Decimal;
use crate::report::Report;

/// How many airports of the file everybody works on.
const HOT: usize = 40;
/// How many airports there are to be that the file has not.
const NEW: usize = 2_000;

/// What all workers share: the airports to work on, and a record of what they
/// did and saw.
#[derive(Debug)]
pub struct Traffic {
    pub recorder: HistoryRecorder<String, Airport>,
    pub report: Arc<Report>,
    airports: Vec<Airport>,
    hot: Vec<usize>,
    writes: AtomicU64,
    is_over: AtomicBool,
    misses: Mutex<Vec<String>>,
}

impl Traffic {
    pub fn new(airports: Vec<Airport>, report: Arc<Report>, rng: &mut Rng) -> Self {
        let recorder = HistoryRecorder::new();
        for airport in &airports {
            recorder.initial(airport.icao.clone(), Some(airport.clone()));
        }
        Self {
            recorder,
            report,
            hot: (0..HOT).map(|_| rng.usize(..airports.len())).collect(),
            airports,
            writes: AtomicU64::new(1),
            is_over: AtomicBool::new(false),
            misses: Mutex::default(),
        }
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Tells everybody to finish what is in hand.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    /// An airport to work on: of those that all fight for, of the whole file, or
    /// one that nobody has built yet.
    pub fn pick(&self, rng: &mut Rng) -> Airport {
        match rng.u8(..10) {
            0..4 => self.airports[self.hot[rng.usize(..HOT)]].clone(),
            4..8 => self.airports[rng.usize(..self.airports.len())].clone(),
            _ => self.new_airport(&new_key(rng.usize(..NEW))),
        }
    }

    /// An airport that the file has not.
    pub fn new_airport(&self, key: &str) -> Airport {
        let model = self.airports[0].clone();
        Airport { icao: key.to_owned(), iata: None, ..model }
    }

    /// The airport as no other write leaves it: the verdict tells writes apart by
    /// what they wrote. Every table of the modern schema has a part in it.
    pub fn rebuilt(&self, airport: Airport) -> Airport {
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        let height = i32::try_from(number % 1_000_000).unwrap_or_default();
        Airport {
            name: format!("{} {number}", airport.name),
            city: (number % 3 > 0).then(|| format!("City {number}")),
            elevation: Decimal::from_units(height),
            ..airport
        }
    }

    /// A query missed an acknowledged write.
    pub fn missed(&self, what: String) {
        self.misses.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    pub fn misses(&self) -> Vec<String> {
        self.misses.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads every key there may be once more, when all is at rest.
    pub async fn read_all(self: &Arc<Self>, nodes: &[Arc<dyn Airports>]) -> Result<(), StoreError> {
        let mut readers = JoinSet::new();
        let keys: Vec<_> = self.keys().collect();
        for (keys, node) in keys.chunks(keys.len().div_ceil(nodes.len())).zip(nodes) {
            let (keys, node, traffic) = (keys.to_vec(), Arc::clone(node), Arc::clone(self));
            readers.spawn(async move {
                for key in keys {
                    let found = node.find(&key).await?;
                    traffic.recorder.final_read(key, found);
                }
                Ok(())
            });
        }
        readers.join_all().await.into_iter().collect()
    }

    fn keys(&self) -> impl Iterator<Item = String> {
        let of_file = self.airports.iter().map(|airport| airport.icao.clone());
        let of_workers = (0..=u8::MAX).map(own_key);
        of_file.chain((0..NEW).map(new_key)).chain(of_workers)
    }
}

/// No airport of the file has small letters.
fn new_key(number: usize) -> String {
    format!("n{number:03x}")
}

/// The key of the airport that worker `number` has for itself.
pub fn own_key(number: u8) -> String {
    format!("~{number:03}")
}
