//! What is to be copied: pure.

use super::Partition;
use crate::key::{Key, KeyExt};

/// The keys up to `last`, cut after each of `boundaries`.
pub(super) fn partitions<K: Key>(boundaries: &[K], last: &K) -> Vec<Partition> {
    let mut cuts: Vec<&K> = boundaries.iter().filter(|cut| *cut < last).collect();
    cuts.sort();
    cuts.dedup();
    cuts.push(last);
    let mut after = None;
    let partition = |cut: &K| {
        let until = cut.to_bytes();
        Partition { after: after.replace(until.clone()), until }
    };
    cuts.into_iter().map(partition).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(boundaries: &[u8], last: u8) -> Vec<(Option<u8>, u8)> {
        let plain = |it: Partition| (it.after.map(|after| after[0]), it.until[0]);
        partitions(boundaries, &last).into_iter().map(plain).collect()
    }

    #[test]
    fn partitions_meet_and_end_at_the_last_key() {
        assert_eq!(cut(&[], 9), [(None, 9)]);
        assert_eq!(cut(&[3, 6], 9), [(None, 3), (Some(3), 6), (Some(6), 9)]);
    }

    #[test]
    fn odd_boundaries_make_no_empty_partition() {
        assert_eq!(cut(&[6, 3, 3, 9, 200], 9), [(None, 3), (Some(3), 6), (Some(6), 9)]);
    }
}
