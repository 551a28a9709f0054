use std::collections::BTreeMap;

/// What was written to a key last: what was acknowledged, and what was asked for. A write between the two is in doubt.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    pub(crate) key: String,
    pub(crate) acknowledged: i64,
    pub(crate) asked: i64,
}

/// What a store holds of each key.
pub(crate) type Store = BTreeMap<String, i64>;

/// How many of these either store does not hold as it should: not what was acknowledged last, nor anything that was asked for since.
pub(crate) fn missing(kept: &[Kept], stores: &[Store; 2]) -> usize {
    let is_missing = |store: &Store, kept: &Kept| {
        let found = store.get(&kept.key).copied().unwrap_or_default();
        !(kept.acknowledged..=kept.asked).contains(&found)
    };
    kept.iter().filter(|kept| stores.iter().any(|store| is_missing(store, kept))).count()
}

/// Of how many keys they do not hold the same.
pub(crate) fn differing(one: &Store, other: &Store) -> usize {
    let changed = one.iter().filter(|(key, number)| other.get(*key) != Some(number)).count();
    changed + other.keys().filter(|key| !one.contains_key(*key)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(numbers: &[(&str, i64)]) -> Store {
        numbers.iter().map(|(key, number)| ((*key).to_owned(), *number)).collect()
    }

    #[test]
    fn what_is_not_in_both_stores_is_missing() {
        let kept = |key: &str| Kept { key: key.to_owned(), acknowledged: 2, asked: 3 };
        let kept = [kept("a"), kept("b")];
        let both = store(&[("a", 2), ("b", 3)]);
        let stores = [both.clone(), both.clone()];
        assert_eq!((missing(&kept, &stores), differing(&stores[0], &stores[1])), (0, 0));
        for (wrong, keys) in [
            (store(&[("a", 2)]), 1),
            (store(&[]), 2),
            (store(&[("a", 1), ("b", 3)]), 1),
            (store(&[("a", 4), ("b", 3)]), 1),
        ] {
            for stores in [[both.clone(), wrong.clone()], [wrong, both.clone()]] {
                assert_eq!(
                    (missing(&kept, &stores), differing(&stores[0], &stores[1])),
                    (keys, keys)
                );
            }
        }
        // As many in each, and not the same.
        let crossed = [store(&[("a", 2)]), store(&[("b", 2)])];
        assert_eq!((missing(&kept, &crossed), differing(&crossed[0], &crossed[1])), (2, 2));
    }
}
