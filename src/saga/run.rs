use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures::FutureExt;
use tokio::time::{Instant, sleep_until};
use tracing::{Instrument, debug_span};

use super::any_step::{Call, Nest, Shared};
use super::calls::{Calls, Under};
use super::definition::Definition;
use super::live::{Reply, Settled};
use super::place::Place;
use super::shared::Unrecorded;
use super::soon;
use super::state::Course;
use super::{
    Action, Cause, Direction, Payload, SagaAppend, SagaClaim, SagaEntry, SagaOutcome, SagaState,
    SagaStatus, StepContext,
};
use crate::observe::{field, span};

/// One saga on its way: carries out what its state decides, and writes before and after each.
///
/// What is not written yet is in `batch`. While one batch is on its way to the journal, calls go on, and what
/// they bring makes the next: so steps that run side by side never wait in line.
pub(super) struct Run {
    pub(super) place: Place,
    pub(super) claim: SagaClaim,
    pub(super) definition: Arc<Definition>,
    pub(super) state: SagaState,
    /// The input, and the outputs by the number of the step and one.
    pub(super) slots: Vec<Option<Shared>>,
    pub(super) calls: Calls,
    pub(super) batch: Vec<SagaEntry>,
    /// What is begun once the batch is written.
    pub(super) begin: Vec<Action>,
    /// How many entries the journal has.
    pub(super) written: u64,
    /// Until when the claim is surely held, by this process's clock.
    held_until: Instant,
    pub(super) is_stopping: bool,
    /// The journal has refused what was written last.
    pub(super) is_refused: bool,
    /// Who waits for the batch to be written.
    pub(super) waiting: Vec<Reply>,
    /// When it last looked at the clock; never later than now.
    pub(super) now: Instant,
}

/// Why a saga goes on elsewhere.
pub(super) enum Gone {
    /// The runner holds it no more, or cannot know.
    Lost,
    /// It is to be given back.
    Left,
}

impl Run {
    /// A saga at this state, whose entries are all written.
    pub(super) fn new(
        place: Place,
        claim: SagaClaim,
        definition: Arc<Definition>,
        (state, slots): (SagaState, Vec<Option<Shared>>),
        (held_until, now): (Instant, Instant),
    ) -> Box<Self> {
        Box::new(Self {
            place,
            claim,
            definition,
            written: state.len(),
            state,
            slots,
            calls: Calls::default(),
            batch: Vec::new(),
            begin: Vec::new(),
            held_until,
            is_stopping: false,
            is_refused: false,
            waiting: Vec::new(),
            now,
        })
    }

    /// Runs the saga until it is over, parked, lost or given back.
    pub(super) async fn drive(mut self: Box<Self>) {
        if self.state.outcome.is_some() && self.batch.is_empty() {
            // It was over before it was claimed, and whoever ended it has said so.
            return self.release().await;
        }
        self.place.begin();
        let ended = self.until_settled().await;
        // What is under way has ended here before anybody hears of the end, or goes on elsewhere.
        self.calls = Calls::default();
        let settled = match ended {
            Ok(settled) => settled,
            Err(Gone::Lost) => Settled::Left,
            Err(Gone::Left) => {
                self.release().await;
                Settled::Left
            }
        };
        self.place.settle(settled);
    }

    async fn until_settled(&mut self) -> Result<Settled, Gone> {
        // Its task may have waited for its turn.
        self.now = Instant::now();
        if self.place.inner.is_stopping() {
            self.is_stopping = true;
            self.put_back();
        }
        loop {
            self.plan();
            if !self.batch.is_empty() && !self.write().await? {
                // What was only decided is decided again.
                continue;
            }
            self.begin_what_is_written().await?;
            if let Some(outcome) = self.state.outcome.take() {
                return Ok(Settled::Over(outcome));
            }
            // Once that is written the journal has taken the claim back. No call is waited for then: what is under
            // way is a probe that somebody was too impatient for.
            if self.batch.is_empty() && self.state.status() == SagaStatus::Parked {
                if self.is_refused {
                    self.release().await;
                }
                return Ok(Settled::Parked);
            }
            if self.is_stopping && self.batch.is_empty() && self.calls.is_empty() {
                return Err(Gone::Left);
            }
            self.wait().await?;
        }
    }

    pub(super) async fn release(&mut self) {
        Box::pin(self.place.inner.release(&self.claim)).await;
    }

    /// Writes down what is to be begun now.
    fn plan(&mut self) {
        let now = self.now;
        if self.is_late() && self.state.can_cancel() {
            self.enter(SagaEntry::Cancelled { cause: Cause::Deadline }, now);
        }
        self.interrupt();
        let mut begin = std::mem::take(&mut self.begin);
        let from = begin.len();
        self.state.decide_into(now, &mut begin);
        for &action in &begin[from..] {
            self.intend(action, now);
        }
        if self.is_stopping || self.state.outcome.is_some() {
            begin.truncate(from);
        }
        self.begin = begin;
    }

    fn is_late(&self) -> bool {
        let deadline = self.state.deadline_unix_ms();
        deadline.is_some_and(|deadline| self.place.inner.config.clock.unix_millis() >= deadline)
    }

    /// Writes an action down.
    pub(super) fn intend(&mut self, action: Action, now: Instant) {
        let name = |step| self.definition.plan.name(step).clone();
        match action {
            Action::Finish => self.finish(now),
            _ if self.is_stopping => {}
            Action::Execute(step) => {
                self.enter_of(step, SagaEntry::Started { step: name(step) }, now);
            }
            Action::Compensate(step) => {
                self.enter_of(step, SagaEntry::CompensationStarted { step: name(step) }, now);
            }
            Action::Probe(step) => self.state.begin_probe(step),
        }
    }

    fn finish(&mut self, now: Instant) {
        let outcome = match &self.state.course {
            Course::Forward => match (self.definition.write_output)(&self.slots) {
                Ok(output) => SagaOutcome::Committed { output },
                // Nobody will ever read it; that it is done is what counts.
                Err(because) => {
                    tracing::error!({ field::SAGA } = %self.claim.saga, { field::ERROR } = because, "a saga's output cannot be written");
                    SagaOutcome::Committed { output: Payload::of(&()).expect("null is JSON") }
                }
            },
            Course::Backward(cause) | Course::Undecided(cause) => {
                SagaOutcome::RolledBack { cause: cause.clone() }
            }
            Course::GivenUp { actor, reason } => {
                SagaOutcome::GivenUp { actor: actor.clone(), reason: reason.clone() }
            }
        };
        self.enter(SagaEntry::Ended { outcome }, now);
    }

    /// An entry that follows from the state itself.
    pub(super) fn enter(&mut self, entry: SagaEntry, now: Instant) {
        let applied = self.state.apply(&entry, now);
        applied.expect("what the state decides can follow it");
        self.batch.push(entry);
    }

    /// The same, of the step of that number, which need not be looked up.
    pub(super) fn enter_of(&mut self, step: usize, entry: SagaEntry, now: Instant) {
        let applied = self.state.apply_of(Some(step), &entry, now);
        applied.expect("what the state decides can follow it");
        self.batch.push(entry);
    }

    /// Writes the batch, and takes what calls bring meanwhile into the next; whether the journal has taken it.
    pub(super) async fn write(&mut self) -> Result<bool, Gone> {
        let mut entries = std::mem::take(&mut self.batch);
        let waiting = std::mem::take(&mut self.waiting);
        let status = self.state.status();
        let mut meanwhile = Vec::new();
        let recorded = {
            let outcome = match entries.last() {
                Some(SagaEntry::Ended { outcome }) => Some(outcome),
                _ => None,
            };
            let append = SagaAppend { position: self.written, entries: &entries, status, outcome };
            let Place { inner, live, .. } = &self.place;
            let mut recorded = pin!(inner.record(&self.claim, self.now, append));
            // A journal in memory answers at once.
            let mut answer = soon::tried(&mut recorded).await;
            loop {
                if answer.is_some() {
                    break answer;
                }
                tokio::select! { biased;
                    recorded = &mut recorded => answer = Some(recorded),
                    ended = self.calls.next() => meanwhile.push(ended),
                    // What gives the claim back is waited for: whoever has told it so gets the answer.
                    () = live.told_to_go(), if status.is_active() => break None,
                }
            }
        };
        let Some(recorded) = recorded else {
            self.hear()?;
            return Err(Gone::Lost);
        };
        if self.state.outcome.is_none() {
            self.now = Instant::now();
        }
        match recorded {
            Ok(held_until) => self.held_until = held_until,
            Err(Unrecorded::Lost) => return Err(Gone::Lost),
            Err(Unrecorded::Refused(error)) => {
                Box::pin(self.refused(entries, waiting, error)).await?;
                self.settle_all(meanwhile);
                return Ok(false);
            }
        }
        self.is_refused = false;
        self.written += entries.len() as u64;
        // Its room is used again.
        entries.clear();
        self.batch = entries;
        for reply in waiting {
            let _ = reply.send(Ok(()));
        }
        self.settle_all(meanwhile);
        Ok(true)
    }

    /// Begins what is written down, unless the claim may have run out meanwhile.
    async fn begin_what_is_written(&mut self) -> Result<(), Gone> {
        if self.begin.is_empty() {
            return Ok(());
        }
        if self.now >= self.held_until {
            let held = Box::pin(self.place.inner.still_held(&self.claim)).await;
            self.held_until = held.ok_or(Gone::Lost)?;
            self.now = Instant::now();
        }
        let mut begin = std::mem::take(&mut self.begin);
        let is_forward = matches!(self.state.course, Course::Forward | Course::Undecided(_));
        for action in begin.drain(..) {
            match action {
                // It has turned back while that was being written.
                Action::Execute(step) if !is_forward => self.not_begun(step),
                _ => self.begin_call(action, self.now),
            }
        }
        self.begin = begin;
        Ok(())
    }

    fn begin_call(&mut self, action: Action, now: Instant) {
        let Some(step) = action.step() else { return };
        let (any, state) = (Arc::clone(&self.definition.steps[step]), &self.state.steps[step]);
        let (direction, attempt) = match action {
            Action::Compensate(_) => (Direction::Compensate, state.compensations),
            Action::Probe(_) => (Direction::Probe, state.attempts),
            Action::Execute(_) | Action::Finish => (Direction::Execute, state.attempts),
        };
        let context = StepContext {
            saga: self.claim.saga.clone(),
            step: self.definition.plan.name(step).clone(),
            direction,
            attempt,
            epoch: self.claim.epoch,
            deadline: now.checked_add(any.policy().timeout()),
            traceparent: self.trace().cloned(),
        };
        let inner = &self.place.inner;
        let nest = || Arc::clone(inner) as Arc<dyn Nest>;
        let call = Call { slots: &self.slots, context, nest: &nest };
        let call = match direction {
            Direction::Execute => any.execute(call),
            Direction::Probe => any.probe(call),
            Direction::Compensate => any.compensate(call, self.slots[step + 1].as_ref()),
        };
        let span = debug_span!(
            span::STEP,
            { field::STEP } = %self.definition.plan.name(step),
            { field::DIRECTION } = direction.name(),
            { field::ATTEMPT } = attempt
        );
        let call = if span.is_disabled() { call } else { call.instrument(span).boxed() };
        let began = inner.config.observer.as_ref().map(|_| now);
        self.calls.push(Under { step, direction, attempt, began, call });
    }

    /// Waits for whatever comes first, and takes all that is there.
    async fn wait(&mut self) -> Result<(), Gone> {
        if !self.batch.is_empty() {
            return Ok(());
        }
        // Most often a step is done by now; but whoever has something to say is heard.
        if self.take_ready().await && !self.place.live.has_heard() {
            return Ok(());
        }
        let due = self.state.next_due().into_iter().chain(self.deadline()).min();
        let due = if self.is_stopping { None } else { due };
        tokio::select! { biased;
            () = self.place.live.told() => self.hear()?,
            ended = self.calls.next() => self.settle(ended),
            () = sleep_until(due.unwrap_or(self.now)), if due.is_some() => {}
        }
        self.now = Instant::now();
        self.take_ready().await;
        Ok(())
    }

    /// Takes what calls have brought by now; whether there was any.
    async fn take_ready(&mut self) -> bool {
        poll_fn(|context| {
            let mut any = false;
            while let Poll::Ready(ended) = self.calls.poll_next(context) {
                self.settle(ended);
                any = true;
            }
            Poll::Ready(any)
        })
        .await
    }

    /// When its deadline is, by this process's clock.
    fn deadline(&self) -> Option<Instant> {
        let deadline = self.state.deadline_unix_ms().filter(|_| self.state.can_cancel())?;
        let left = deadline.saturating_sub(self.place.inner.config.clock.unix_millis());
        Instant::now().checked_add(std::time::Duration::from_millis(left))
    }
}
