use std::time::Duration;

use fastrand::Rng;

use super::deed::{Deed, Stroke};

/// Between two strokes of one hand, and how much more at most.
const PAUSE_MIN: Duration = Duration::from_millis(800);
const PAUSE_MORE: Duration = Duration::from_millis(3_200);
/// How long a process lies dead, or stands still, at most.
const DEATH_MAX: Duration = Duration::from_millis(800);
const STOP_MAX: Duration = Duration::from_secs(4);

/// What is done to processes, without end, by a seed.
#[derive(Debug)]
pub(super) struct Strokes {
    rng: Rng,
    victims: usize,
}

impl Strokes {
    pub(super) const fn new(rng: Rng, victims: usize) -> Self {
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
