//! Reads of several keys: those that one side answers alone, in calls of as many keys as it
//! takes at once.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use futures::{FutureExt, future::BoxFuture};
use tokio::time::Instant;

use super::core::{Core, outcome_of, without_effect};
use super::guarded::judged;
use super::timing::{Asked, Started};
use super::{Answer, MigrationError, StampedRepository};
use crate::error::StoreError;
use crate::observe::{Operation, Outcome, Role};
use crate::phase::{Phase, ReadPlan, Side, read_must_rerun};
use crate::resilience::{Admission, CallError, Fallback, Judged, Judgement, Policy};
use crate::stamp::Record;

type Answered<E> = Result<Answer<E>, StoreError>;
type Records<E> = Vec<Result<Record<E>, StoreError>>;

/// What is to be read next; numbers are the places of keys.
enum Task {
    /// By itself.
    Alone(usize),
    /// In one call of the side that answers them, with the phases that say so.
    Batch(Side, Vec<(usize, Phase)>),
}

/// A key's answer; or that the phase has moved under it, and when it was begun.
enum Read<E> {
    Done(usize, Answered<E>),
    Moved(usize, Started),
}

/// What came of a try for several keys.
enum Try {
    /// None of them was answered.
    Failed(StoreError),
    /// Some were not, after which so long a pause was asked for.
    Part(Option<Duration>),
}

impl Try {
    /// A side that has answered for some is no sick one.
    fn judged(answer: &Result<(), Self>) -> Judgement {
        match answer {
            Ok(()) => Judgement::success(),
            Err(Self::Failed(error)) => judged::<()>(&Err(error.clone())),
            Err(Self::Part(None)) => Judgement::failed().definite().retryable().ignored(),
            Err(Self::Part(Some(pause))) => {
                Judgement::failed().definite().with_retry_after(*pause).ignored()
            }
        }
    }
}

impl<L, M> Core<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// [`read`](Self::read) for each of `keys`, in their order.
    pub(super) async fn read_many(self: &Arc<Self>, keys: &[L::Key]) -> Vec<Answered<L::Entity>> {
        let at_once = self.config.batch_concurrency.get();
        // A phase that halts keys is waited out once, not once for each of them.
        let patience = Instant::now() + self.config.halted_wait;
        let mut answers: Vec<_> = keys.iter().map(|_| None).collect();
        let mut moved = Vec::new();
        let size = self.keys_at_once(Side::Legacy).max(self.keys_at_once(Side::Modern)).get();
        let places = stream::iter((0..keys.len()).step_by(size));
        let tasks = places.flat_map(|first| {
            stream::iter(self.planned(keys, first..keys.len().min(first + size)))
        });
        let mut reads =
            tasks.map(|task| self.reading(keys, task, patience)).buffer_unordered(at_once);
        while let Some(read) = reads.next().await {
            for read in read {
                match read {
                    Read::Done(place, answer) => answers[place] = Some(answer),
                    Read::Moved(place, started) => moved.push((place, started)),
                }
            }
        }
        let again = moved.into_iter().map(|(place, started)| {
            let (this, key) = (Arc::clone(self), keys[place].clone());
            async move { (place, this.read_patiently(&key, started, patience).await) }.boxed()
        });
        let mut again = stream::iter(again).buffer_unordered(at_once);
        while let Some((place, answer)) = again.next().await {
            answers[place] = Some(answer);
        }
        let unanswered = || Err(StoreError::unavailable("it was not read"));
        answers.into_iter().map(|answer| answer.unwrap_or_else(unanswered)).collect()
    }

    fn keys_at_once(&self, side: Side) -> NonZeroUsize {
        match side {
            Side::Legacy => self.legacy.read_batch(),
            Side::Modern => self.modern.read_batch(),
        }
    }

    /// Tasks of the keys at these places, as the phase is now.
    fn planned(&self, keys: &[L::Key], places: std::ops::Range<usize>) -> Vec<Task> {
        let (mut tasks, mut legacy, mut modern) = (Vec::new(), Vec::new(), Vec::new());
        for place in places {
            let planned = self.served(&keys[place]).map(|phase| (phase, ReadPlan::of(phase)));
            match planned {
                Some((phase, ReadPlan::Single(side) | ReadPlan::Shadowed(side))) => match side {
                    Side::Legacy => legacy.push((place, phase)),
                    Side::Modern => modern.push((place, phase)),
                },
                _both_or_not_now => tasks.push(Task::Alone(place)),
            }
        }
        for (side, planned) in [(Side::Legacy, legacy), (Side::Modern, modern)] {
            for call in planned.chunks(self.keys_at_once(side).get()) {
                tasks.push(match *call {
                    [(place, _)] => Task::Alone(place),
                    _ => Task::Batch(side, call.to_vec()),
                });
            }
        }
        tasks
    }

    fn reading(
        self: &Arc<Self>,
        keys: &[L::Key],
        task: Task,
        patience: Instant,
    ) -> BoxFuture<'static, Vec<Read<L::Entity>>> {
        let this = Arc::clone(self);
        match task {
            Task::Alone(place) => {
                let key = keys[place].clone();
                async move {
                    let started = this.started();
                    let answer = this.read_patiently(&key, started, patience).await;
                    vec![Read::Done(place, answer)]
                }
                .boxed()
            }
            Task::Batch(side, planned) => {
                let keys = planned.iter().map(|&(place, _)| keys[place].clone()).collect();
                async move { this.read_batch(side, keys, planned).await }.boxed()
            }
        }
    }

    /// As [`read`](Self::read); a key that is halted when patience has run out is not waited
    /// for any more.
    async fn read_patiently(
        self: &Arc<Self>,
        key: &L::Key,
        started: Started,
        patience: Instant,
    ) -> Answered<L::Entity> {
        let word = self.tracker.word();
        let is_halted = !word.is_closed() && self.phase(word, key) == Phase::Halted;
        if is_halted && Instant::now() >= patience {
            let halted = Some(Phase::Halted);
            self.finished(started, Operation::Read, halted, || Outcome::Failed);
            let waited = self.config.halted_wait;
            return Err(StoreError::unavailable(MigrationError::Halted { waited }));
        }
        self.read_since(key, started).await
    }

    async fn read_batch(
        self: &Arc<Self>,
        side: Side,
        keys: Vec<L::Key>,
        planned: Vec<(usize, Phase)>,
    ) -> Vec<Read<L::Entity>> {
        let started = self.started();
        let is_timed = started.is_some();
        let asked = Asked::new(side, Role::Primary, is_timed);
        let records = self.read_side_many(asked, &keys).await;
        let answers = self.stood_in(side, &keys, records, is_timed).await;
        let mut reads = Vec::with_capacity(keys.len());
        for ((key, (place, planned)), answer) in keys.iter().zip(planned).zip(answers) {
            let Some(answer) = self.still_holds(key, planned, answer) else {
                reads.push(Read::Moved(place, started));
                continue;
            };
            self.finished(started, Operation::Read, Some(planned), || match &answer {
                Ok(answer) if answer.is_fallback => Outcome::FellBack,
                Ok(_) => Outcome::Done,
                Err(error) => outcome_of(error),
            });
            if let (Ok(answer), ReadPlan::Shadowed(_)) = (&answer, ReadPlan::of(planned)) {
                if !answer.is_fallback {
                    self.shadow(side, key, &answer.record, is_timed);
                }
            }
            reads.push(Read::Done(place, answer));
        }
        reads
    }

    /// The end check: `None` if the phase has moved so that the key is to be read again.
    fn still_holds(
        &self,
        key: &L::Key,
        planned: Phase,
        answer: Answered<L::Entity>,
    ) -> Option<Answered<L::Entity>> {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Some(Err(error)),
        };
        match self.phase_now(key) {
            Err(closed) => Some(Err(closed)),
            Ok(now) if !answer.is_fallback && read_must_rerun(planned, now) => {
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
    ) -> Vec<Answered<L::Entity>> {
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
                    }
                    Err(without_effect(error))
                }
            });
        }
        let origin = side.other();
        let asked = Asked::new(origin, Role::Secondary, is_timed);
        for missing in missing.chunks(self.keys_at_once(origin).get()) {
            let others: Vec<_> = missing.iter().map(|&place| keys[place].clone()).collect();
            let records = self.read_side_many(asked, &others).await;
            for (&place, record) in missing.iter().zip(records) {
                if let Ok(record) = record {
                    answers[place] = Ok(Answer { record, origin, is_fallback: true });
                }
            }
        }
        answers
    }

    async fn read_side_many(&self, asked: Asked, keys: &[L::Key]) -> Records<L::Entity> {
        match self.config.policy(asked.side()) {
            None => self.read_many_once(asked, keys).await,
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
        let found = Mutex::new(keys.iter().map(|_| None).collect::<Vec<_>>());
        let read = || async {
            let wanted: Vec<usize> = {
                let found = locked(&found);
                let is_wanted = |place: &usize| found[*place].as_ref().is_none_or(may_pass);
                (0..keys.len()).filter(is_wanted).collect()
            };
            let asked_for: Vec<_> = wanted.iter().map(|&place| keys[place].clone()).collect();
            let records = self.read_many_once(asked, &asked_for).await;
            let tried = tried(&records);
            let mut found = locked(&found);
            for (place, record) in wanted.into_iter().zip(records) {
                found[place] = Some(record);
            }
            tried
        };
        let late = StoreError::timed_out();
        let called = policy.call_as(Try::judged, late, Admission::Ordinary, read).await;
        let error = match called {
            Ok(()) | Err(CallError::Failed(Try::Part(_))) => unanswered(),
            Err(CallError::Failed(Try::Failed(error))) => error,
            Err(CallError::TimedOut(late)) => StoreError::unavailable(late),
            Err(CallError::Refused(refused)) => CallError::Refused(refused).into(),
        };
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.into_iter().map(|record| record.unwrap_or_else(|| Err(error.clone()))).collect()
    }

    /// One call; an answer for each key.
    async fn read_many_once(&self, asked: Asked, keys: &[L::Key]) -> Records<L::Entity> {
        let read = match asked.side() {
            Side::Legacy => self.legacy.read_many(keys),
            Side::Modern => self.modern.read_many(keys),
        };
        let call = async move {
            let mut records = read.await;
            records.resize_with(keys.len(), || Err(unanswered()));
            records
        };
        self.timed_as(asked, Operation::Read, worst, call.boxed()).await
    }
}

fn locked<T>(found: &Mutex<T>) -> MutexGuard<'_, T> {
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

fn may_pass<E>(record: &Result<Record<E>, StoreError>) -> bool {
    record.as_ref().is_err_and(StoreError::is_retryable)
}

fn unanswered() -> StoreError {
    StoreError::unavailable("the adapter answered for fewer keys than it was asked for")
}

/// What a try is that brought these. Of several errors the one speaks that would be asked
/// again, and of those the one that asks for the longest pause.
fn tried<E>(records: &[Result<Record<E>, StoreError>]) -> Result<(), Try> {
    let failed = records.iter().filter_map(|record| record.as_ref().err());
    let failed = failed.filter(|error| error.is_retryable());
    let weight = |error: &&StoreError| {
        let judgement = error.judgement();
        (judgement.is_retryable(), judgement.retry_after())
    };
    let Some(error) = failed.max_by_key(weight) else { return Ok(()) };
    if records.iter().all(may_pass) {
        return Err(Try::Failed(error.clone()));
    }
    Err(Try::Part(error.judgement().retry_after()))
}

/// How a call for several keys is told: as the worst of its answers.
fn worst<E>(records: &Records<E>) -> Outcome {
    let failed = records.iter().filter_map(|record| record.as_ref().err());
    let worst = failed.max_by_key(|error| error.is_retryable());
    worst.map_or(Outcome::Done, outcome_of)
}
