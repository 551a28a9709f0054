//! Candidates take turns, round after round; the medians count.

use measure::median;

use crate::candidates::Candidate;
use crate::error::Failure;
use crate::fixture::Fixture;
use crate::process::Ran;

/// What a candidate took, by the medians of its rounds.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) candidate: Candidate,
    pub(crate) wall: f64,
    /// The quickest and the slowest round.
    pub(crate) spread: (f64, f64),
    pub(crate) cpu: f64,
    /// That of the server; zero if it is not known.
    pub(crate) server: f64,
    /// The most of all rounds, in MiB.
    pub(crate) rss: f64,
}

/// Lets everyone take `rounds` turns.
pub(crate) fn run(fixture: &Fixture, rounds: usize) -> Result<Vec<Measured>, Failure> {
    let candidates = Candidate::all(fixture);
    let mut turns: Vec<Vec<Ran>> = candidates.iter().map(|_| Vec::new()).collect();
    for variant in fixture.variants {
        // Warms the caches, and shows that it sees what differs.
        Candidate::CopyCmp(variant).run(fixture)?;
    }
    for round in 0..rounds {
        for (candidate, turns) in candidates.iter().zip(&mut turns) {
            let ran = candidate.run(fixture)?;
            eprintln!("round {} {:22} {:7.2} s", round + 1, candidate.name(), ran.wall);
            turns.push(ran);
        }
    }
    let mut measured: Vec<_> =
        candidates.into_iter().zip(turns).map(|(candidate, turns)| of(candidate, &turns)).collect();
    if fixture.mariadb().is_some() {
        let once = Candidate::FullMariadb.run(fixture)?;
        measured.push(of(Candidate::FullMariadb, &[once]));
    }
    Ok(measured)
}

fn of(candidate: Candidate, turns: &[Ran]) -> Measured {
    let mut walls: Vec<_> = turns.iter().map(|ran| ran.wall).collect();
    let wall = median(&mut walls);
    let spread = (walls[0], walls[walls.len() - 1]);
    let cpu = median(&mut turns.iter().map(|ran| ran.cpu).collect::<Vec<_>>());
    let mut servers: Vec<_> = turns.iter().filter_map(|ran| ran.server).collect();
    let server = median(&mut servers);
    let rss = turns.iter().map(|ran| ran.rss).fold(0.0, f64::max);
    Measured { candidate, wall, spread, cpu, server, rss }
}
