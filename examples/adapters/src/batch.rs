//! Many records in few statements, each answered for itself.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::num::NonZeroUsize;

use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::repository::Applied;
use strangler_fig::stamp::{Record, Stamp};

/// Keys of one read: more would keep those who wait for few of them.
pub(crate) const KEYS: NonZeroUsize = NonZeroUsize::new(128).expect("it is not 0");

/// A record and its key, as `apply_many` is given them.
pub(crate) type Keyed<K, E> = (K, Record<E>);

/// What was found of some keys, each for itself.
pub(crate) type Found<K, E> = HashMap<K, Result<Record<E>, StoreError>>;

/// The answer for each of `keys`: absent, if it was not found.
pub(crate) fn each<K, E>(
    keys: &[K],
    found: &Result<Found<K, E>, StoreError>,
) -> Vec<Result<Record<E>, StoreError>>
where
    K: Eq + Hash,
    E: Clone,
{
    let answer = |key| match found {
        Ok(found) => found.get(key).cloned().unwrap_or_else(|| Ok(Record::absent())),
        Err(error) => Err(error.clone()),
    };
    keys.iter().map(answer).collect()
}

/// A store that takes several records in one statement.
pub(crate) trait Batch<K, E> {
    /// How many records a statement takes at most.
    const ROWS_MAX: usize;

    /// Applies all `records`, or none, and answers for each. Their keys differ
    /// and rise: a statement cannot change a row twice, and writers that lock in
    /// one order cannot deadlock.
    fn apply_all(
        &self,
        records: &[&Keyed<K, E>],
    ) -> impl Future<Output = Result<Vec<Applied>, StoreError>> + Send;
}

/// Applies `records`, each for itself: one that is refused fails alone, found by
/// halving.
pub(crate) async fn apply_many<S, K, E>(
    store: &S,
    records: &[Keyed<K, E>],
) -> Vec<Result<Applied, StoreError>>
where
    S: Batch<K, E> + Sync,
    K: Ord + Sync,
    E: Sync,
{
    let mut answers: Vec<_> = records.iter().map(|_| Err(unstamped())).collect();
    let mut waiting = waves(records, S::ROWS_MAX);
    waiting.reverse();
    while let Some(mut batch) = waiting.pop() {
        let chosen: Vec<_> = batch.iter().map(|&place| &records[place]).collect();
        match store.apply_all(&chosen).await {
            Ok(applied) => {
                for (&place, applied) in batch.iter().zip(applied) {
                    answers[place] = Ok(applied);
                }
            }
            Err(error) if error.kind() == StoreErrorKind::Rejected && batch.len() > 1 => {
                let rest = batch.split_off(batch.len() / 2);
                waiting.extend([rest, batch]);
            }
            Err(error) => {
                for place in batch {
                    answers[place] = Err(error.clone());
                }
            }
        }
    }
    answers
}

/// The places of the records in batches of at most `rows`, without a key twice:
/// the first records of all keys, then the second ones. Those without a stamp
/// are left out.
fn waves<K: Ord, E>(records: &[Keyed<K, E>], rows: usize) -> Vec<Vec<usize>> {
    let mut places: Vec<usize> =
        (0..records.len()).filter(|&place| records[place].1.stamp > Stamp::ZERO).collect();
    // Stable: records of one key stay in their order.
    places.sort_by_key(|&place| &records[place].0);
    let mut waves: Vec<Vec<usize>> = Vec::new();
    for same in places.chunk_by(|&one, &other| records[one].0 == records[other].0) {
        waves.resize_with(waves.len().max(same.len()), Vec::new);
        for (wave, place) in waves.iter_mut().zip(same) {
            wave.push(*place);
        }
    }
    waves.iter().flat_map(|wave| wave.chunks(rows)).map(<[_]>::to_vec).collect()
}

/// The answer to a record without a stamp.
pub(crate) fn unstamped() -> StoreError {
    StoreError::rejected("a record without a stamp cannot be applied")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_in_a_wave_once_and_its_records_in_their_order() {
        let record = |key: u8| (key, Record::live(Stamp::BASE, ()));
        let zero = (1, Record::absent());
        let records = [record(7), record(1), record(7), zero, record(7), record(1)];
        assert_eq!(waves(&records, 9), [vec![1, 0], vec![5, 2], vec![4]]);
        assert_eq!(waves(&records, 1), [[1], [0], [5], [2], [4]]);
    }
}
