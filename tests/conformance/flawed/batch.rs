use strangler_fig::error::StoreError;
use strangler_fig::repository::{Applied, StampedRepository};
use strangler_fig::stamp::{Record, Stamp};
use tokio::task::yield_now;

use super::{Flaw, Flawed};
use crate::user::User;

type Answers = Vec<Result<Applied, StoreError>>;

impl Flawed {
    pub(super) async fn apply_batch(&self, records: &[(u32, Record<User>)]) -> Answers {
        let has_zero = records.iter().any(|(_, record)| record.stamp == Stamp::ZERO);
        match self.flaw {
            Flaw::AnswersAnEmptyBatch if records.is_empty() => vec![Ok(Applied::Stored)],
            Flaw::RejectsTheWholeBatch if has_zero => all(records, || StoreError::rejected("zero")),
            Flaw::LimitsTheBatch if records.len() > 500 => {
                all(records, || StoreError::rejected("too many parameters"))
            }
            Flaw::DeduplicatesTheBatch => self.apply_last_of_each(records).await,
            Flaw::LocksInTheOrderOfTheBatch => self.apply_locked(records).await,
            _ => self.apply_in_turn(records).await,
        }
    }

    async fn apply_in_turn(&self, records: &[(u32, Record<User>)]) -> Answers {
        let mut answers = Vec::new();
        for (key, record) in records {
            let answer = self.apply(key, record).await;
            let is_over =
                self.is(Flaw::StopsAtTheFirstStale) && matches!(answer, Ok(Applied::Stale(_)));
            answers.push(answer);
            if is_over {
                break;
            }
        }
        if self.is(Flaw::AnswersBackwards) {
            answers.reverse();
        }
        answers
    }

    /// As one statement would that may name a key only once.
    async fn apply_last_of_each(&self, records: &[(u32, Record<User>)]) -> Answers {
        let mut answers = Vec::new();
        for (place, (key, record)) in records.iter().enumerate() {
            let is_last = records[place + 1..].iter().all(|(other, _)| other != key);
            answers.push(if is_last { self.apply(key, record).await } else { Ok(Applied::Stored) });
        }
        answers
    }

    /// As one transaction would that locks row after row.
    async fn apply_locked(&self, records: &[(u32, Record<User>)]) -> Answers {
        let mut guards = Vec::new();
        for (key, _) in records {
            guards.push(self.store.lock_of(*key).lock_owned().await);
            yield_now().await;
        }
        self.apply_in_turn(records).await
    }
}

fn all(records: &[(u32, Record<User>)], error: impl Fn() -> StoreError) -> Answers {
    records.iter().map(|_| Err(error())).collect()
}
