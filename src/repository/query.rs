//! Queries over many keys: one closure for each side.

use std::future::Future;
use std::sync::Arc;

use super::core::{Core, open, outcome_of};
use super::{MigrationError, StampedRepository};
use crate::error::StoreError;
use crate::observe::{Operation, Outcome};
use crate::phase::{Phase, Side};

impl<L, M> Core<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    pub(super) async fn query<T, LQ, MQ>(
        &self,
        legacy: impl Fn(Arc<L>) -> LQ + Send + Sync,
        modern: impl Fn(Arc<M>) -> MQ + Send + Sync,
    ) -> Result<T, StoreError>
    where
        LQ: Future<Output = Result<T, StoreError>> + Send,
        MQ: Future<Output = Result<T, StoreError>> + Send,
    {
        let started = self.started();
        let mut phase = None;
        let answer = self.query_through(legacy, modern, &mut phase).await;
        self.finished(started, Operation::Query, phase, || match &answer {
            Ok(_) => Outcome::Done,
            Err(error) => outcome_of(error),
        });
        answer
    }

    async fn query_through<T, LQ, MQ>(
        &self,
        legacy: impl Fn(Arc<L>) -> LQ + Send + Sync,
        modern: impl Fn(Arc<M>) -> MQ + Send + Sync,
        phase: &mut Option<Phase>,
    ) -> Result<T, StoreError>
    where
        LQ: Future<Output = Result<T, StoreError>> + Send,
        MQ: Future<Output = Result<T, StoreError>> + Send,
    {
        for _ in 0..self.config.attempts_max.get() {
            let planned = self.answering().await?;
            *phase = Some(planned.base());
            let answer = match planned.query_side() {
                Some(Side::Legacy) => legacy(Arc::clone(&self.legacy)).await?,
                Some(Side::Modern) => modern(Arc::clone(&self.modern)).await?,
                None => unreachable!("a query is planned once `Halted` has ended"),
            };
            let now = open(&self.tracker)?;
            if !planned.query_must_rerun(now) {
                return Ok(answer);
            }
            self.rerun(Operation::Query, planned.base(), now.base());
        }
        let attempts = self.config.attempts_max.get();
        Err(StoreError::unavailable(MigrationError::Unsettled { attempts }))
    }
}
