//! One way in which the operations so far may have taken effect.

use super::id_set::IdSet;
use super::open::OpenOperations;
use super::timeline::Entry;

/// One way in which the operations so far may have taken effect.
///
/// It orders by all fields, so that like configurations sort together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Configuration {
    /// The value that the record holds.
    pub(super) current: usize,
    /// Open writes that have taken effect.
    pub(super) taken: IdSet,
    /// Open reads that have been served by a value no longer current.
    served: IdSet,
    /// The event at which the current value was placed.
    since: usize,
}

/// An operation at the event that is its response.
#[derive(Debug, Clone, Copy)]
pub(super) struct Response {
    pub(super) id: usize,
    pub(super) value: usize,
    pub(super) invoked: usize,
    pub(super) now: usize,
}

impl Response {
    pub(super) fn of<K, V>(id: usize, entry: &Entry<'_, K, V>) -> Self {
        Self { id, value: entry.value, invoked: entry.invoked, now: entry.responded }
    }
}

impl Configuration {
    pub(super) fn starting_with(current: usize) -> Self {
        Self { current, taken: IdSet::default(), served: IdSet::default(), since: 0 }
    }

    /// Whether `read` has been served.
    pub(super) fn serves(&self, read: Response) -> bool {
        self.current == read.value || self.served.contains(read.id)
    }

    /// The same once the served `read` is no longer open.
    pub(super) fn forget_read(&mut self, read: usize) {
        self.served.remove(read);
    }

    /// The ways for `write` to have taken effect by its response: it had
    /// already, or it was overwritten by the current value, or it does so now.
    pub(super) fn after_write(
        mut self,
        write: Response,
        open: &OpenOperations,
    ) -> [Option<Self>; 2] {
        if self.taken.remove(write.id) {
            return [Some(self), None];
        }
        let hidden = self.hides(write.invoked).then(|| self.clone().hiding(write.value, open));
        [hidden, Some(self.placing(write.value, write.now, open))]
    }

    /// The ways for `read`, not served so far, to be served by an open write:
    /// one that was overwritten by the current value, or one that is placed now.
    pub(super) fn after_read(&self, read: Response, open: &OpenOperations) -> [Option<Self>; 2] {
        let write_by = |by| open.write_of(read.value, &self.taken, by);
        let hidden = write_by(self.since)
            .filter(|_| self.hides(read.invoked))
            .map(|write| self.taking(write).hiding(read.value, open).without(read.id));
        let placed =
            write_by(read.now).map(|write| self.taking(write).placing(read.value, read.now, open));
        [hidden, placed]
    }

    /// Whether every future of `other` is also one of this configuration.
    pub(super) fn dominates(&self, other: &Self) -> bool {
        self.current == other.current
            && self.since >= other.since
            && self.taken.is_subset_of(&other.taken)
            && other.served.is_subset_of(&self.served)
    }

    /// Whether the two differ in nothing but the age of the current value.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.current == other.current && self.taken == other.taken && self.served == other.served
    }

    /// Whether an operation open since `invoked` may have taken effect just
    /// before the current value was placed.
    fn hides(&self, invoked: usize) -> bool {
        invoked < self.since
    }

    fn taking(&self, write: usize) -> Self {
        let mut taking = self.clone();
        taking.taken.insert(write);
        taking
    }

    fn without(mut self, read: usize) -> Self {
        self.forget_read(read);
        self
    }

    /// `value` was held just before the current one was placed.
    fn hiding(mut self, value: usize, open: &OpenOperations) -> Self {
        if value != self.current {
            open.reads_of(value, self.since).for_each(|read| self.served.insert(read));
        }
        self
    }

    /// `value` is placed now; every open read of the value before is served.
    fn placing(mut self, value: usize, now: usize, open: &OpenOperations) -> Self {
        open.reads_of(self.current, now).for_each(|read| self.served.insert(read));
        open.reads_of(value, now).for_each(|read| _ = self.served.remove(read));
        Self { current: value, since: now, ..self }
    }
}

#[cfg(test)]
impl Configuration {
    /// For tests of the frontier: `current`, placed at the event `since`.
    pub(super) fn placed(current: usize, since: usize) -> Self {
        Self { since, ..Self::starting_with(current) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taking(write: usize) -> Configuration {
        Configuration::placed(7, 2).taking(write)
    }

    fn serving(read: usize) -> Configuration {
        let mut serving = Configuration::placed(7, 2);
        serving.served.insert(read);
        serving
    }

    #[test]
    fn a_younger_value_dominates_an_older_one_and_not_the_other_way_round() {
        let (old, young) = (Configuration::placed(7, 1), Configuration::placed(7, 2));
        assert!(young.dominates(&old) && !old.dominates(&young));
    }

    #[test]
    fn fewer_writes_taken_dominate_more() {
        let none = Configuration::placed(7, 2);
        assert!(none.dominates(&taking(0)) && !taking(0).dominates(&none));
    }

    #[test]
    fn more_reads_served_dominate_fewer() {
        let none = Configuration::placed(7, 2);
        assert!(serving(0).dominates(&none) && !none.dominates(&serving(0)));
    }

    #[test]
    fn different_values_do_not_dominate_each_other() {
        let (one, other) = (Configuration::placed(7, 2), Configuration::placed(8, 2));
        assert!(!one.dominates(&other) && !other.dominates(&one));
    }
}
