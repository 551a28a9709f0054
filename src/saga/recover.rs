use std::sync::Arc;

use tokio::time::Instant;

use super::any_step::{Report, Shared, read};
use super::calls::Ended;
use super::definition::Definition;
use super::judge::End;
use super::place::Place;
use super::run::Run;
use super::shared::Inner;
use super::{
    Direction, SagaClaim, SagaEntry, SagaError, SagaHeader, SagaId, SagaState, StepStatus,
};

impl Inner {
    /// Claims a saga, if nobody holds it.
    pub(super) async fn claim(
        &self,
        saga: &SagaId,
    ) -> Result<Option<(SagaClaim, Instant)>, SagaError> {
        let sent = Instant::now();
        let claimed = self.within(self.journal.claim(saga, &self.runner, self.config.term)).await;
        let claimed =
            claimed.map_err(|source| SagaError::Journal { saga: saga.clone(), source })?;
        Ok(claimed.map(|claim| (claim, self.held_until(sent))))
    }

    /// Loads a saga.
    pub(super) async fn load(
        &self,
        saga: &SagaId,
    ) -> Result<(SagaHeader, Vec<SagaEntry>), SagaError> {
        let loaded = self.within(self.journal.load(saga)).await;
        let loaded = loaded.map_err(|source| SagaError::Journal { saga: saga.clone(), source })?;
        loaded.ok_or_else(|| SagaError::NotFound { saga: saga.clone() })
    }

    /// A saga that was claimed, ready to go on: what was under way is in doubt. If it cannot be, the
    /// claim is given back.
    pub(super) async fn resumed(
        &self,
        place: Place,
        claim: SagaClaim,
        held_until: Instant,
    ) -> Result<Box<Run>, SagaError> {
        match self.run_of(place, &claim, held_until).await {
            Ok(mut run) => {
                run.take_over();
                Ok(run)
            }
            Err(error) => {
                self.release(&claim).await;
                Err(error)
            }
        }
    }

    async fn run_of(
        &self,
        place: Place,
        claim: &SagaClaim,
        held_until: Instant,
    ) -> Result<Box<Run>, SagaError> {
        let (header, entries) = self.load(&claim.saga).await?;
        let saga = || claim.saga.clone();
        if header.is_purged {
            return Err(SagaError::Purged { saga: saga(), status: header.status });
        }
        let Some(definition) = self.definition(&header.definition) else {
            return Err(SagaError::UnknownDefinition {
                saga: saga(),
                definition: header.definition,
            });
        };
        let state = replayed(&definition, &claim.saga, &entries)?;
        if state.is_empty() {
            let (what, because) = ("its first entry".to_owned(), "there is none".to_owned());
            return Err(SagaError::Unreadable { saga: saga(), what, because });
        }
        let slots = slots(&definition, &claim.saga, &state)?;
        place.live.begin(claim.epoch, header.parent);
        Ok(Run::new(place, claim.clone(), definition, (state, slots), (held_until, Instant::now())))
    }
}

/// The state that entries add up to.
pub(super) fn replayed(
    definition: &Definition,
    saga: &SagaId,
    entries: &[SagaEntry],
) -> Result<SagaState, SagaError> {
    let now = Instant::now();
    let mut state = SagaState::new(Arc::clone(&definition.plan));
    for entry in entries {
        state
            .apply(entry, now)
            .map_err(|source| SagaError::OutOfOrder { saga: saga.clone(), source })?;
    }
    Ok(state)
}

/// The values of a state.
fn slots(
    definition: &Definition,
    saga: &SagaId,
    state: &SagaState,
) -> Result<Vec<Option<Shared>>, SagaError> {
    let unreadable =
        |what: String, because| SagaError::Unreadable { saga: saga.clone(), what, because };
    let mut slots = Vec::with_capacity(definition.steps.len() + 1);
    let input = state.input().map(|payload| read(|| (definition.read_input)(payload))).transpose();
    slots.push(input.map_err(|because| unreadable("the input".to_owned(), because))?);
    for (at, step) in definition.steps.iter().enumerate() {
        let output = state.step(at).output().map(|payload| read(|| step.read(payload))).transpose();
        let what = || format!("the output of step {}", definition.plan.name(at));
        slots.push(output.map_err(|because| unreadable(what(), because))?);
    }
    Ok(slots)
}

impl Run {
    /// The first entries of a new runner: nobody knows what became of what was under way.
    fn take_over(&mut self) {
        if self.state.outcome().is_some() {
            return;
        }
        self.enter(SagaEntry::Resumed { runner: self.place.inner.runner.clone() }, self.now);
        for step in self.state.interrupted() {
            let state = self.state.step(step);
            let (direction, attempt) = match state.status() {
                StepStatus::Compensating => (Direction::Compensate, state.compensations()),
                _ => (Direction::Execute, state.attempts()),
            };
            let error = "its runner was lost".to_owned();
            let report = Report::Failed { end: End::Unknown, error, hint: None };
            self.settle(Ended { step, direction, attempt, began: None, report });
        }
    }
}
