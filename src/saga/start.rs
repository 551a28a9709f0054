use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::any_step::{Shared, caught, written};
use super::definition::Definition;
use super::live::Live;
use super::place::Place;
use super::run::Run;
use super::shared::Inner;
use super::{
    Action, Cause, Created, DefinitionId, NewSaga, Payload, SagaClaim, SagaEntry, SagaError,
    SagaHeader, SagaId, SagaState, StepOutput,
};
use crate::canonical;
use crate::error::{StoreErrorKind, with_causes};

/// How often a start is tried whose answer was lost.
const TRIES: u32 = 5;

/// A value as it is written down, and its hash, which is the same on every machine.
pub(super) fn digested<T: StepOutput>(value: &T) -> Result<(Payload, u128), String> {
    let payload = written(value)?;
    let digest = caught(|| canonical::hash(value, 0))?.map_err(|error| with_causes(&error))?;
    Ok((payload, digest))
}

/// A saga to be started.
pub(super) struct NewStart {
    pub(super) definition: Arc<Definition>,
    pub(super) saga: SagaId,
    pub(super) value: Shared,
    pub(super) payload: Payload,
    pub(super) digest: u128,
    pub(super) traceparent: Option<Arc<str>>,
    /// Whether that was said, and may be another than the current one.
    pub(super) is_told: bool,
    pub(super) parent: Option<SagaId>,
    /// It is to be undone before it was ever begun.
    pub(super) recalled: Option<Cause>,
}

impl Inner {
    /// Starts a saga, or finds it; what runs here of it.
    pub(super) async fn start(
        self: &Arc<Self>,
        start: NewStart,
    ) -> Result<Option<Arc<Live>>, SagaError> {
        if let Some(longer) = start.definition.nested {
            start.saga.can_grow(longer)?;
        }
        self.register(&start.definition);
        let place = loop {
            let live = match self.enter(&start.saga) {
                Ok(place) => break place,
                Err(live) => live,
            };
            if live.has_begun().await {
                let (header, _) = Box::pin(self.load(&start.saga)).await?;
                same(&start.saga, start.definition.plan.id(), start.digest, &header)?;
                return Ok(Some(live));
            }
        };
        // Stopping waits for whoever has a place by now, and refuses who has none.
        if self.is_stopping() {
            return Err(SagaError::Stopping);
        }
        let new = NewSaga {
            id: start.saga.clone(),
            definition: start.definition.plan.id().clone(),
            input: start.digest,
            parent: start.parent.clone(),
        };
        let is_told = start.is_told;
        let mut run = self.first(place, start);
        match self.create(&new, &run.batch).await? {
            Created::New(claim) => run.claim = claim,
            Created::Found(header) => return Box::pin(self.found(run.place, &new, &header)).await,
        }
        run.place.live.begin(run.claim.epoch, new.parent);
        run.written = run.state.len();
        run.batch.clear();
        Ok(Some(run.start(is_told)))
    }

    /// A saga with its first entries, of which none is written, and what they begin.
    fn first(&self, place: Place, start: NewStart) -> Box<Run> {
        let sent = Instant::now();
        let NewStart { definition, saga, value, payload: input, traceparent, recalled, .. } = start;
        let deadline_unix_ms = definition.deadline.map(|deadline| {
            let millis = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
            self.config.clock.unix_millis().saturating_add(millis)
        });
        let state = SagaState::new(Arc::clone(&definition.plan));
        let mut slots = vec![None; definition.steps.len() + 1];
        slots[0] = Some(value);
        // Its epoch is known once it is written.
        let claim = SagaClaim { saga, epoch: 0 };
        let times = (self.held_until(sent), sent);
        let mut run = Run::new(place, claim, definition, (state, slots), times);
        run.batch.reserve_exact(2);
        run.enter(SagaEntry::Begun { input, deadline_unix_ms, traceparent }, sent);
        if let Some(cause) = recalled {
            run.enter(SagaEntry::Cancelled { cause }, sent);
        }
        run.state.decide_into(sent, &mut run.begin);
        run.begin.retain(|action| *action != Action::Finish);
        for at in 0..run.begin.len() {
            run.intend(run.begin[at], sent);
        }
        run
    }

    async fn create(&self, new: &NewSaga, entries: &[SagaEntry]) -> Result<Created, SagaError> {
        let mut tries = 0;
        loop {
            let created = self.journal.create(new, entries, &self.runner, self.config.term);
            let error = match self.within(created).await {
                // By the call before this one, it may be.
                Ok(Created::Found(header)) if tries > 0 => {
                    let own = Box::pin(self.own(new, entries)).await;
                    return Ok(own.unwrap_or(Created::Found(header)));
                }
                Ok(created) => return Ok(created),
                Err(error) => error,
            };
            let source = |source| SagaError::Journal { saga: new.id.clone(), source };
            if error.kind() != StoreErrorKind::Unknown || tries == TRIES {
                return Err(source(error));
            }
            if let Some(created) = Box::pin(self.own(new, entries)).await {
                return Ok(created);
            }
            tries += 1;
            sleep(Duration::from_millis(20) * 2_u32.pow(tries)).await;
        }
    }

    /// Whether a saga was recorded by a call whose answer was lost.
    async fn own(&self, new: &NewSaga, entries: &[SagaEntry]) -> Option<Created> {
        let (header, found) = self.load(&new.id).await.ok()?;
        let is_own = header.holder.as_ref() == Some(&self.runner) && found == entries;
        let claim = SagaClaim { saga: new.id.clone(), epoch: header.epoch };
        Some(if is_own { Created::New(claim) } else { Created::Found(Box::new(header)) })
    }

    /// What there is under the id, if it is what was to be started. What was left goes on here.
    async fn found(
        &self,
        place: Place,
        new: &NewSaga,
        header: &SagaHeader,
    ) -> Result<Option<Arc<Live>>, SagaError> {
        same(&new.id, &new.definition, new.input, header)?;
        let is_free = header.holder.as_ref().is_none_or(|holder| *holder == self.runner);
        if !is_free || !header.status.is_active() {
            return Ok(None);
        }
        match self.taken_over(place).await {
            Ok(run) => Ok(Some(run.spawn())),
            // Another was quicker, or knows the definition.
            Err(SagaError::Held { .. } | SagaError::UnknownDefinition { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether what was found is what was to be started.
fn same(
    saga: &SagaId,
    definition: &DefinitionId,
    input: u128,
    found: &SagaHeader,
) -> Result<(), SagaError> {
    let saga = saga.clone();
    if found.definition.name != definition.name {
        return Err(SagaError::OtherDefinition { saga, found: found.definition.clone() });
    }
    if found.input != input {
        return Err(SagaError::OtherInput { saga });
    }
    Ok(())
}
