use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{EntropyError, Stamp, WriterId};
use crate::clock::{Clock, SystemClock};

/// How far ahead of the local clock a foreign stamp may be and still move it:
/// five minutes, well above the skew of machines that keep time at all.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::clock::ManualClock;
/// use strangler_fig::stamp::{DRIFT_MAX, Observed, StampClock};
///
/// let theirs = Arc::new(ManualClock::at(1_000));
/// let foreign = StampClock::new()?.with_clock(theirs.clone());
/// let ours = StampClock::new()?.with_clock(Arc::new(ManualClock::at(1_000)));
///
/// theirs.advance(DRIFT_MAX);
/// assert_eq!(ours.observe(foreign.now()), Observed::Passed);
/// theirs.advance(DRIFT_MAX);
/// assert_eq!(ours.observe(foreign.now()), Observed::Drifted);
/// # Ok::<(), strangler_fig::stamp::EntropyError>(())
/// ```
pub const DRIFT_MAX: Duration = Duration::from_secs(5 * 60);

/// Times (milliseconds and counter) from here on, about the year 6429, are
/// refused: room must be left above a stamp to beat it, again and again.
const CEILING: u64 = 1 << 63;

/// What became of an observed stamp.
///
/// ```
/// use std::sync::Arc;
/// use strangler_fig::clock::ManualClock;
/// use strangler_fig::stamp::{Observed, Stamp, StampClock};
///
/// let clock = StampClock::new()?.with_clock(Arc::new(ManualClock::at(1_000)));
/// assert_eq!(clock.observe(Stamp::BASE), Observed::Passed);
/// assert_eq!(clock.observe(Stamp::MAX), Observed::Drifted);
/// # Ok::<(), strangler_fig::stamp::EntropyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Observed {
    /// The clock is past it.
    Passed,
    /// It is further ahead than the allowed drift; the clock did not follow.
    Drifted,
}

/// A stamp so large that no write can be put above it.
///
/// ```
/// use strangler_fig::stamp::{Exhausted, Stamp, StampClock};
///
/// let refused = StampClock::new()?.above(Stamp::MAX);
/// assert_eq!(refused, Err(Exhausted(Stamp::MAX)));
/// # Ok::<(), strangler_fig::stamp::EntropyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no stamp can be made above {0}: whoever wrote it had a broken clock")]
pub struct Exhausted(pub Stamp);

/// Makes stamps: a hybrid logical clock, strictly increasing, one per writer.
///
/// It follows the wall clock forward, ignores it when it goes back, and moves
/// past every stamp it [observes](Self::observe) within the allowed drift. A
/// stamp further ahead is beaten for its own key by [`above`](Self::above) and
/// does not infect the others. All methods are lock-free and safe to share.
///
/// ```
/// use std::num::NonZeroU64;
/// use std::sync::Arc;
/// use std::time::Duration;
/// use strangler_fig::clock::ManualClock;
/// use strangler_fig::stamp::{Observed, Stamp, StampClock, WriterId};
///
/// let clock = StampClock::with_writer(WriterId::fixed(NonZeroU64::MIN))
///     .with_clock(Arc::new(ManualClock::at(1_000)))
///     .with_drift_max(Duration::from_secs(1));
/// assert_eq!(clock.writer().get(), 1);
///
/// let seen = Stamp::from_bytes([0, 0, 0, 0, 4, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 7]);
/// assert_eq!(clock.observe(seen), Observed::Passed);
/// assert!(clock.now() > seen);
///
/// let far = Stamp::from_bytes([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
/// assert_eq!(clock.observe(far), Observed::Drifted);
/// assert!(clock.above(far)? > far && clock.now() < far);
/// # Ok::<(), strangler_fig::stamp::Exhausted>(())
/// ```
#[derive(Debug)]
pub struct StampClock {
    clock: Arc<dyn Clock>,
    writer: WriterId,
    drift_max: Duration,
    last: AtomicU64,
    /// How many stamps were made above drifted ones.
    drifted: AtomicU64,
}

impl StampClock {
    /// A clock over [`SystemClock`] with a fresh writer id and [`DRIFT_MAX`].
    ///
    /// # Errors
    ///
    /// When the operating system has no entropy for the writer id.
    pub fn new() -> Result<Self, EntropyError> {
        WriterId::random().map(Self::with_writer)
    }

    /// A clock with a chosen writer id, for tests that must repeat. Two clocks
    /// that share one id make equal stamps for different writes.
    #[must_use]
    pub fn with_writer(writer: WriterId) -> Self {
        Self {
            clock: Arc::new(SystemClock),
            writer,
            drift_max: DRIFT_MAX,
            last: AtomicU64::new(0),
            drifted: AtomicU64::new(0),
        }
    }

    /// The same, over another wall clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The same, with another allowed drift.
    #[must_use]
    pub fn with_drift_max(mut self, drift_max: Duration) -> Self {
        self.drift_max = drift_max;
        self
    }

    /// Whose stamps these are.
    #[must_use]
    pub const fn writer(&self) -> WriterId {
        self.writer
    }

    /// A stamp larger than every one this clock made or passed before, those
    /// above drifted stamps aside.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use strangler_fig::clock::ManualClock;
    /// use strangler_fig::stamp::StampClock;
    ///
    /// let wall = Arc::new(ManualClock::at(1_000));
    /// let stamps = StampClock::new()?.with_clock(wall.clone());
    /// let before = stamps.now();
    /// wall.set(10); // the wall clock goes back, the stamps do not
    /// assert!(stamps.now() > before);
    /// # Ok::<(), strangler_fig::stamp::EntropyError>(())
    /// ```
    pub fn now(&self) -> Stamp {
        Stamp::new(advance(&self.last, self.physical()), self.writer)
    }

    /// Moves the clock past `stamp`, unless that is beyond the allowed drift.
    pub fn observe(&self, stamp: Stamp) -> Observed {
        if stamp.time() > self.horizon() {
            return Observed::Drifted;
        }
        self.last.fetch_max(stamp.time(), Ordering::Relaxed);
        Observed::Passed
    }

    /// A stamp above `seen`: one from [`now`](Self::now) if the clock can pass
    /// it, else one just above it that leaves the clock alone.
    ///
    /// # Errors
    ///
    /// [`Exhausted`] when `seen` is so large that nothing fits above it.
    pub fn above(&self, seen: Stamp) -> Result<Stamp, Exhausted> {
        match self.observe(seen) {
            Observed::Passed => Ok(self.now()),
            Observed::Drifted if seen.time() >= CEILING => Err(Exhausted(seen)),
            // A writer id of its own keeps two writes above one stamp distinct.
            Observed::Drifted => Ok(Stamp::new(seen.time() + 1, self.derived_writer())),
        }
    }

    /// Another id at each call, as random as this clock's own (`SplitMix64`,
    /// Steele et al., 2014).
    fn derived_writer(&self) -> WriterId {
        let count = self.drifted.fetch_add(1, Ordering::Relaxed) + 1;
        let mut bits = self.writer.get().wrapping_add(count.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        WriterId::fixed(NonZeroU64::new(bits ^ (bits >> 31)).unwrap_or(NonZeroU64::MAX))
    }

    /// Milliseconds in the upper 48 bits, as in a stamp.
    fn physical(&self) -> u64 {
        self.clock.unix_millis().min(CEILING >> 16) << 16
    }

    fn horizon(&self) -> u64 {
        let drift = u64::try_from(self.drift_max.as_millis()).unwrap_or(u64::MAX);
        let millis = self.clock.unix_millis().saturating_add(drift);
        let physical = millis.min((CEILING >> 16) - 1) << 16;
        physical.max(self.last.load(Ordering::Relaxed))
    }
}

/// Moves `cell` past itself and at least to `floor`; the counter carries into
/// the milliseconds by itself.
fn advance(cell: &AtomicU64, floor: u64) -> u64 {
    let mut last = cell.load(Ordering::Relaxed);
    loop {
        let next = floor.max(last + 1);
        match cell.compare_exchange_weak(last, next, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return next,
            Err(now) => last = now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;

    fn clock_at(millis: u64) -> (Arc<ManualClock>, StampClock) {
        let wall = Arc::new(ManualClock::at(millis));
        let clock = StampClock::with_writer(WriterId::fixed(NonZeroU64::MIN));
        (Arc::clone(&wall), clock.with_clock(wall))
    }

    fn stamp(time: u64) -> Stamp {
        Stamp::new(time, WriterId::fixed(NonZeroU64::MAX))
    }

    #[test]
    fn stamps_increase_though_the_wall_clock_goes_back() {
        let (wall, clock) = clock_at(1_000);
        let before = clock.now();
        wall.set(10);
        assert!(clock.now() > before);
    }

    #[test]
    fn a_full_counter_carries_into_the_milliseconds() {
        let (_, clock) = clock_at(5);
        let mut last = clock.now();
        for _ in 0..=u32::from(u16::MAX) {
            let next = clock.now();
            assert!(next > last);
            last = next;
        }
        assert_eq!(last.unix_millis(), 6);
    }

    #[test]
    fn an_observed_stamp_is_passed() {
        let (_, clock) = clock_at(1_000);
        let seen = stamp(2_000 << 16);
        assert_eq!(clock.observe(seen), Observed::Passed);
        assert!(clock.now() > seen);
    }

    #[test]
    fn a_stamp_beyond_the_drift_is_beaten_without_moving_the_clock() {
        let (_, clock) = clock_at(1_000);
        let far = stamp(1 << 50);
        assert_eq!(clock.observe(far), Observed::Drifted);
        let (one, two) = (clock.above(far).unwrap(), clock.above(far).unwrap());
        assert!(one > far && two > far && one != two);
        assert_eq!(clock.now().unix_millis(), 1_000);
    }

    #[test]
    fn one_broken_clock_does_not_exhaust_the_other_drifted_keys() {
        let (_, clock) = clock_at(1_000);
        let (near_the_ceiling, ahead) = (stamp(CEILING - 2), stamp(2_000_000 << 16));
        assert!(clock.above(near_the_ceiling).is_ok());
        let above = clock.above(ahead).unwrap();
        assert_eq!(above.time(), ahead.time() + 1);
    }

    #[test]
    fn nothing_is_above_a_stamp_of_a_broken_clock() {
        let (_, clock) = clock_at(1_000);
        assert_eq!(clock.above(Stamp::MAX), Err(Exhausted(Stamp::MAX)));
        assert!(clock.above(stamp(1 << 50)).is_ok());
    }

    #[test]
    fn an_absurd_wall_clock_leaves_room_above_its_stamps() {
        let (wall, clock) = clock_at(u64::MAX);
        let first = clock.now();
        assert!(clock.now() > first);
        wall.set(1_000);
        assert!(clock.now() > first);
    }

    #[test]
    fn writer_ids_come_from_entropy_and_differ() {
        let ids: std::collections::BTreeSet<_> =
            (0..64).map(|_| StampClock::new().unwrap().writer()).collect();
        assert_eq!(ids.len(), 64);
    }

    #[test]
    fn the_drift_is_allowed_to_the_last_tick() {
        let (_, clock) = clock_at(1_000);
        let last = (1_000 + 5 * 60 * 1_000) << 16;
        assert_eq!(clock.observe(stamp(last + 1)), Observed::Drifted);
        assert_eq!(clock.observe(stamp(last)), Observed::Passed);
    }

    #[test]
    fn an_absurd_wall_clock_passes_no_stamp_that_leaves_no_room() {
        let (_, clock) = clock_at(u64::MAX);
        assert_eq!(clock.above(stamp(CEILING)), Err(Exhausted(stamp(CEILING))));
        assert!(clock.above(stamp(CEILING - 1)).is_ok());
    }

    /// The numbers of the published generator, for the seed 1234567.
    #[test]
    fn derived_writer_ids_are_those_of_split_mix_64() {
        let writer = WriterId::fixed(NonZeroU64::new(1_234_567).unwrap());
        let clock = StampClock::with_writer(writer);
        let ids = [(); 3].map(|()| clock.derived_writer().get());
        let published =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(ids, published);
    }
}
