//! Two ordered pages as one: the keys that both are known to have shown.

use std::collections::BTreeMap;

use super::SweepError;
use crate::phase::Side;
use crate::repository::Page;
use crate::stamp::Record;

/// What each side holds for some keys, up to where both scans have come.
pub(super) struct Window<K, E> {
    pub(super) keys: BTreeMap<K, Pair<E>>,
    pub(super) end: K,
}

pub(super) struct Pair<E> {
    pub(super) legacy: Record<E>,
    pub(super) modern: Record<E>,
}

impl<E> Pair<E> {
    const fn absent() -> Self {
        Self { legacy: Record::absent(), modern: Record::absent() }
    }
}

/// Refuses a page that would lose keys, or never end.
pub(super) fn checked<K: Ord, E>(
    side: Side,
    after: Option<&K>,
    page: Page<K, E>,
) -> Result<Page<K, E>, SweepError> {
    let mut last = after;
    for (key, _) in &page.records {
        if last.is_some_and(|last| last >= key) {
            return Err(SweepError::OutOfOrder { side });
        }
        last = Some(key);
    }
    if page.records.is_empty() && !page.is_last {
        return Err(SweepError::StandsStill { side });
    }
    Ok(page)
}

/// Beyond the end of a page that is not the last, its next keys are unknown;
/// beyond `last` there is nothing to sweep.
pub(super) fn merged<K: Ord + Clone, E>(
    legacy: Page<K, E>,
    modern: Page<K, E>,
    last: &K,
) -> Window<K, E> {
    let known = |page: &Page<K, E>| match page.records.last() {
        Some((key, _)) if !page.is_last && key < last => key.clone(),
        _ => last.clone(),
    };
    let end = known(&legacy).min(known(&modern));
    let mut keys: BTreeMap<K, Pair<E>> = BTreeMap::new();
    for (key, record) in legacy.records {
        keys.entry(key).or_insert_with(Pair::absent).legacy = record;
    }
    for (key, record) in modern.records {
        keys.entry(key).or_insert_with(Pair::absent).modern = record;
    }
    keys.retain(|key, _| *key <= end);
    Window { keys, end }
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
        let window = merged(legacy, modern, &last);
        (window.keys.into_keys().collect(), window.end)
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
    fn a_page_out_of_order_is_refused() {
        for (after, keys) in [(None, vec![2, 1]), (None, vec![1, 1]), (Some(3), vec![3, 4])] {
            let refused = checked(Side::Modern, after.as_ref(), page(&keys, true));
            assert!(matches!(refused, Err(SweepError::OutOfOrder { side: Side::Modern })));
        }
    }

    #[test]
    fn a_page_that_never_ends_is_refused() {
        let refused = checked(Side::Legacy, None, page(&[], false));
        assert!(matches!(refused, Err(SweepError::StandsStill { side: Side::Legacy })));
    }
}
