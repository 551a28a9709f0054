use std::pin::pin;
use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::any_step::{Call, Nest, Shared};
use super::calls::{Calls, Under};
use super::definition::Definition;
use super::live::{Live, Reply, Settled};
use super::shared::Inner;
use super::state::Course;
use super::{
    Action, Cause, Direction, SagaAppend, SagaClaim, SagaEntry, SagaOutcome, SagaState, StepContext,
};

/// One saga on its way: carries out what its state decides, and writes before and after each.
///
/// What is not written yet is in `batch`. While one batch is on its way to the journal, calls go on, and what
/// they bring makes the next: so steps that run side by side never wait in line.
pub(super) struct Run {
    pub(super) inner: Arc<Inner>,
    pub(super) live: Arc<Live>,
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
    pub(super) held_until: Instant,
    pub(super) is_draining: bool,
    /// What was decided last, to be used again.
    pub(super) actions: Vec<Action>,
    /// Who waits for the batch to be written.
    pub(super) waiting: Vec<Reply>,
    /// The room of the last batch, to be used again.
    pub(super) spare: Vec<SagaEntry>,
    /// When it last looked at the clock; never later than now.
    pub(super) now: Instant,
}

/// The runner holds the saga no more, or cannot know.
pub(super) struct Lost;

impl Run {
    /// A saga at this state, whose entries are all written.
    pub(super) fn new(
        inner: &Arc<Inner>,
        claim: SagaClaim,
        definition: Arc<Definition>,
        (state, slots): (SagaState, Vec<Option<Shared>>),
        held_until: Instant,
        now: Instant,
    ) -> Box<Self> {
        Box::new(Self {
            inner: Arc::clone(inner),
            live: Arc::new(Live::new(claim)),
            definition,
            written: state.len(),
            state,
            slots,
            calls: Calls::default(),
            batch: Vec::new(),
            begin: Vec::new(),
            held_until,
            is_draining: false,
            actions: Vec::new(),
            waiting: Vec::new(),
            spare: Vec::new(),
            now,
        })
    }

    /// Runs the saga until it is over, parked, lost or given back.
    pub(super) async fn drive(mut self: Box<Self>) -> Settled {
        let settled = self.until_settled().await.unwrap_or(Settled::Left);
        // What is under way has ended here before anybody hears of the end.
        self.calls = Calls::default();
        settled
    }

    async fn until_settled(&mut self) -> Result<Settled, Lost> {
        loop {
            self.plan();
            if !self.batch.is_empty() {
                self.write().await?;
            }
            self.begin_what_is_written().await?;
            if let Some(outcome) = self.state.outcome.take() {
                return Ok(Settled::Over(outcome));
            }
            if self.has_nothing_to_do() {
                Box::pin(self.inner.release(&self.live.claim)).await;
                let is_parked = self.state.status() == super::SagaStatus::Parked;
                return Ok(if is_parked { Settled::Parked } else { Settled::Left });
            }
            self.wait().await?;
        }
    }

    fn has_nothing_to_do(&self) -> bool {
        let is_idle = self.is_draining || self.state.status() == super::SagaStatus::Parked;
        is_idle && self.batch.is_empty() && self.calls.is_empty()
    }

    /// Writes down what is to be begun now.
    fn plan(&mut self) {
        let now = self.now;
        if self.is_late() && self.state.can_cancel() {
            self.enter(SagaEntry::Cancelled { cause: Cause::Deadline }, now);
        }
        let mut actions = std::mem::take(&mut self.actions);
        self.state.decide_into(now, &mut actions);
        for action in actions.drain(..) {
            if !self.is_draining || action == Action::Finish {
                self.intend(action, now);
            }
        }
        self.actions = actions;
    }

    fn is_late(&self) -> bool {
        let deadline = self.state.deadline();
        deadline.is_some_and(|deadline| self.inner.config.clock.unix_millis() >= deadline)
    }

    fn intend(&mut self, action: Action, now: Instant) {
        let name = |step| self.definition.plan.name(step).clone();
        match action {
            Action::Execute(step) => {
                self.enter(SagaEntry::Started { step: name(step) }, now);
                self.begin.push(action);
            }
            Action::Compensate(step) => {
                self.enter(SagaEntry::CompensationStarted { step: name(step) }, now);
                self.begin.push(action);
            }
            Action::Probe(step) => {
                self.state.begin_probe(step);
                self.begin.push(action);
            }
            Action::Finish => self.finish(now),
        }
    }

    fn finish(&mut self, now: Instant) {
        let outcome = match &self.state.course {
            Course::Forward => match (self.definition.write_output)(&self.slots) {
                Ok(output) => SagaOutcome::Committed { output },
                // Nobody will ever read it; that it is done is what counts.
                Err(because) => {
                    tracing::error!(saga = %self.live.claim.saga, because, "a saga's output cannot be written");
                    SagaOutcome::Committed {
                        output: super::Payload::of(&()).expect("null is JSON"),
                    }
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

    /// Writes the batch, and takes what calls bring meanwhile into the next.
    pub(super) async fn write(&mut self) -> Result<(), Lost> {
        let mut entries = std::mem::replace(&mut self.batch, std::mem::take(&mut self.spare));
        let begin = std::mem::take(&mut self.begin);
        let waiting = std::mem::take(&mut self.waiting);
        let status = self.state.status();
        let (inner, live, position) =
            (Arc::clone(&self.inner), Arc::clone(&self.live), self.written);
        self.held_until = {
            let outcome = match entries.last() {
                Some(SagaEntry::Ended { outcome }) => Some(outcome),
                _ => None,
            };
            let append = SagaAppend { position, entries: &entries, status, outcome };
            let mut recorded = pin!(inner.record(&live.claim, self.now, append));
            loop {
                tokio::select! { biased;
                    held_until = &mut recorded => break held_until?,
                    ended = self.calls.next() => self.settle(ended),
                }
            }
        };
        self.now = Instant::now();
        self.written += entries.len() as u64;
        entries.clear();
        self.spare = entries;
        for reply in waiting {
            let _ = reply.send(Ok(()));
        }
        // What was decided meanwhile waits for the next batch.
        let meanwhile = std::mem::replace(&mut self.begin, begin);
        debug_assert!(meanwhile.is_empty(), "nothing is planned while a batch is on its way");
        Ok(())
    }

    /// Begins what is written down, unless the claim may have run out meanwhile.
    async fn begin_what_is_written(&mut self) -> Result<(), Lost> {
        if self.begin.is_empty() {
            return Ok(());
        }
        if self.now >= self.held_until {
            self.held_until = Box::pin(self.inner.still_held(&self.live.claim)).await?;
            self.now = Instant::now();
        }
        let mut begin = std::mem::take(&mut self.begin);
        for action in begin.drain(..) {
            self.begin_call(action, self.now);
        }
        self.begin = begin;
        Ok(())
    }

    fn begin_call(&mut self, action: Action, now: Instant) {
        let Some(step) = action.step() else { return };
        let (any, state) = (&self.definition.steps[step], &self.state.steps[step]);
        let (direction, attempt) = match action {
            Action::Compensate(_) => (Direction::Compensate, state.compensations),
            Action::Probe(_) => (Direction::Probe, state.attempts),
            Action::Execute(_) | Action::Finish => (Direction::Execute, state.attempts),
        };
        let first = self.state.begun.as_ref();
        let context = StepContext {
            saga: self.live.claim.saga.clone(),
            step: self.definition.plan.name(step).clone(),
            direction,
            attempt,
            epoch: self.live.claim.epoch,
            deadline: now.checked_add(any.policy().timeout()),
            traceparent: first.and_then(|first| first.traceparent.clone()),
        };
        let nest: Arc<dyn Nest> = Arc::clone(&self.inner) as _;
        let call = Call { slots: &self.slots, context, nest: &nest };
        let call = match direction {
            Direction::Execute => any.execute(call),
            Direction::Probe => any.probe(call),
            Direction::Compensate => any.compensate(call, self.slots[step + 1].as_ref()),
        };
        let began = self.inner.config.observer.as_ref().map(|_| now);
        self.calls.push(Under { step, direction, began, call });
    }

    /// Waits for whatever comes first, and takes all that is there.
    async fn wait(&mut self) -> Result<(), Lost> {
        if !self.batch.is_empty() {
            return Ok(());
        }
        // Most often a step is done by now; but whoever has something to say is heard.
        if self.take_ready().await && !self.live.has_heard() {
            self.interrupt();
            return Ok(());
        }
        let due = self.state.next_due().into_iter().chain(self.deadline()).min();
        let due = if self.is_draining { None } else { due };
        let live = Arc::clone(&self.live);
        tokio::select! { biased;
            () = live.told() => self.hear()?,
            ended = self.calls.next() => self.settle(ended),
            () = sleep_until(due.unwrap_or(self.now)), if due.is_some() => {}
        }
        self.now = Instant::now();
        self.take_ready().await;
        self.interrupt();
        Ok(())
    }

    /// Takes what calls have brought by now; whether there was any.
    async fn take_ready(&mut self) -> bool {
        let mut any = false;
        while let Some(ended) = self.calls.ready().await {
            self.settle(ended);
            any = true;
        }
        any
    }

    /// When its deadline is, by this process's clock.
    fn deadline(&self) -> Option<Instant> {
        let deadline = self.state.deadline().filter(|_| self.state.can_cancel())?;
        let left = deadline.saturating_sub(self.inner.config.clock.unix_millis());
        Instant::now().checked_add(std::time::Duration::from_millis(left))
    }
}
