//! One page: what modern made of it.

use std::sync::Arc;

use crate::error::{StoreError, StoreErrorKind};
use crate::repository::{Applied, StampedRepository};
use crate::stamp::Record;
use crate::worker::Persistence;

/// What became of the records of a page.
#[derive(Debug)]
pub(super) struct Outcome<K> {
    pub(super) copied: u64,
    pub(super) level: u64,
    pub(super) failed: Vec<(K, StoreError)>,
}

/// Applies records to modern; those that fail in a way that may pass, again.
pub(super) async fn apply<M: StampedRepository>(
    modern: Arc<M>,
    records: Vec<(M::Key, Record<M::Entity>)>,
    tries: Persistence,
) -> Outcome<M::Key> {
    let mut outcome = Outcome { copied: 0, level: 0, failed: Vec::new() };
    let mut open = records;
    let mut pauses = tries.delays();
    loop {
        let pause = pauses.next();
        open = outcome.take(open, &*modern, &tries, pause.is_none()).await;
        match pause {
            Some(pause) if !open.is_empty() => tokio::time::sleep(pause).await,
            _ => return outcome,
        }
    }
}

impl<K> Outcome<K> {
    /// Why, if modern was surely not reached for any of several records: then it
    /// is not they who failed, and those that follow would fill the repair queue.
    pub(super) fn modern_is_away(&self) -> Option<StoreError> {
        let away = |(_, error): &(K, StoreError)| error.kind() == StoreErrorKind::Unavailable;
        let is_away =
            self.copied + self.level == 0 && self.failed.len() > 1 && self.failed.iter().all(away);
        self.failed.last().filter(|_| is_away).map(|(_, error)| error.clone())
    }

    /// Persistence records once and answers those worth another try.
    async fn take<M: StampedRepository<Key = K>>(
        &mut self,
        records: Vec<(K, Record<M::Entity>)>,
        modern: &M,
        tries: &Persistence,
        is_last_try: bool,
    ) -> Vec<(K, Record<M::Entity>)> {
        let answers = tries.in_time(modern.apply_many(&records)).await;
        let mut answers = answers.unwrap_or_default().into_iter();
        let mut open = Vec::new();
        for (key, record) in records {
            match answers.next() {
                Some(Ok(Applied::Stored)) => self.copied += 1,
                Some(Ok(Applied::Stale(_))) => self.level += 1,
                Some(Err(error)) if is_last_try || !error.is_retryable() => {
                    self.failed.push((key, error));
                }
                None if is_last_try => self.failed.push((key, unanswered())),
                Some(Err(_)) | None => open.push((key, record)),
            }
        }
        open
    }
}

fn unanswered() -> StoreError {
    StoreError::unknown("the adapter answered for fewer records than it was given, or not in time")
}

/// What an apply of each would come to.
pub(super) async fn foresee<M: StampedRepository>(
    modern: Arc<M>,
    records: Vec<(M::Key, Record<M::Entity>)>,
    tries: Persistence,
) -> Outcome<M::Key> {
    let mut outcome = Outcome { copied: 0, level: 0, failed: Vec::new() };
    let (keys, records): (Vec<_>, Vec<_>) = records.into_iter().unzip();
    let answers = tries.in_time(modern.read_many(&keys)).await;
    let mut answers = answers.unwrap_or_default().into_iter();
    for (key, record) in keys.into_iter().zip(records) {
        match answers.next() {
            Some(Ok(stored)) if record.supersedes(stored.stamp) => outcome.copied += 1,
            Some(Ok(_)) => outcome.level += 1,
            Some(Err(error)) => outcome.failed.push((key, error)),
            None => outcome.failed.push((key, unanswered())),
        }
    }
    outcome
}
