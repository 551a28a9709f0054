use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fastrand::Rng;
use storefront::Failed;
use storefront::stage::{Crew, Rooms};
use tokio::sync::watch;
use tokio::time::timeout;

/// Between two strokes of one hand, and how much more at most.
const PAUSE_MIN: Duration = Duration::from_millis(800);
const PAUSE_MORE: Duration = Duration::from_millis(3_200);
/// How long a process lies dead, or stands still, at most.
const DEATH_MAX: Duration = Duration::from_millis(800);
const STOP_MAX: Duration = Duration::from_secs(4);

/// What is done to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// SIGKILL; another life begins after that time.
    Kill(Duration),
    /// SIGSTOP, and SIGCONT after that time.
    Stop(Duration),
    /// Every session in a database is ended by its server.
    Cut,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stroke {
    pub(crate) after: Duration,
    pub(crate) victim: usize,
    pub(crate) deed: Deed,
}

/// Strokes without end, by a seed.
#[derive(Debug)]
pub(crate) struct Strokes {
    rng: Rng,
    victims: usize,
}

impl Strokes {
    pub(crate) const fn new(rng: Rng, victims: usize) -> Self {
        Self { rng, victims }
    }
}

impl Iterator for Strokes {
    type Item = Stroke;

    fn next(&mut self) -> Option<Stroke> {
        let rng = &mut self.rng;
        let after = PAUSE_MIN + PAUSE_MORE.mul_f64(rng.f64());
        let victim = rng.usize(..self.victims);
        let deed = match rng.u8(..10) {
            0..4 => Deed::Kill(DEATH_MAX.mul_f64(rng.f64())),
            // Mostly short, sometimes long.
            4..9 => Deed::Stop(STOP_MAX.mul_f64(rng.f64().powi(2))),
            _ => Deed::Cut,
        };
        Some(Stroke { after, victim, deed })
    }
}

/// What was done.
#[derive(Debug, Default)]
pub(crate) struct Count {
    kills: AtomicUsize,
    stops: AtomicUsize,
    cuts: AtomicUsize,
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [kills, stops, cuts] = [&self.kills, &self.stops, &self.cuts].map(read);
        write!(f, "{kills} processes killed, {stops} stopped, {cuts} databases cut off")
    }
}

fn read(count: &AtomicUsize) -> usize {
    count.load(Ordering::Relaxed)
}

/// Strikes until it is over. Whoever was struck is up again then.
pub(crate) async fn rage(
    strokes: Strokes,
    crew: &Crew,
    rooms: &Rooms,
    count: &Count,
    mut over: watch::Receiver<bool>,
) -> Result<(), Failed> {
    for stroke in strokes {
        if timeout(stroke.after, over.wait_for(|over| *over)).await.is_ok() {
            break;
        }
        match stroke.deed {
            Deed::Kill(down) => {
                let mut victim = crew.member(stroke.victim).await;
                println!("    {} is killed", victim.name());
                victim.kill(down).await?;
                count.kills.fetch_add(1, Ordering::Relaxed);
            }
            Deed::Stop(length) => {
                let mut victim = crew.member(stroke.victim).await;
                println!("    {} stands still for {length:.1?}", victim.name());
                victim.pause(length).await?;
                count.stops.fetch_add(1, Ordering::Relaxed);
            }
            Deed::Cut => {
                println!("    the database {} ends its sessions", rooms.cut(stroke.victim).await?);
                count.cuts.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strokes(seed: u64) -> Vec<Stroke> {
        Strokes::new(Rng::with_seed(seed), 6).take(200).collect()
    }

    #[test]
    fn a_seed_tells_what_happens() {
        assert_eq!(strokes(3), strokes(3));
        assert_ne!(strokes(3), strokes(4));
    }

    #[test]
    fn nobody_is_spared() {
        for victim in 0..6 {
            let of = |stroke: &&Stroke| stroke.victim == victim;
            let strokes = strokes(1);
            let deeds: Vec<_> = strokes.iter().filter(of).map(|stroke| stroke.deed).collect();
            assert!(deeds.iter().any(|deed| matches!(deed, Deed::Kill(_))), "{victim}");
            assert!(deeds.iter().any(|deed| matches!(deed, Deed::Stop(_))), "{victim}");
        }
    }

    #[test]
    fn everything_has_its_bounds() {
        for Stroke { after, deed, .. } in strokes(2) {
            assert!((PAUSE_MIN..=PAUSE_MIN + PAUSE_MORE).contains(&after));
            match deed {
                Deed::Kill(down) => assert!(down <= DEATH_MAX),
                Deed::Stop(length) => assert!(length <= STOP_MAX),
                Deed::Cut => {}
            }
        }
    }
}
