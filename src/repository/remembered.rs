use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Bound;

use crate::key::Key;
use crate::stamp::Stamp;

/// A bounded number of stamps, those set last; the one set longest ago goes first.
#[derive(Debug)]
pub(super) struct Remembered<K> {
    capacity: NonZeroUsize,
    stamps: BTreeMap<K, (Stamp, u64)>,
    order: BTreeMap<u64, K>,
    turn: u64,
}

impl<K: Key> Remembered<K> {
    pub(super) const fn new(capacity: NonZeroUsize) -> Self {
        Self { capacity, stamps: BTreeMap::new(), order: BTreeMap::new(), turn: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.stamps.len()
    }

    pub(super) fn get(&self, key: &K) -> Option<Stamp> {
        self.stamps.get(key).map(|(stamp, _)| *stamp)
    }

    pub(super) fn set(&mut self, key: K, stamp: Stamp) {
        self.forget(&key);
        if self.stamps.len() >= self.capacity.get() {
            if let Some((_, oldest)) = self.order.pop_first() {
                self.stamps.remove(&oldest);
            }
        }
        self.turn += 1;
        self.order.insert(self.turn, key.clone());
        self.stamps.insert(key, (stamp, self.turn));
    }

    pub(super) fn forget(&mut self, key: &K) -> Option<Stamp> {
        let (stamp, turn) = self.stamps.remove(key)?;
        self.order.remove(&turn);
        Some(stamp)
    }

    /// The remembered keys after `after`, up to `end` if there is one.
    pub(super) fn keys(&self, after: Option<&K>, end: Option<&K>) -> Vec<K> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rest = self.stamps.range((from, Bound::Unbounded)).map(|(key, _)| key);
        rest.take_while(|key| end.is_none_or(|end| *key <= end)).cloned().collect()
    }

    pub(super) fn last_key(&self) -> Option<K> {
        self.stamps.last_key_value().map(|(key, _)| key.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamp_set_longest_ago_is_forgotten_first() {
        let mut remembered = Remembered::new(NonZeroUsize::new(2).unwrap());
        for key in [1, 2, 1, 3] {
            remembered.set(key, Stamp::MAX);
        }
        let kept = [1, 2, 3].map(|key| remembered.get(&key).is_some());
        assert_eq!(kept, [true, false, true]);
        assert_eq!(remembered.order.len(), 2);
    }

    #[test]
    fn keys_are_listed_between_two() {
        let mut remembered = Remembered::new(NonZeroUsize::new(8).unwrap());
        for key in [1, 2, 3, 4] {
            remembered.set(key, Stamp::MAX);
        }
        assert_eq!(remembered.keys(Some(&1), Some(&3)), [2, 3]);
        assert_eq!(remembered.keys(None, None), [1, 2, 3, 4]);
        assert_eq!(remembered.last_key(), Some(4));
    }

    #[test]
    fn what_is_set_again_or_forgotten_keeps_no_older_turn() {
        let mut remembered = Remembered::new(NonZeroUsize::new(3).unwrap());
        for key in [1, 2, 3, 1, 4] {
            remembered.set(key, Stamp::MAX);
        }
        let kept = [1, 2, 3, 4].map(|key| remembered.get(&key).is_some());
        assert_eq!(kept, [true, false, true, true], "1 was set again after 2");

        assert_eq!(remembered.forget(&1), Some(Stamp::MAX));
        assert_eq!((remembered.get(&1), remembered.forget(&1)), (None, None));
        assert_eq!(remembered.order.len(), 2);
    }
}
