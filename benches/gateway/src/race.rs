//! Latency and throughput, in turns.

use measure::median;

use crate::client::{self, Side};
use crate::error::Failure;
use crate::load::{Load, Loaded};
use crate::place::Places;
use crate::process::Server;
use crate::proxies::{Proxy, service};

/// How many connections ask at once: one, which waits for nobody; a few; and more than
/// a core can serve at once, where the middle of the times tells how many wait.
pub(crate) const CONNECTIONS: [u32; 4] = [ALONE, 4, BUSY, 256];
/// What latency is measured with: nobody waits for another.
pub(crate) const ALONE: u32 = 1;
/// What throughput is measured with: a core has always something to do.
pub(crate) const BUSY: u32 = 64;

/// A round: what is compared goes there and back, so that what drifts counts for both.
const ROUND: [Proxy; 6] =
    [Proxy::Nginx, Proxy::Gateway, Proxy::Bare, Proxy::None, Proxy::Gateway, Proxy::Nginx];

/// What one proxy did with so many connections: medians of its turns.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) proxy: Proxy,
    pub(crate) connections: u32,
    /// The middle of the answers' times, in microseconds, and what one of a hundred exceeds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Requests a second of the clock.
    pub(crate) wall_rps: f64,
    /// Requests a second of the proxy's own CPU time.
    pub(crate) cpu_rps: f64,
}

/// Ours over nginx's, of the same round: the median of the rounds.
#[derive(Debug)]
pub(crate) struct Ratios {
    pub(crate) connections: u32,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    pub(crate) rps: f64,
}

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Race {
    pub(crate) measured: Vec<Measured>,
    pub(crate) ratios: Vec<Ratios>,
}

/// What one turn told.
#[derive(Debug, Clone, Copy)]
struct Turn {
    proxy: Proxy,
    loaded: Loaded,
    cpu: f64,
}

/// Runs so many rounds of turns of so many seconds.
pub(crate) fn run(places: &Places, rounds: usize, seconds: u32) -> Result<Race, Failure> {
    let field = Field::started(places)?;
    let mut race = Race::default();
    for connections in CONNECTIONS {
        let load = Load { connections, seconds, judged: false };
        let mut turns: Vec<Vec<Turn>> = Vec::new();
        for round in 0..rounds {
            println!("{connections} connections, round {} of {rounds}", round + 1);
            let turn = |proxy| field.turn(proxy, load);
            turns.push(ROUND.into_iter().map(turn).collect::<Result<_, _>>()?);
        }
        let proxies = [Proxy::Nginx, Proxy::Gateway, Proxy::Bare, Proxy::None];
        let all: Vec<Turn> = turns.concat();
        race.measured.extend(proxies.map(|proxy| Measured::of(proxy, connections, &all)));
        race.ratios.push(Ratios::of(connections, &turns));
    }
    Ok(race)
}

/// All that run while one is measured.
struct Field<'p> {
    places: &'p Places,
    servers: Vec<(Proxy, Server)>,
    _modern: Server,
}

impl<'p> Field<'p> {
    fn started(places: &'p Places) -> Result<Self, Failure> {
        let modern = service(Side::Modern, places)?;
        let mut servers = Vec::new();
        // The services first: `Proxy::None` is legacy itself.
        for proxy in [Proxy::None, Proxy::Nginx, Proxy::Gateway, Proxy::Bare] {
            servers.push((proxy, proxy.start(places)?));
            if proxy != Proxy::None {
                proxy.checked(places)?;
            }
        }
        Ok(Self { places, servers, _modern: modern })
    }

    /// Loads one proxy. An answer that failed, or that no service gave, is a failure.
    fn turn(&self, proxy: Proxy, load: Load) -> Result<Turn, Failure> {
        let server = self.servers.iter().find(|(it, _)| *it == proxy);
        let (_, server) = server.ok_or_else(|| Failure::new("a proxy was not started"))?;
        let (cpu, answered) = (server.cpu()?, self.answered()?);
        let loaded = load.run(proxy.port(self.places))?;
        let (cpu, now) = (server.cpu()? - cpu, self.answered()?);
        let by_services = [now[0] - answered[0], now[1] - answered[1]];
        let known = by_services[0] + by_services[1];
        let [modern, _] = by_services;
        let shared = proxy == Proxy::None || (0.42..0.58).contains(&share(modern, known));
        if loaded.failed > 0 || loaded.requests == 0 || known < loaded.requests || !shared {
            let name = proxy.name();
            return Err(Failure::new(format!("{name}: {loaded:?} of {by_services:?} answers")));
        }
        Ok(Turn { proxy, loaded, cpu })
    }

    /// How many pages modern and legacy have answered.
    fn answered(&self) -> Result<[u64; 2], Failure> {
        Ok([client::count(self.places.modern)?, client::count(self.places.legacy)?])
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures are for people")]
fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

impl Turn {
    #[expect(clippy::cast_precision_loss, reason = "figures are for people")]
    fn wall_rps(&self) -> f64 {
        self.loaded.requests as f64 / self.loaded.wall
    }

    #[expect(clippy::cast_precision_loss, reason = "figures are for people")]
    fn cpu_rps(&self) -> f64 {
        self.loaded.requests as f64 / self.cpu.max(0.01)
    }
}

impl Measured {
    fn of(proxy: Proxy, connections: u32, turns: &[Turn]) -> Self {
        let middle = |of: fn(&Turn) -> f64| middle(proxy, turns, of);
        Self {
            proxy,
            connections,
            p50: middle(|turn| turn.loaded.p50),
            p99: middle(|turn| turn.loaded.p99),
            wall_rps: middle(Turn::wall_rps),
            cpu_rps: middle(Turn::cpu_rps),
        }
    }
}

impl Ratios {
    fn of(connections: u32, rounds: &[Vec<Turn>]) -> Self {
        let ratio = |of: fn(&Turn) -> f64| {
            let ours_over_theirs =
                |turns: &Vec<Turn>| mean(Proxy::Gateway, turns, of) / mean(Proxy::Nginx, turns, of);
            median(&mut rounds.iter().map(ours_over_theirs).collect::<Vec<_>>())
        };
        Self {
            connections,
            p50: ratio(|turn| turn.loaded.p50),
            p99: ratio(|turn| turn.loaded.p99),
            rps: ratio(Turn::cpu_rps),
        }
    }
}

fn values(proxy: Proxy, turns: &[Turn], of: fn(&Turn) -> f64) -> Vec<f64> {
    turns.iter().filter(|turn| turn.proxy == proxy).map(of).collect()
}

fn middle(proxy: Proxy, turns: &[Turn], of: fn(&Turn) -> f64) -> f64 {
    median(&mut values(proxy, turns, of))
}

#[expect(clippy::cast_precision_loss, reason = "figures are for people")]
fn mean(proxy: Proxy, turns: &[Turn], of: fn(&Turn) -> f64) -> f64 {
    let values = values(proxy, turns, of);
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(proxy: Proxy, p50: f64, cpu: f64) -> Turn {
        let loaded = Loaded { requests: 100, wall: 1.0, p50, p99: p50, failed: 0 };
        Turn { proxy, loaded, cpu }
    }

    #[test]
    fn a_ratio_is_that_of_one_round() {
        let rounds = [1.0, 10.0, 100.0].map(|slow| {
            vec![turn(Proxy::Nginx, slow, slow), turn(Proxy::Gateway, slow * 1.2, slow * 2.0)]
        });
        let ratios = Ratios::of(1, &rounds);
        assert!((ratios.p50 - 1.2).abs() < 1e-9 && (ratios.rps - 0.5).abs() < 1e-9);
    }
}
