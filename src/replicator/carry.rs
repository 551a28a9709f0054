//! One page, carried over.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;

use futures::{FutureExt, StreamExt, stream};

use super::Replicator;
use super::judge::{After, Fate, after_apply, after_asking, after_join, after_try};
use crate::error::StoreError;
use crate::event::{ChangeFeed, Changed};
use crate::key::{Key, KeyExt};
use crate::reconcile::RepairNote;
use crate::repository::{ConflictPolicy, ScanRepository, StampedRepository};
use crate::stamp::{Record, Stamp};

/// So many keys of a page are asked for where none has gone before.
const ASKED_MAX: usize = 4;

/// What a page comes down to: the last that is known of each key.
pub(super) struct Work<K, E> {
    records: Vec<(K, Record<E>)>,
    hints: Vec<K>,
    unreadable: BTreeMap<Vec<u8>, String>,
}

impl<K: Key, E> Work<K, E> {
    pub(super) fn of(changes: Vec<Changed<K, E>>) -> Self {
        let mut unreadable = BTreeMap::new();
        let mut last = BTreeMap::new();
        for change in changes {
            match change {
                Changed::Hint(key) => drop(last.insert(key, None)),
                Changed::Record(key, record) => drop(last.insert(key, Some(record))),
                Changed::Unreadable { key, why } => drop(unreadable.insert(key, why)),
            }
        }
        let (mut records, mut hints) = (Vec::new(), Vec::new());
        for (key, record) in last {
            match record {
                Some(record) => records.push((key, record)),
                None => hints.push(key),
            }
        }
        Self { records, hints, unreadable }
    }
}

/// What became of the keys of a page.
#[derive(Debug, Default)]
pub(super) struct Carried {
    pub(super) copied: u64,
    pub(super) level: u64,
    pub(super) unreadable: u64,
    pub(super) notes: Vec<RepairNote>,
}

impl Carried {
    fn answered(&self) -> u64 {
        self.copied + self.level + u64::try_from(self.notes.len()).unwrap_or(u64::MAX)
    }

    fn note(&mut self, key: Vec<u8>, reason: &str) {
        self.notes.push(RepairNote { key, reason: reason.to_owned() });
    }
}

/// Keys that a store did not answer for, and what was said of the last of them.
struct Left<K, E> {
    records: Vec<(K, Record<E>)>,
    hints: Vec<K>,
    error: Option<StoreError>,
    /// One that was carried over.
    went: Option<K>,
}

impl<K, E> Left<K, E> {
    fn keys(&self) -> impl Iterator<Item = &K> {
        self.records.iter().map(|(key, _)| key).chain(&self.hints)
    }
}

impl<F, L, M> Replicator<F, L, M>
where
    F: ChangeFeed<Key = L::Key, Entity = L::Entity> + ?Sized,
    L: ScanRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// Carries a page over, each key as often as it takes and is allowed.
    ///
    /// Fails if no key of it was answered for and a store is away. It was `held` so often in a row before.
    pub(super) async fn carry(
        &self,
        work: Work<L::Key, L::Entity>,
        held: u32,
    ) -> Result<Carried, StoreError> {
        let mut carried = Carried::default();
        let (mut records, mut hints) = (work.records, work.hints);
        let mut pauses = self.config.tries.delays();
        loop {
            let mut left = self.attempt(records, hints, &mut carried).await;
            if let Some(key) = left.went.take() {
                *self.witness() = Some(key);
            }
            let pause = pauses.next();
            let away = left.records.len() + left.hints.len();
            let after = match after_try(carried.answered(), away, pause.is_none(), held) {
                After::Ask => after_asking(self.stores_answer(&left).await),
                after => after,
            };
            match after {
                After::Settle => break,
                After::Hold | After::Ask => return Err(left.error.unwrap_or_else(unanswered)),
                After::Note => {
                    let records = left.records.into_iter().map(|(key, _)| key);
                    for key in records.chain(left.hints) {
                        carried.note(key.to_bytes(), "unavailable");
                    }
                    break;
                }
                After::Again => tokio::time::sleep(pause.unwrap_or_default()).await,
            }
            (records, hints) = (left.records, left.hints);
        }
        for key in work.unreadable.into_keys() {
            carried.unreadable += 1;
            carried.note(key, "unreadable");
        }
        Ok(carried)
    }

    /// Tries each key once: records first, since those that were overtaken are joined.
    async fn attempt(
        &self,
        records: Vec<(L::Key, Record<L::Entity>)>,
        mut hints: Vec<L::Key>,
        carried: &mut Carried,
    ) -> Left<L::Key, L::Entity> {
        let mut left = Left { records: Vec::new(), hints: Vec::new(), error: None, went: None };
        if !records.is_empty() {
            let modern = self.repository.modern();
            let answers = self.once(async { Ok(modern.apply_many(&records).await) }).await;
            let mut answers = answers.unwrap_or_default().into_iter();
            for (key, record) in records {
                let answer = answers.next().unwrap_or_else(|| Err(unanswered()));
                match carried.count(after_apply(record.stamp, &answer), key) {
                    Counted::Went(key) => left.went = Some(key),
                    Counted::Noted => {}
                    Counted::Join(key) => hints.push(key),
                    Counted::Away(key) => {
                        left.error = answer.err().or(left.error);
                        left.records.push((key, record));
                    }
                }
            }
        }
        let joins: Vec<_> = hints.into_iter().map(|key| self.joined(key)).collect();
        let mut joins = stream::iter(joins).buffer_unordered(self.config.concurrency.get());
        while let Some((key, fate, error)) = joins.next().await {
            match carried.count(fate, key) {
                Counted::Went(key) => left.went = Some(key),
                Counted::Noted => {}
                Counted::Join(key) | Counted::Away(key) => {
                    left.error = error.or(left.error);
                    left.hints.push(key);
                }
            }
        }
        left
    }

    async fn joined(&self, key: L::Key) -> (L::Key, Fate, Option<StoreError>) {
        let joined = self.repository.join_changed(&key, &ConflictPolicy::PrimaryWins);
        let joined = self.once(joined).await;
        (key, after_join(&joined), joined.err())
    }

    /// Whether the stores answer for a key, so that it is not they who are away: for one that has gone before, or another
    /// that legacy has, which modern is to take once more as it holds it, and that changes nothing; else whether some key
    /// of the page can be read.
    async fn stores_answer(&self, left: &Left<L::Key, L::Entity>) -> bool {
        let mut others: Vec<L::Key> = self.witness().clone().into_iter().collect();
        others.extend(self.others(left).await);
        let with_write = !others.is_empty();
        let asked =
            if with_write { others } else { left.keys().take(ASKED_MAX).cloned().collect() };
        for key in asked {
            if self.answer_for(&key, with_write).await.is_ok() {
                if with_write {
                    *self.witness() = Some(key);
                }
                return true;
            }
        }
        false
    }

    /// Keys of legacy that are not left here.
    async fn others(&self, left: &Left<L::Key, L::Entity>) -> Vec<L::Key> {
        let is_left: BTreeSet<_> = left.keys().collect();
        let limit = NonZeroUsize::MIN.saturating_add(is_left.len() + ASKED_MAX);
        let legacy = self.repository.legacy();
        let page = self.once(async { legacy.scan(None, limit).await }).await;
        let keys = page.into_iter().flat_map(|page| page.records).map(|(key, _)| key);
        keys.filter(|key| !is_left.contains(key)).take(ASKED_MAX).collect()
    }

    async fn answer_for(&self, key: &L::Key, with_write: bool) -> Result<(), StoreError> {
        self.once(self.repository.legacy().read(key)).await?;
        let modern = self.repository.modern();
        let held = self.once(modern.read(key)).await?;
        if with_write && held.stamp > Stamp::ZERO {
            self.once(modern.apply(key, &held)).await?;
        }
        Ok(())
    }

    /// A call, within its deadline; a panic is a failure.
    pub(super) async fn once<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let call = AssertUnwindSafe(call).catch_unwind();
        let panicked = |_| Err(StoreError::unknown("the adapter panicked"));
        let call = call.map(|called| called.unwrap_or_else(panicked));
        self.config.tries.in_time(call).await.and_then(|answer| answer)
    }
}

/// A key whose fate was counted, if it came to an end.
enum Counted<K> {
    Went(K),
    Noted,
    Join(K),
    Away(K),
}

impl Carried {
    fn count<K: Key>(&mut self, fate: Fate, key: K) -> Counted<K> {
        match fate {
            Fate::Copied => self.copied += 1,
            Fate::Level => self.level += 1,
            Fate::Noted(reason) => {
                self.note(key.to_bytes(), reason);
                return Counted::Noted;
            }
            Fate::Join => return Counted::Join(key),
            Fate::Away => return Counted::Away(key),
        }
        Counted::Went(key)
    }
}

fn unanswered() -> StoreError {
    StoreError::unknown("the adapter answered for fewer records than it was given, or not in time")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::Stamp;

    #[test]
    fn of_each_key_the_last_counts() {
        let record = |n| Record::live(Stamp::from_bytes([n; 16]), n);
        let why = || "no such column".to_owned();
        let work = Work::of(vec![
            Changed::Record(1_u32, record(1)),
            Changed::Hint(2),
            Changed::Record(1, record(2)),
            Changed::Unreadable { key: vec![9], why: why() },
            Changed::Record(2, record(3)),
            Changed::Record(3, record(4)),
            Changed::Hint(3),
            Changed::Unreadable { key: vec![9], why: why() },
        ]);
        assert_eq!(work.records, [(1, record(2)), (2, record(3))]);
        assert_eq!(work.hints, [3]);
        assert_eq!(work.unreadable.len(), 1);
    }
}
