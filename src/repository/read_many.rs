//! Reads of several keys: those that one side answers alone, in calls of many keys.

use std::sync::{Arc, Mutex, PoisonError};

use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};

use super::core::{Core, outcome_of, without_effect};
use super::guarded::judged;
use super::timing::Asked;
use super::{Answer, StampedRepository};
use crate::error::StoreError;
use crate::observe::{Operation, Outcome, Role};
use crate::phase::{Phase, ReadPlan, Side, read_must_rerun};
use crate::resilience::{Admission, CallError, Fallback, Judged, Policy};
use crate::stamp::Record;

/// Keys of one call of a side.
const KEYS_MAX: usize = 128;

/// Answers, each with the place of its key.
type Placed<E> = Vec<(usize, Result<Answer<E>, StoreError>)>;

/// One record or error for each key.
type Records<E> = Vec<Result<Record<E>, StoreError>>;

/// Keys that one side answers, with their places and the phases that say so.
struct Batch<K> {
    side: Side,
    keys: Vec<K>,
    planned: Vec<(usize, Phase)>,
}

impl<K: Clone> Batch<K> {
    fn of(side: Side, keys: &[K], planned: &[(usize, Phase)]) -> Self {
        let keys = planned.iter().map(|&(place, _)| keys[place].clone()).collect();
        Self { side, keys, planned: planned.to_vec() }
    }
}

impl<L, M> Core<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// [`read`](Self::read) for each of `keys`, in their order.
    pub(super) async fn read_many(
        self: &Arc<Self>,
        keys: &[L::Key],
    ) -> Vec<Result<Answer<L::Entity>, StoreError>> {
        let (mut alone, mut legacy, mut modern) = (Vec::new(), Vec::new(), Vec::new());
        for (place, key) in keys.iter().enumerate() {
            let planned = self.served(key).map(|phase| (phase, ReadPlan::of(phase)));
            match planned {
                Some((phase, ReadPlan::Single(side) | ReadPlan::Shadowed(side))) => match side {
                    Side::Legacy => legacy.push((place, phase)),
                    Side::Modern => modern.push((place, phase)),
                },
                _both_or_not_now => alone.push(place),
            }
        }
        let mut reads = Vec::new();
        for (side, planned) in [(Side::Legacy, legacy), (Side::Modern, modern)] {
            for planned in planned.chunks(KEYS_MAX) {
                if let [(place, _)] = *planned {
                    alone.push(place);
                    continue;
                }
                let (this, batch) = (Arc::clone(self), Batch::of(side, keys, planned));
                reads.push(async move { this.read_batch(batch).await }.boxed());
            }
        }
        reads.extend(alone.into_iter().map(|place| {
            let (this, key) = (Arc::clone(self), keys[place].clone());
            async move { vec![(place, this.read(&key).await)] }.boxed()
        }));
        let reads: BoxStream<'_, Placed<L::Entity>> =
            stream::iter(reads).buffer_unordered(self.config.batch_concurrency.get()).boxed();
        let mut answers: Placed<L::Entity> = reads.flat_map(stream::iter).collect().await;
        answers.sort_unstable_by_key(|&(place, _)| place);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    async fn read_batch(self: &Arc<Self>, batch: Batch<L::Key>) -> Placed<L::Entity> {
        let Batch { side, keys, planned } = batch;
        let started = self.started();
        let is_timed = started.is_some();
        let asked = Asked::new(side, Role::Primary, is_timed);
        let records = self.read_side_many(asked, &keys).await;
        let answers = self.stood_in(side, &keys, records, is_timed).await;
        let mut placed = Vec::with_capacity(keys.len());
        for ((key, (place, planned)), answer) in keys.iter().zip(planned).zip(answers) {
            let Some(answer) = self.still_holds(key, planned, answer) else {
                // It tells of itself.
                placed.push((place, self.read(key).await));
                continue;
            };
            self.finished(started, Operation::Read, Some(planned), || match &answer {
                Ok(answer) if answer.fallback => Outcome::FellBack,
                Ok(_) => Outcome::Done,
                Err(error) => outcome_of(error),
            });
            if let Ok(answer) = &answer {
                let is_shadowed = matches!(ReadPlan::of(planned), ReadPlan::Shadowed(_));
                if is_shadowed && !answer.fallback {
                    self.shadow(side, key, &answer.record, is_timed);
                }
            }
            placed.push((place, answer));
        }
        placed
    }

    /// The end check: `None` if the phase has moved so that the key is to be read again.
    fn still_holds(
        &self,
        key: &L::Key,
        planned: Phase,
        answer: Result<Answer<L::Entity>, StoreError>,
    ) -> Option<Result<Answer<L::Entity>, StoreError>> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Some(Err(error)),
        };
        match self.phase_now(key) {
            Err(closed) => Some(Err(closed)),
            Ok(now) if !answer.fallback && read_must_rerun(planned, now) => {
                self.rerun(Operation::Read, planned, now);
                None
            }
            Ok(_) => Some(Ok(answer)),
        }
    }

    /// What the other side holds, for keys of which `side` is unavailable, where it may
    /// stand in.
    async fn stood_in(
        &self,
        side: Side,
        keys: &[L::Key],
        records: Records<L::Entity>,
        is_timed: bool,
    ) -> Vec<Result<Answer<L::Entity>, StoreError>> {
        let mut missing = Vec::new();
        let mut answers = Vec::with_capacity(records.len());
        for (place, record) in records.into_iter().enumerate() {
            answers.push(match record {
                Ok(record) => Ok(Answer::primary(record, side)),
                Err(error) => {
                    let error = self.failed_by(side, error);
                    let stands_in = Fallback::default().stands_in_for(error.judgement());
                    if self.config.fallback_reads && stands_in {
                        missing.push(place);
                        Err(error)
                    } else {
                        Err(without_effect(error))
                    }
                }
            });
        }
        if missing.is_empty() {
            return answers;
        }
        let origin = side.other();
        let asked = Asked::new(origin, Role::Secondary, is_timed);
        let others: Vec<_> = missing.iter().map(|&place| keys[place].clone()).collect();
        let records = self.read_side_many(asked, &others).await;
        for (place, record) in missing.into_iter().zip(records) {
            if let Ok(record) = record {
                answers[place] = Ok(Answer { record, origin, fallback: true });
            }
        }
        answers
    }

    async fn read_side_many(&self, asked: Asked, keys: &[L::Key]) -> Records<L::Entity> {
        match self.config.policy(asked.side()) {
            None => match self.read_many_once(asked, keys).await {
                Ok(records) => records,
                Err(error) => keys.iter().map(|_| Err(error.clone())).collect(),
            },
            Some(policy) => self.read_many_by(policy, asked, keys).boxed().await,
        }
    }

    /// A call of the policy; each try asks for the keys that may still be answered.
    async fn read_many_by(
        &self,
        policy: &Policy,
        asked: Asked,
        keys: &[L::Key],
    ) -> Records<L::Entity> {
        let found = Mutex::new(vec![]);
        found.lock().unwrap_or_else(PoisonError::into_inner).resize_with(keys.len(), || None);
        let read = || async {
            let wanted: Vec<usize> = {
                let found = found.lock().unwrap_or_else(PoisonError::into_inner);
                let is_wanted = |place: &usize| found[*place].as_ref().is_none_or(may_pass);
                (0..keys.len()).filter(is_wanted).collect()
            };
            let asked_for: Vec<_> = wanted.iter().map(|&place| keys[place].clone()).collect();
            let records = self.read_many_once(asked, &asked_for).await?;
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            let mut failed = Ok(());
            for (place, record) in wanted.into_iter().zip(records) {
                if let (Err(error), true, Ok(())) = (&record, may_pass(&record), &failed) {
                    failed = Err(error.clone());
                }
                found[place] = Some(record);
            }
            failed
        };
        let late = StoreError::timed_out();
        let called = policy.call_as(judged, late, Admission::Ordinary, read).await;
        let error = called.err().map(|error| match error {
            CallError::TimedOut(late) => StoreError::unavailable(late),
            error => error.into(),
        });
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let unanswered = || Err(error.clone().unwrap_or_else(unanswered));
        found.into_iter().map(|record| record.unwrap_or_else(unanswered)).collect()
    }

    /// One call. It fails where nothing of it came back that would not be asked again.
    async fn read_many_once(
        &self,
        asked: Asked,
        keys: &[L::Key],
    ) -> Result<Records<L::Entity>, StoreError> {
        let read = match asked.side() {
            Side::Legacy => self.legacy.read_many(keys),
            Side::Modern => self.modern.read_many(keys),
        };
        let call = async move {
            let mut records = read.await;
            records.resize_with(keys.len(), || Err(unanswered()));
            match records.first() {
                Some(Err(error)) if records.iter().all(may_pass) => Err(error.clone()),
                _ => Ok(records),
            }
        };
        self.timed(asked, Operation::Read, call.boxed()).await
    }
}

fn may_pass<E>(record: &Result<Record<E>, StoreError>) -> bool {
    record.as_ref().is_err_and(StoreError::is_retryable)
}

fn unanswered() -> StoreError {
    StoreError::unavailable("the adapter answered for fewer keys than it was asked for")
}
