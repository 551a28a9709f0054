//! Two ordered pages as one: the keys that both are known to have shown.

use std::cmp::Ordering;

use crate::repository::Page;
use crate::stamp::Record;

/// What each side holds for some keys, up to where both scans have come.
#[derive(Debug)]
pub(crate) struct Window<K, E> {
    legacy: Vec<(K, Record<E>)>,
    modern: Vec<(K, Record<E>)>,
    /// The last key it speaks of.
    pub(crate) end: K,
}

impl<K: Ord + Clone, E> Window<K, E> {
    /// Beyond the end of a page that is not the last, its next keys are unknown;
    /// beyond `last` there is nothing to see.
    pub(super) fn of(mut legacy: Page<K, E>, mut modern: Page<K, E>, last: &K) -> Self {
        let end = known(&legacy, last).min(known(&modern, last)).clone();
        for page in [&mut legacy, &mut modern] {
            let within = page.records.partition_point(|(key, _)| *key <= end);
            page.records.truncate(within);
        }
        Self { legacy: legacy.records, modern: modern.records, end }
    }

    /// How many records it holds, of both sides.
    pub(crate) fn records(&self) -> usize {
        self.legacy.len() + self.modern.len()
    }

    /// Its keys in order, each with what the sides hold, without moving any.
    pub(crate) fn lent(&self) -> Lent<'_, K, E> {
        Lent { legacy: &self.legacy, modern: &self.modern }
    }
}

/// Up to where a page tells of every key.
fn known<'a, K: Ord, E>(page: &'a Page<K, E>, last: &'a K) -> &'a K {
    match page.records.last() {
        Some((key, _)) if !page.is_last && key < last => key,
        _ => last,
    }
}

/// The keys of a window; `None` where a side has no record.
pub(crate) struct Lent<'a, K, E> {
    legacy: &'a [(K, Record<E>)],
    modern: &'a [(K, Record<E>)],
}

impl<'a, K: Ord, E> Iterator for Lent<'a, K, E> {
    type Item = (&'a K, Option<&'a Record<E>>, Option<&'a Record<E>>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let order = match (self.legacy.first(), self.modern.first()) {
            (None, None) => return None,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((legacy, _)), Some((modern, _))) => legacy.cmp(modern),
        };
        let legacy = if order.is_le() { first_of(&mut self.legacy) } else { None };
        let modern = if order.is_ge() { first_of(&mut self.modern) } else { None };
        let (key, _) = legacy.or(modern)?;
        Some((key, legacy.map(|(_, record)| record), modern.map(|(_, record)| record)))
    }
}

fn first_of<'a, T>(rest: &mut &'a [T]) -> Option<&'a T> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    Some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::Stamp;

    fn page(keys: &[u32], is_last: bool) -> Page<u32, ()> {
        let records = keys.iter().map(|key| (*key, Record::live(Stamp::BASE, ()))).collect();
        Page::new(records, is_last)
    }

    fn window(legacy: Page<u32, ()>, modern: Page<u32, ()>, last: u32) -> (Vec<u32>, u32) {
        let window = Window::of(legacy, modern, &last);
        let end = window.end;
        (window.lent().map(|(key, ..)| *key).collect(), end)
    }

    #[test]
    fn a_window_ends_where_the_shorter_page_ends() {
        assert_eq!(window(page(&[1, 2], false), page(&[1, 9], false), 20), (vec![1, 2], 2));
        assert_eq!(window(page(&[1, 2], true), page(&[7, 9], false), 20), (vec![1, 2, 7, 9], 9));
        assert_eq!(window(page(&[], true), page(&[5], true), 20), (vec![5], 20));
    }

    #[test]
    fn a_window_ends_at_the_last_key() {
        assert_eq!(window(page(&[1, 8], false), page(&[1, 9], false), 7), (vec![1], 7));
        assert_eq!(window(page(&[1, 2], true), page(&[3, 9], true), 7), (vec![1, 2, 3], 7));
        assert_eq!(window(page(&[1, 7], false), page(&[9], true), 7), (vec![1, 7], 7));
    }

    #[test]
    fn a_side_without_a_key_lends_none() {
        let window = Window::of(page(&[1, 3, 4], true), page(&[2, 3, 5], true), &5);
        let lent =
            window.lent().map(|(key, legacy, modern)| (*key, legacy.is_some(), modern.is_some()));
        let expected = [
            (1, true, false),
            (2, false, true),
            (3, true, true),
            (4, true, false),
            (5, false, true),
        ];
        assert!(lent.eq(expected));
    }
}
