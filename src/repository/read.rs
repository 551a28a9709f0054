//! The read of one key, and queries over many.

use std::sync::Arc;

use futures::FutureExt;

use super::core::{Core, outcome_of, without_effect};
use super::join_key::{JoinFailure, JoinedKey};
use super::timing::{Asked, Started};
use super::{Answer, ConflictPolicy, DivergenceReason, Joined, MigrationError, StampedRepository};
use crate::error::{StoreError, StoreErrorKind};
use crate::observe::{Operation, Outcome, Role};
use crate::phase::{Phase, ReadPlan, Side, read_must_rerun};
use crate::resilience::{Admission, Fallback, Judged};

impl<L, M> Core<L, M>
where
    L: StampedRepository,
    M: StampedRepository<Key = L::Key, Entity = L::Entity>,
{
    /// What the migration holds for `key`.
    pub(super) async fn read(
        self: &Arc<Self>,
        key: &L::Key,
    ) -> Result<Answer<L::Entity>, StoreError> {
        self.read_since(key, self.started()).await
    }

    /// The same of an operation that began then.
    pub(super) async fn read_since(
        self: &Arc<Self>,
        key: &L::Key,
        started: Started,
    ) -> Result<Answer<L::Entity>, StoreError> {
        let mut phase = None;
        let answer = self.read_through(key, started.is_some(), &mut phase).await;
        self.finished(started, Operation::Read, phase, || match &answer {
            Ok(answer) if answer.is_fallback => Outcome::FellBack,
            Ok(_) => Outcome::Done,
            Err(error) => outcome_of(error),
        });
        answer
    }

    async fn read_through(
        self: &Arc<Self>,
        key: &L::Key,
        is_timed: bool,
        phase: &mut Option<Phase>,
    ) -> Result<Answer<L::Entity>, StoreError> {
        for _ in 0..self.config.attempts_max.get() {
            let planned = match self.served(key) {
                Some(phase) => phase,
                None => self.serving(key).boxed().await?,
            };
            *phase = Some(planned);
            let plan = ReadPlan::of(planned);
            let answer = match plan {
                ReadPlan::Single(side) | ReadPlan::Shadowed(side) => {
                    let asked = Asked::new(side, Role::Primary, is_timed);
                    match self.read_side(asked, key, Admission::Ordinary).await {
                        Ok(record) => Answer::primary(record, side),
                        Err(error) => {
                            let error = self.failed_by(side, error);
                            self.fall_back(side, key, is_timed, error).boxed().await?
                        }
                    }
                }
                ReadPlan::Both => self.read_both(key, is_timed).await?,
                ReadPlan::Wait => unreachable!("a read is planned once `Halted` has ended"),
            };
            let now = self.phase_now(key)?;
            if answer.is_fallback || !read_must_rerun(planned, now) {
                if let (ReadPlan::Shadowed(side), false) = (plan, answer.is_fallback) {
                    self.shadow(side, key, &answer.record, is_timed);
                }
                return Ok(answer);
            }
            self.rerun(Operation::Read, planned, now);
        }
        Err(self.unsettled())
    }

    /// The other side, where it may stand in for one that is unavailable.
    async fn fall_back(
        &self,
        side: Side,
        key: &L::Key,
        is_timed: bool,
        error: StoreError,
    ) -> Result<Answer<L::Entity>, StoreError> {
        let stands_in = Fallback::default().stands_in_for(error.judgement());
        if !self.config.fallback_reads || !stands_in {
            return Err(without_effect(error));
        }
        let origin = side.other();
        let asked = Asked::new(origin, Role::Secondary, is_timed);
        let record = self.read_side(asked, key, Admission::Ordinary).await.map_err(|_| error)?;
        Ok(Answer { record, origin, is_fallback: true })
    }

    /// The bridge: what both are joined to answers, once the lagging side holds it,
    /// so that whoever reads one side alone sees what was answered here.
    async fn read_both(
        &self,
        key: &L::Key,
        is_timed: bool,
    ) -> Result<Answer<L::Entity>, StoreError> {
        match self.join(key, &ConflictPolicy::PrimaryWins, is_timed).await {
            Ok(JoinedKey { joined, record, side }) => {
                if matches!(joined, Joined::Settled | Joined::Stuck) {
                    self.diverged(key.clone(), DivergenceReason::Conflict, None);
                }
                Ok(Answer::primary(record, side))
            }
            Err(JoinFailure::Read(error)) => Err(error),
            Err(JoinFailure::Apply(error)) => {
                self.diverged(key.clone(), DivergenceReason::BringUpFailed, None);
                Err(error.with_kind(StoreErrorKind::Unavailable))
            }
        }
    }

    pub(super) fn unsettled(&self) -> StoreError {
        let attempts = self.config.attempts_max.get();
        StoreError::unavailable(MigrationError::Unsettled { attempts })
    }
}
