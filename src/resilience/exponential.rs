use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;

use super::Schedule;

const TWO: NonZeroU32 = NonZeroU32::new(2).expect("two is not zero");

/// How a pause is drawn, so that who failed together does not come back together.
///
/// The names, and what they are good for, are from Marc Brooker, "Exponential
/// Backoff And Jitter", AWS Architecture Blog, 2015.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::resilience::{Exponential, Jitter};
///
/// let pauses = Exponential::default().with_jitter(Jitter::None).with_count(4);
/// let pauses: Vec<_> = pauses.delays().map(|it| it.as_millis()).collect();
/// assert_eq!(pauses, [50, 100, 200, 400]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Jitter {
    /// Not at all.
    None,
    /// Between nothing and the pause.
    Full,
    /// Between a half of the pause and the pause.
    Equal,
    /// Between the first pause and three times the last one drawn.
    Decorrelated,
}

/// Pauses that grow by a factor, with jitter, up to a limit that no pause exceeds.
///
/// The limit holds what grows before the jitter is drawn, and the pause after it:
/// who has reached it is still spread.
///
/// ```
/// use std::time::Duration;
/// use strangler_fig::resilience::{Exponential, Jitter};
///
/// let pauses = Exponential::between(Duration::from_millis(100), Duration::from_secs(5))
///     .with_factor(3.try_into()?)
///     .with_jitter(Jitter::Equal)
///     .with_count(6)
///     .with_seed(7); // the same pauses in every run
/// assert_eq!(pauses.delays().count(), 6);
/// assert!(pauses.delays().all(|pause| pause <= Duration::from_secs(5)));
/// # Ok::<(), std::num::TryFromIntError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Exponential {
    delay_min: Duration,
    delay_max: Duration,
    factor: NonZeroU32,
    jitter: Jitter,
    count: u32,
    seeds: Option<Arc<Mutex<Rng>>>,
}

impl Default for Exponential {
    /// Three pauses from 50 ms on, each twice as long as the last and none longer
    /// than 30 s, drawn with full jitter.
    fn default() -> Self {
        Self::between(Duration::from_millis(50), Duration::from_secs(30))
    }
}

impl Exponential {
    /// Pauses from `delay_min` to `delay_max`; the latter holds if it is the smaller.
    #[must_use]
    pub const fn between(delay_min: Duration, delay_max: Duration) -> Self {
        Self { delay_min, delay_max, factor: TWO, jitter: Jitter::Full, count: 3, seeds: None }
    }

    /// How much longer each pause is than the last, before jitter. 1: all alike.
    /// Decorrelated jitter grows by itself.
    #[must_use]
    pub fn with_factor(mut self, factor: NonZeroU32) -> Self {
        self.factor = factor;
        self
    }

    /// How pauses are drawn.
    #[must_use]
    pub fn with_jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// How many pauses: how often a call is made again. 0: never.
    #[must_use]
    pub fn with_count(mut self, count: u32) -> Self {
        self.count = count;
        self
    }

    /// Draws from a seed: one call after the other, each has the same pauses in
    /// every run, and other ones than its neighbours. Clones draw in turn.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seeds = Some(Arc::new(Mutex::new(Rng::with_seed(seed))));
        self
    }

    /// The pauses of one call.
    #[must_use]
    pub fn delays(&self) -> Delays {
        let rng = match &self.seeds {
            Some(seeds) => seeds.lock().unwrap_or_else(PoisonError::into_inner).fork(),
            None => Rng::new(),
        };
        Delays {
            first: nanos(self.delay_min.min(self.delay_max)),
            limit: nanos(self.delay_max),
            factor: self.factor,
            jitter: self.jitter,
            left: self.count,
            grown: nanos(self.delay_min),
            rng,
        }
    }
}

impl Exponential {
    /// The pause after so many earlier ones, drawn afresh, for whoever counts failures
    /// elsewhere, in a queue say; [`with_count`](Self::with_count) does not limit it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use strangler_fig::resilience::{Exponential, Jitter};
    ///
    /// let pauses = Exponential::default().with_jitter(Jitter::None);
    /// assert_eq!(pauses.delay(0), Duration::from_millis(50));
    /// assert_eq!(pauses.delay(3), Duration::from_millis(400));
    /// assert_eq!(pauses.delay(u32::MAX), Duration::from_secs(30));
    /// ```
    #[must_use]
    pub fn delay(&self, earlier: u32) -> Duration {
        // After 64 doublings nothing grows.
        let earlier = earlier.min(64);
        let mut delays = Delays { left: earlier + 1, ..self.delays() };
        for _ in 0..earlier {
            delays.next();
        }
        delays.next().unwrap_or(self.delay_max)
    }
}

impl Schedule for Exponential {
    fn delays(&self) -> Box<dyn Iterator<Item = Duration> + Send> {
        Box::new(self.delays())
    }
}

/// Pauses longer than five hundred years are not told apart.
fn nanos(delay: Duration) -> u64 {
    u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX)
}

/// The pauses of one call, by an [`Exponential`], which shows them.
#[derive(Debug, Clone)]
pub struct Delays {
    first: u64,
    limit: u64,
    factor: NonZeroU32,
    jitter: Jitter,
    left: u32,
    /// What the next pause is drawn from; with decorrelated jitter the last one.
    grown: u64,
    rng: Rng,
}

impl Iterator for Delays {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let whole = self.grown.min(self.limit);
        let drawn = match self.jitter {
            Jitter::None => whole,
            Jitter::Full => self.rng.u64(..=whole),
            Jitter::Equal => self.rng.u64(whole / 2..=whole),
            Jitter::Decorrelated => {
                let most = whole.saturating_mul(3).min(self.limit);
                self.rng.u64(self.first..=most.max(self.first))
            }
        };
        self.grown = match self.jitter {
            Jitter::Decorrelated => drawn,
            _ => whole.saturating_mul(u64::from(self.factor.get())),
        };
        Some(Duration::from_nanos(drawn))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.left).ok();
        (left.unwrap_or(usize::MAX), left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_secs(1);
    const LIMIT: Duration = Duration::from_secs(20);

    fn pauses(jitter: Jitter, seed: u64, count: u32) -> Vec<Duration> {
        let pauses = Exponential::between(FIRST, LIMIT).with_jitter(jitter).with_count(count);
        pauses.with_seed(seed).delays().collect()
    }

    #[test]
    fn pauses_double_until_they_are_as_long_as_any() {
        let seconds: Vec<_> = pauses(Jitter::None, 1, 7).iter().map(Duration::as_secs).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 20, 20]);
    }

    #[test]
    fn no_jitter_goes_beyond_the_limit() {
        for jitter in [Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
            for seed in 0..200 {
                assert!(pauses(jitter, seed, 20).iter().all(|it| *it <= LIMIT), "{jitter:?}");
            }
        }
    }

    /// A limit that is only put on what was drawn would bring them back together.
    #[test]
    fn who_has_reached_the_limit_is_still_spread() {
        for jitter in [Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
            let last: Vec<_> = (0..1_000).map(|seed| pauses(jitter, seed, 30)[29]).collect();
            let at_limit = last.iter().filter(|it| **it == LIMIT).count();
            assert!(at_limit <= 1, "{jitter:?}: {at_limit}");
            let late = last.iter().filter(|it| **it > LIMIT / 2).count();
            assert!(late > 300, "{jitter:?}: {late}");
        }
    }

    #[test]
    fn each_jitter_keeps_its_bounds() {
        for seed in 0..200 {
            let [full, equal] = [Jitter::Full, Jitter::Equal].map(|it| pauses(it, seed, 5));
            for (at, whole) in [1, 2, 4, 8, 16].map(Duration::from_secs).into_iter().enumerate() {
                assert!(full[at] <= whole);
                assert!(equal[at] >= whole / 2 && equal[at] <= whole);
            }
            let mut last = FIRST;
            for pause in pauses(Jitter::Decorrelated, seed, 20) {
                assert!(pause >= FIRST && pause <= last * 3);
                last = pause;
            }
        }
    }

    #[test]
    fn full_jitter_is_even() {
        let mean =
            (0..10_000).map(|seed| pauses(Jitter::Full, seed, 1)[0].as_secs_f64()).sum::<f64>()
                / 10_000.0;
        assert!((0.48..0.52).contains(&mean), "{mean}");
    }

    #[test]
    fn a_seed_gives_the_same_calls_and_each_its_own_pauses() {
        let calls = |seed| {
            let pauses = Exponential::default().with_seed(seed);
            [(); 3].map(|()| pauses.delays().collect::<Vec<_>>())
        };
        assert_eq!(calls(7), calls(7));
        assert_ne!(calls(7), calls(8));
        assert_ne!(calls(7)[0], calls(7)[1]);
    }

    #[test]
    fn absurd_pauses_overflow_nothing() {
        let longest = Exponential::between(Duration::MAX, Duration::MAX)
            .with_factor(NonZeroU32::MAX)
            .with_jitter(Jitter::Decorrelated)
            .with_count(u32::MAX);
        assert_eq!(longest.delays().take(1_000).count(), 1_000);
        let upside_down = Exponential::between(LIMIT, FIRST).with_jitter(Jitter::Decorrelated);
        assert!(upside_down.delays().all(|it| it == FIRST));
        let nothing = Exponential::between(Duration::ZERO, Duration::ZERO);
        assert!(nothing.delays().all(|it| it == Duration::ZERO));
        assert_eq!(Exponential::default().with_count(0).delays().count(), 0);
    }
}
