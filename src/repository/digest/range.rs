use serde::{Deserialize, Serialize};

/// The keys after `after` up to and including `until`; a missing end is open.
///
/// Half open, so that ranges that meet share no key and leave none out.
///
/// ```
/// use strangler_fig::repository::KeyRange;
///
/// let (left, right) = (KeyRange::new(None, Some(7)), KeyRange::new(Some(7), None));
/// assert!(left.contains(&7) && !right.contains(&7));
/// assert!(KeyRange::<u32>::all().contains(&0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyRange<K> {
    /// The last key before the range.
    pub after: Option<K>,
    /// The last key of the range.
    pub until: Option<K>,
}

impl<K> KeyRange<K> {
    /// The keys after `after` up to `until`.
    #[must_use]
    pub const fn new(after: Option<K>, until: Option<K>) -> Self {
        Self { after, until }
    }

    /// Every key.
    #[must_use]
    pub const fn all() -> Self {
        Self { after: None, until: None }
    }
}

/// Every key.
impl<K> Default for KeyRange<K> {
    fn default() -> Self {
        Self::all()
    }
}

impl<K: Ord> KeyRange<K> {
    /// Whether `key` lies in it.
    #[must_use]
    pub fn contains(&self, key: &K) -> bool {
        self.after.as_ref().is_none_or(|after| key > after)
            && self.until.as_ref().is_none_or(|until| key <= until)
    }
}

impl<K: Clone> KeyRange<K> {
    /// The parts that end at each of `keys`, and what comes after them. The keys
    /// are of the range and rise, as [`DigestRepository::split`] answers them.
    ///
    /// ```
    /// use strangler_fig::repository::KeyRange;
    ///
    /// let [left, middle, right] = &KeyRange::new(Some(1), Some(9)).cut([3, 6])[..] else {
    ///     panic!("two cuts make three parts");
    /// };
    /// assert_eq!((left, middle), (&KeyRange::new(Some(1), Some(3)), &KeyRange::new(Some(3), Some(6))));
    /// assert_eq!(right, &KeyRange::new(Some(6), Some(9)));
    /// ```
    ///
    /// [`DigestRepository::split`]: super::DigestRepository::split
    #[must_use]
    pub fn cut(&self, keys: impl IntoIterator<Item = K>) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut after = self.after.clone();
        for key in keys {
            parts.push(Self::new(after, Some(key.clone())));
            after = Some(key);
        }
        parts.push(Self::new(after, self.until.clone()));
        parts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_lies_in_one_part_exactly(mut cuts: Vec<u8>, key: u8) {
            cuts.sort_unstable();
            let parts = KeyRange::all().cut(cuts);
            prop_assert_eq!(parts.iter().filter(|part| part.contains(&key)).count(), 1);
        }

        #[test]
        fn parts_hold_what_the_whole_holds(ends: (u8, u8), cut: u8, key: u8) {
            let (after, until) = (ends.0.min(ends.1), ends.0.max(ends.1));
            prop_assume!(after < cut && cut <= until);
            let whole = KeyRange::new(Some(after), Some(until));
            let parts = whole.cut([cut]);
            prop_assert_eq!(whole.contains(&key), parts.iter().any(|part| part.contains(&key)));
        }
    }

    #[test]
    fn a_range_that_ends_where_it_begins_is_empty() {
        let none = KeyRange::new(Some(7), Some(7));
        assert!((0..20).all(|key| !none.contains(&key)));
    }
}
