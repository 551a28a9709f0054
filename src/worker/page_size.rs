use std::num::NonZeroUsize;
use std::time::Duration;

/// How many records a page holds: as many as take about so long.
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
/// use strangler_fig::worker::PageSize;
///
/// let [min, max] = [100, 10_000].map(|n| NonZeroUsize::new(n).expect("it is not zero"));
/// let pages = PageSize::between(min, max).with_target(Duration::from_millis(200));
/// assert_eq!(pages.after(min, Duration::from_millis(50)).get(), 200, "at most twice the last");
/// assert_eq!(pages.after(max, Duration::from_secs(2)).get(), 2_500, "at least a quarter");
/// assert_eq!(PageSize::fixed(min).after(min, Duration::ZERO), min);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize {
    min: NonZeroUsize,
    max: NonZeroUsize,
    target: Duration,
}

impl PageSize {
    /// Pages of one size.
    #[must_use]
    pub const fn fixed(records: NonZeroUsize) -> Self {
        Self { min: records, max: records, target: Duration::MAX }
    }

    /// Pages of `min` to `max` records that take about 200 ms; the larger of the
    /// two is the maximum.
    #[must_use]
    pub fn between(min: NonZeroUsize, max: NonZeroUsize) -> Self {
        Self { min: min.min(max), max: max.max(min), target: Duration::from_millis(200) }
    }

    /// How long a page shall take.
    #[must_use]
    pub const fn with_target(mut self, target: Duration) -> Self {
        self.target = target;
        self
    }

    /// The size of the first page.
    #[must_use]
    pub const fn first(&self) -> NonZeroUsize {
        self.min
    }

    /// The largest size.
    #[must_use]
    pub const fn largest(&self) -> NonZeroUsize {
        self.max
    }

    /// The size of the next page, when one of `records` took so long. It grows at
    /// most to twice the last and shrinks at most to a quarter, so that one odd
    /// page does not decide.
    #[must_use]
    pub fn after(&self, records: NonZeroUsize, took: Duration) -> NonZeroUsize {
        let wanted =
            (records.get() as u128).saturating_mul(self.target.as_nanos()) / took.as_nanos().max(1);
        let wanted = usize::try_from(wanted).unwrap_or(usize::MAX);
        let (least, most) = (records.get().div_ceil(4), records.get().saturating_mul(2));
        let next = wanted.clamp(least, most).clamp(self.min.get(), self.max.get());
        NonZeroUsize::new(next).unwrap_or(self.min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(records: usize) -> NonZeroUsize {
        NonZeroUsize::new(records).unwrap()
    }

    #[test]
    fn pages_settle_where_they_take_the_target() {
        let pages = PageSize::between(n(10), n(100_000)).with_target(Duration::from_millis(100));
        let mut size = pages.first();
        for _ in 0..30 {
            let took = Duration::from_micros(20) * u32::try_from(size.get()).unwrap();
            size = pages.after(size, took);
        }
        assert_eq!(size.get(), 5_000);
    }

    #[test]
    fn absurd_times_stay_within_the_limits() {
        let pages = PageSize::between(n(10), n(1_000));
        let mut size = n(10);
        for _ in 0..20 {
            size = pages.after(size, Duration::ZERO);
        }
        assert_eq!(size, n(1_000));
        for _ in 0..20 {
            size = pages.after(size, Duration::MAX);
        }
        assert_eq!(size, n(10));
        assert_eq!(PageSize::between(n(7), n(3)).largest(), n(7));
        let whole = PageSize::fixed(NonZeroUsize::MAX);
        assert_eq!(whole.after(NonZeroUsize::MAX, Duration::MAX), NonZeroUsize::MAX);
    }
}
