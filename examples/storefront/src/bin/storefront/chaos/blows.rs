use std::time::Duration;

use fastrand::Rng;

use super::deed::{Deed, Stroke};

/// Between two blows, and how much more at most.
const PAUSE_MIN: Duration = Duration::from_secs(2);
const PAUSE_MORE: Duration = Duration::from_secs(4);
/// How long a server lies dead before it is started again, or stands still, at most.
const DEATH_MAX: Duration = Duration::from_millis(1_500);
const STOP_MAX: Duration = Duration::from_secs(3);

/// What is done to servers, without end, by a seed: each gets one blow a round, and is killed in the first.
#[derive(Debug)]
pub(super) struct Blows {
    rng: Rng,
    servers: usize,
    round: Vec<usize>,
    is_first: bool,
}

impl Blows {
    pub(super) fn new(mut rng: Rng, servers: usize) -> Self {
        let round = shuffled(&mut rng, servers);
        Self { rng, servers, round, is_first: true }
    }
}

fn shuffled(rng: &mut Rng, servers: usize) -> Vec<usize> {
    let mut round: Vec<_> = (0..servers).collect();
    rng.shuffle(&mut round);
    round
}

impl Iterator for Blows {
    type Item = Stroke;

    fn next(&mut self) -> Option<Stroke> {
        if self.round.is_empty() {
            self.is_first = false;
            self.round = shuffled(&mut self.rng, self.servers);
        }
        let victim = self.round.pop()?;
        let after = PAUSE_MIN + PAUSE_MORE.mul_f64(self.rng.f64());
        let length = self.rng.f64();
        let deed = if self.is_first || self.rng.bool() {
            Deed::Kill(DEATH_MAX.mul_f64(length))
        } else {
            Deed::Stop(STOP_MAX.mul_f64(length))
        };
        Some(Stroke { after, victim, deed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blows(seed: u64) -> Vec<Stroke> {
        Blows::new(Rng::with_seed(seed), 3).take(60).collect()
    }

    #[test]
    fn a_seed_tells_what_happens() {
        assert_eq!(blows(3), blows(3));
        assert_ne!(blows(3), blows(4));
    }

    #[test]
    fn each_server_gets_its_share_and_is_killed_first() {
        for (number, round) in blows(1).chunks(3).enumerate() {
            let mut hit: Vec<_> = round.iter().map(|blow| blow.victim).collect();
            hit.sort_unstable();
            assert_eq!(hit, [0, 1, 2]);
            let kills = round.iter().filter(|blow| matches!(blow.deed, Deed::Kill(_))).count();
            assert!(number > 0 || kills == 3);
        }
        assert!(blows(1).iter().any(|blow| matches!(blow.deed, Deed::Stop(_))));
    }

    #[test]
    fn everything_has_its_bounds() {
        for Stroke { after, deed, .. } in blows(2) {
            assert!((PAUSE_MIN..=PAUSE_MIN + PAUSE_MORE).contains(&after));
            match deed {
                Deed::Kill(down) => assert!(down <= DEATH_MAX),
                Deed::Stop(length) => assert!(length <= STOP_MAX),
                Deed::Cut => panic!("a server is not cut off from itself"),
            }
        }
    }
}
