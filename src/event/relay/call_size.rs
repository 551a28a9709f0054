//! How many messages a group puts into one call of the bus.

use std::time::Duration;

/// It halves when nothing came of a call, for one message may have been the fault, or too many the reason; and doubles
/// when calls go well again, and fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CallSize {
    most: usize,
    /// How many are to be taken before it grows: those of which nobody knows yet whether they are the fault.
    doubted: usize,
}

impl Default for CallSize {
    /// Whatever there is.
    fn default() -> Self {
        Self { most: usize::MAX, doubted: 0 }
    }
}

impl CallSize {
    pub(super) const fn most(self) -> usize {
        self.most
    }

    /// After a call of several messages of which none was taken.
    pub(super) fn nothing_taken(&mut self, messages: usize) {
        self.most = (messages / 2).max(1);
        self.doubted = messages;
    }

    /// It is known whose fault it was: all others are beyond doubt.
    pub(super) const fn culprit_found(&mut self) {
        self.doubted = 0;
    }

    /// After a call of so many that the bus has dealt with in this time. A call should be over in half of what it has, for
    /// what is cut off is sent twice; so it grows where twice as many would be.
    pub(super) fn taken(&mut self, messages: usize, took: Duration, within: Duration) {
        self.doubted = self.doubted.saturating_sub(messages);
        if took > within / 2 {
            self.most = (messages / 2).max(1);
        } else if self.doubted == 0 && messages >= self.most && took <= within / 4 {
            self.most = self.most.saturating_mul(2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITHIN: Duration = Duration::from_secs(10);
    const FAST: Duration = Duration::from_millis(1);

    #[test]
    fn it_halves_down_to_one() {
        let mut size = CallSize::default();
        for (messages, most) in [(500, 250), (7, 3), (3, 1), (2, 1), (1, 1)] {
            size.nothing_taken(messages);
            assert_eq!(size.most(), most);
        }
    }

    #[test]
    fn it_grows_when_what_was_doubted_is_taken_or_the_culprit_is_found() {
        let mut cut = CallSize::default();
        cut.nothing_taken(8);
        cut.nothing_taken(4);
        let mut found = cut;
        found.culprit_found();
        found.taken(2, FAST, WITHIN);
        assert_eq!(found.most(), 4);
        cut.taken(2, FAST, WITHIN);
        assert_eq!(cut.most(), 2);
        cut.taken(2, FAST, WITHIN);
        assert_eq!(cut.most(), 4);
        for most in [8, 16, 32] {
            cut.taken(cut.most(), FAST, WITHIN);
            assert_eq!(cut.most(), most);
        }
        // A small call says nothing of a large one.
        cut.taken(31, FAST, WITHIN);
        assert_eq!(cut.most(), 32);
    }

    #[test]
    fn it_never_overflows() {
        let mut size = CallSize::default();
        size.taken(usize::MAX, FAST, WITHIN);
        assert_eq!(size, CallSize::default());
    }

    #[test]
    fn slow_calls_do_not_grow_and_very_slow_ones_shrink() {
        let mut size = CallSize::default();
        size.nothing_taken(20);
        for (took, most) in [(3, 10), (5, 10), (6, 5)] {
            size.taken(10, Duration::from_secs(took), WITHIN);
            assert_eq!(size.most(), most, "{took} s");
        }
        size.taken(1, WITHIN, WITHIN);
        assert_eq!(size.most(), 1);
    }
}
