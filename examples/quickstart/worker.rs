use std::iter;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use strangler_fig::repository::Repository;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::airport::Airport;
use crate::airports::Airports;
use crate::traffic::{Traffic, own_key};
use crate::verdict::shown;

/// Callers of each node.
const CALLERS: usize = 3;
/// How long a caller waits; the impatient ones give up half way.
const PATIENCE: Duration = Duration::from_secs(20);
const IMPATIENCE: Duration = Duration::from_micros(1_500);
/// A caller that failed does not call again at once.
const AFTER_FAILURE: Duration = Duration::from_millis(5);

/// One caller of a node: creates, updates, deletes and reads without pause.
pub struct Worker {
    /// The node that it calls.
    airports: Arc<dyn Airports>,
    /// All of them: any may be asked.
    nodes: Vec<Arc<dyn Airports>>,
    traffic: Arc<Traffic>,
    own: OwnAirport,
    rng: Rng,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Done,
    /// It had no effect.
    Failed,
    /// It may have had its effect, or may have it later.
    Unknown,
}

/// Sets the callers of all `nodes` to work, until the traffic is over.
pub fn call_all(
    nodes: &[Arc<dyn Airports>],
    traffic: &Arc<Traffic>,
    rng: &mut Rng,
    tasks: &mut JoinSet<()>,
) {
    let callers = nodes.iter().flat_map(|node| iter::repeat_n(node, CALLERS));
    for (number, airports) in (0..).zip(callers) {
        let worker = Worker {
            airports: Arc::clone(airports),
            nodes: nodes.to_vec(),
            own: OwnAirport::new(number, traffic),
            traffic: Arc::clone(traffic),
            rng: rng.fork(),
        };
        tasks.spawn(worker.run());
    }
}

impl Worker {
    async fn run(mut self) {
        while !self.traffic.is_over() {
            if self.work().await != Ended::Done {
                sleep(AFTER_FAILURE).await;
            }
        }
    }

    async fn work(&mut self) -> Ended {
        let airport = self.traffic.pick(&mut self.rng);
        match self.rng.u8(..100) {
            0..48 => self.read(airport.icao).await,
            48..82 => {
                let airport = self.traffic.rebuilt(airport);
                let patience = self.patience();
                self.write(airport.icao.clone(), Some(airport), patience).await
            }
            82..94 => {
                let patience = self.patience();
                self.write(airport.icao, None, patience).await
            }
            _ => self.tend_own().await,
        }
    }

    async fn read(&self, key: String) -> Ended {
        let pending = self.traffic.recorder.invoke_read(key.clone());
        let began = Instant::now();
        let Ok(found) = self.airports.find(&key).await else {
            pending.failed();
            return self.failed();
        };
        pending.read(found);
        self.answered(began)
    }

    fn patience(&mut self) -> Duration {
        match self.rng.u8(..100) {
            0..2 => IMPATIENCE.mul_f64(self.rng.f64()),
            _ => PATIENCE,
        }
    }

    /// Saves, or deletes; a caller that gives up drops the call.
    async fn write(&self, key: String, value: Option<Airport>, patience: Duration) -> Ended {
        let pending = self.traffic.recorder.invoke_write(key.clone(), value.clone());
        let began = Instant::now();
        let call = async {
            match value {
                Some(airport) => self.airports.save(airport).await,
                None => self.airports.delete(&key).await,
            }
        };
        match timeout(patience, call).await {
            Ok(Ok(())) => {
                pending.ok();
                self.traffic.report.count(|stage| stage.writes.push(began.elapsed()));
                Ended::Done
            }
            Ok(Err(error)) if error.kind().is_definite() => {
                pending.failed();
                self.failed()
            }
            Ok(Err(_)) | Err(_) => {
                pending.unknown();
                self.traffic.report.count(|stage| stage.unknown += 1);
                Ended::Unknown
            }
        }
    }

    /// Nobody else writes the worker's own airport. So when a write of it was
    /// acknowledged, a query must show it, whatever node is asked.
    async fn tend_own(&mut self) -> Ended {
        let next = match self.rng.u8(..4) {
            0 => None,
            _ => Some(self.traffic.rebuilt(self.own.model.clone())),
        };
        let key = self.own.model.icao.clone();
        let written = self.write(key, next.clone(), PATIENCE).await;
        self.own.written(next, written);
        if written != Ended::Done {
            return written;
        }
        let began = Instant::now();
        let Some(found) = self.ask().await else {
            return self.failed();
        };
        if !self.own.may_be(found.as_ref()) {
            let (key, found) = (&self.own.model.icao, shown(found.as_ref()));
            let expected = shown(self.own.expected.as_ref());
            self.traffic.missed(format!("a query found {key} as {found}, expected {expected}"));
        }
        self.answered(began)
    }

    async fn ask(&mut self) -> Option<Option<Airport>> {
        let node = &self.nodes[self.rng.usize(..self.nodes.len())];
        if self.rng.bool() {
            return node.find_by_iata(&self.own.iata).await.ok();
        }
        let found = node.by_country(&self.own.model.country).await;
        found.ok().map(|found| found.into_iter().next())
    }

    fn answered(&self, began: Instant) -> Ended {
        self.traffic.report.count(|stage| stage.reads.push(began.elapsed()));
        Ended::Done
    }

    fn failed(&self) -> Ended {
        self.traffic.report.count(|stage| stage.failed += 1);
        Ended::Failed
    }
}

/// The airport that one worker has for itself, with an IATA code and a country
/// that no other airport has.
struct OwnAirport {
    model: Airport,
    iata: String,
    /// What the last acknowledged write left.
    expected: Option<Airport>,
    /// What may show as well: writes of unknown outcome, which may land later. The
    /// worker never gives one up, so that there are none where nothing fails.
    doubtful: Vec<Option<Airport>>,
}

impl OwnAirport {
    fn new(number: u8, traffic: &Traffic) -> Self {
        let iata = format!("#{number}");
        let model = Airport {
            iata: Some(iata.clone()),
            country: format!("-{number}"),
            ..traffic.new_airport(&own_key(number))
        };
        Self { model, iata, expected: None, doubtful: Vec::new() }
    }

    fn written(&mut self, value: Option<Airport>, ended: Ended) {
        match ended {
            Ended::Done => self.expected = value,
            Ended::Failed => {}
            Ended::Unknown => self.doubtful.push(value),
        }
    }

    fn may_be(&self, found: Option<&Airport>) -> bool {
        let mut doubtful = self.doubtful.iter();
        self.expected.as_ref() == found || doubtful.any(|value| value.as_ref() == found)
    }
}
