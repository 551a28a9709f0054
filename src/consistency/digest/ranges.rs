//! How ranges are divided: pure.

use std::num::NonZeroUsize;

use crate::repository::{HashedRecord, KeyRange};

/// Into how many parts a range that differs is divided.
pub(super) const FANOUT: usize = 16;

/// A split that answers more keys than this was not asked for them.
const PARTS_MAX: usize = FANOUT * 16;

/// The parts of a range, each key of it in exactly one; `None` if `keys` do not
/// lie in it in rising order.
pub(super) fn parts<K: Ord + Clone>(range: &KeyRange<K>, keys: Vec<K>) -> Option<Vec<KeyRange<K>>> {
    let rising = keys.is_sorted_by(|before, next| before < next);
    if !rising || !keys.iter().all(|key| range.contains(key)) {
        return None;
    }
    let mut after = range.after.clone();
    let mut parts = Vec::with_capacity(keys.len() + 1);
    for key in keys {
        parts.push(KeyRange::new(after.replace(key.clone()), Some(key)));
    }
    // Nothing comes after the last key of all.
    if after.is_none() || after != range.until {
        parts.push(KeyRange::new(after, range.until.clone()));
    }
    Some(parts)
}

/// The parts of a range that was to be divided, if it was.
pub(super) fn divided<K: Ord + Clone>(
    range: &KeyRange<K>,
    keys: Vec<K>,
) -> Option<Vec<KeyRange<K>>> {
    parts(range, keys).filter(|parts| (2..=PARTS_MAX).contains(&parts.len()))
}

/// How many rows each part of a range of `rows` is to have.
pub(super) fn rows_of_part(rows: u64) -> NonZeroUsize {
    let rows = usize::try_from(rows.div_ceil(FANOUT as u64)).unwrap_or(usize::MAX);
    NonZeroUsize::new(rows).unwrap_or(NonZeroUsize::MIN)
}

/// Ranges that meet, as one: to be walked at a stretch.
pub(super) fn joined<K: Ord>(mut ranges: Vec<KeyRange<K>>) -> Vec<KeyRange<K>> {
    ranges.sort_by(|one, other| one.after.cmp(&other.after));
    let mut joined: Vec<KeyRange<K>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if last.until.is_some() && last.until == range.after => {
                last.until = range.until;
            }
            _ => joined.push(range),
        }
    }
    joined
}

/// Whether so many ranges of a level differ that dividing them on is dearer than
/// reading them. A few ranges tell nothing.
pub(super) const fn mostly(differing: usize, level: usize) -> bool {
    level >= FANOUT && differing > level / 2
}

/// Whether what a side answered for a range is all of it: in order, within the
/// range, and not cut off at `limit`.
pub(super) fn is_whole<K: Ord>(
    range: &KeyRange<K>,
    hashed: &[HashedRecord<K>],
    limit: NonZeroUsize,
) -> bool {
    hashed.len() < limit.get()
        && hashed.is_sorted_by(|before, next| before.key < next.key)
        && hashed.iter().all(|record| range.contains(&record.key))
}

/// The keys of a range whose hashes differ, or that one side lacks, and how many
/// are the same.
pub(super) fn unequal<K: Ord>(
    legacy: Vec<HashedRecord<K>>,
    modern: Vec<HashedRecord<K>>,
) -> (Vec<K>, u64) {
    let (mut keys, mut equal) = (Vec::new(), 0);
    let mut modern = modern.into_iter().peekable();
    for record in legacy {
        while let Some(before) = modern.next_if(|it| it.key < record.key) {
            keys.push(before.key);
        }
        match modern.next_if(|it| it.key == record.key) {
            Some(it) if it.hash == record.hash && it.stamp == record.stamp => equal += 1,
            _ => keys.push(record.key),
        }
    }
    keys.extend(modern.map(|it| it.key));
    (keys, equal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::RecordHash;
    use crate::stamp::Stamp;

    #[test]
    fn every_key_is_in_exactly_one_part_boundaries_too() {
        let ranges = [
            KeyRange::all(),
            KeyRange::new(Some(3), None),
            KeyRange::new(None, Some(9)),
            KeyRange::new(Some(3), Some(9)),
        ];
        for range in ranges {
            for keys in [vec![], vec![4], vec![4, 7], vec![4, 5, 6, 7, 8, 9]] {
                let parts = parts(&range, keys.clone()).unwrap();
                for key in 0..20 {
                    let holding = parts.iter().filter(|part| part.contains(&key)).count();
                    assert_eq!(holding, usize::from(range.contains(&key)), "{key} {parts:?}");
                }
            }
        }
    }

    #[test]
    fn a_split_that_is_out_of_order_or_out_of_range_is_refused() {
        let range = KeyRange::new(Some(3), Some(9));
        for keys in [vec![5, 4], vec![4, 4], vec![3], vec![10]] {
            assert_eq!(parts(&range, keys), None);
        }
    }

    #[test]
    fn a_range_that_does_not_get_smaller_is_not_divided() {
        let range = KeyRange::new(Some(3), Some(9));
        assert_eq!(divided(&range, vec![]), None);
        assert_eq!(divided(&range, vec![9]), None);
        assert_eq!(divided(&range, vec![8]).map(|parts| parts.len()), Some(2));
        assert_eq!(divided(&KeyRange::all(), (0..1_000).collect()), None, "not what was asked for");
    }

    #[test]
    fn ranges_that_meet_are_joined_and_others_are_not() {
        let range = |after, until| KeyRange::new(after, until);
        let ranges = vec![
            range(Some(9), None),
            range(None, Some(3)),
            range(Some(3), Some(5)),
            range(Some(7), Some(9)),
        ];
        let expected = vec![range(None, Some(5)), range(Some(7), None)];
        assert_eq!(joined(ranges), expected);
        assert_eq!(joined(vec![KeyRange::<u32>::all()]), [KeyRange::all()]);
    }

    #[test]
    fn parts_are_a_sixteenth() {
        assert_eq!(
            [0, 1, 16, 17, 16_384].map(|rows| rows_of_part(rows).get()),
            [1, 1, 1, 2, 1_024]
        );
    }

    #[test]
    fn what_differs_in_most_places_is_read() {
        assert!(!mostly(8, 16) && mostly(9, 16) && mostly(17, 33) && !mostly(16, 33));
        assert!(!mostly(3, 3), "three ranges tell nothing");
    }

    fn hashed(keys: &[(u32, u64)]) -> Vec<HashedRecord<u32>> {
        let hash = |low| RecordHash { high: 0, low };
        keys.iter()
            .map(|it| HashedRecord { key: it.0, stamp: Stamp::BASE, hash: hash(it.1) })
            .collect()
    }

    #[test]
    fn keys_that_differ_or_are_missing_are_found() {
        let (legacy, modern) =
            (hashed(&[(2, 1), (3, 1), (5, 1)]), hashed(&[(1, 1), (3, 2), (5, 1), (9, 1)]));
        assert_eq!(unequal(legacy, modern), (vec![1, 2, 3, 9], 1));
        let mut other = hashed(&[(5, 1)]);
        other[0].stamp = Stamp::MAX;
        assert_eq!(unequal(hashed(&[(5, 1)]), other), (vec![5], 0));
    }

    #[test]
    fn an_answer_that_is_cut_off_or_out_of_order_is_not_whole() {
        let (range, limit) = (KeyRange::new(None, Some(9)), NonZeroUsize::new(3).unwrap());
        assert!(is_whole(&range, &hashed(&[(1, 1), (9, 1)]), limit));
        assert!(!is_whole(&range, &hashed(&[(1, 1), (2, 1), (3, 1)]), limit));
        assert!(!is_whole(&range, &hashed(&[(2, 1), (1, 1)]), limit));
        assert!(!is_whole(&range, &hashed(&[(10, 1)]), limit));
    }

    #[test]
    fn an_answer_is_whole_only_if_in_order_within_the_range_and_not_cut_off() {
        let hashed = |keys: &[u32]| -> Vec<_> {
            let hash = RecordHash { high: 0, low: 0 };
            keys.iter().map(|key| HashedRecord { key: *key, stamp: Stamp::BASE, hash }).collect()
        };
        let range = KeyRange::new(Some(3), Some(9));
        let is_whole = |keys| is_whole(&range, &hashed(keys), NonZeroUsize::new(3).unwrap());
        assert!(is_whole(&[]) && is_whole(&[4]) && is_whole(&[4, 9]));
        assert!(!is_whole(&[4, 5, 6]), "there may be more");
        assert!(!is_whole(&[5, 4]) && !is_whole(&[4, 4]));
        assert!(!is_whole(&[3, 4]) && !is_whole(&[4, 10]));
    }

    #[test]
    fn a_range_is_divided_into_two_parts_at_least_and_256_at_most() {
        let of_keys = |keys: u32| divided(&KeyRange::all(), (0..keys).collect());
        assert_eq!(of_keys(0).map(|parts| parts.len()), None);
        assert_eq!(of_keys(1).map(|parts| parts.len()), Some(2));
        assert_eq!(of_keys(255).map(|parts| parts.len()), Some(256));
        assert_eq!(of_keys(256).map(|parts| parts.len()), None);
    }
}
