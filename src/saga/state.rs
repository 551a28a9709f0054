use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use super::{Cause, Passage, Payload, SagaOutcome, SagaPlan, SagaStatus, StepName, StepStatus};
use crate::phase::{Actor, Reason};

/// Where a saga stands: the fold of its journal, and nothing else.
///
/// [`apply`](Self::apply) takes one entry after the other, and refuses what cannot follow;
/// [`decide`](Self::decide) says what is to be begun. Both are pure: whoever carries
/// actions out writes an entry before and after each, and applies it.
///
/// ```
/// use strangler_fig::saga::{Action, Payload, SagaBuilder, SagaEntry, SagaState, SagaStatus, step_fn};
/// use tokio::time::Instant;
///
/// let nothing = || step_fn(|_: (), _| async { Ok(()) });
/// let mut saga = SagaBuilder::<()>::new("checkout", 1);
/// let reserved = saga.step("reserve", nothing(), ());
/// let plan = saga.build(reserved)?.plan().clone();
///
/// let (now, unit) = (Instant::now(), Payload::of(&())?);
/// let mut state = SagaState::new(plan);
/// let entries = [
///     SagaEntry::Begun { input: unit.clone(), deadline_unix_ms: None, traceparent: None },
///     SagaEntry::Started { step: "reserve".parse()? },
///     SagaEntry::Succeeded { step: "reserve".parse()?, output: unit },
/// ];
/// for entry in &entries {
///     state.apply(entry, now)?;
/// }
/// assert_eq!(state.decide(now), [Action::Finish]);
/// assert_eq!(state.status(), SagaStatus::Running);
/// assert!(state.apply(&entries[1], now).is_err(), "it was done already");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct SagaState {
    pub(super) plan: Arc<SagaPlan>,
    pub(super) steps: Vec<StepState>,
    pub(super) begun: Option<Begun>,
    pub(super) course: Course,
    pub(super) outcome: Option<SagaOutcome>,
    pub(super) length: u64,
    /// What nothing stands in the way of any more, in the direction of the course.
    pub(super) ready: VecDeque<usize>,
    /// What is to be tried again, at some time.
    pub(super) waiting: Vec<usize>,
    /// On the way forward the steps that have not succeeded; on the way back those that
    /// may have an effect.
    pub(super) open: usize,
    under_way: usize,
    /// Probes that are under way, of which the journal knows nothing.
    asked: usize,
    stuck: usize,
}

/// What the first entry says.
#[derive(Debug, Clone)]
pub(super) struct Begun {
    pub(super) input: Payload,
    pub(super) deadline_unix_ms: Option<u64>,
    pub(super) traceparent: Option<Arc<str>>,
}

/// Which way it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Course {
    Forward,
    /// It is to turn back, unless its pivot turns out to be done.
    Undecided(Cause),
    Backward(Cause),
    GivenUp {
        actor: Actor,
        reason: Reason,
    },
}

/// One step's share of the state.
#[derive(Debug, Clone)]
pub struct StepState {
    pub(super) status: StepStatus,
    pub(super) attempts: u32,
    pub(super) compensations: u32,
    /// How many pauses of its schedule are used up.
    pub(super) failures: u32,
    pub(super) doubt: bool,
    /// Forward: parents that have not succeeded. Back: children that may have an effect.
    pub(super) blocked: usize,
    pub(super) output: Option<Payload>,
    pub(super) error: Option<Arc<str>>,
}

impl StepState {
    fn new(parents: usize) -> Self {
        Self {
            status: StepStatus::Pending,
            attempts: 0,
            compensations: 0,
            failures: 0,
            doubt: false,
            blocked: parents,
            output: None,
            error: None,
        }
    }

    /// Where it stands.
    #[must_use]
    pub const fn status(&self) -> StepStatus {
        self.status
    }

    /// How often it was executed, or is being.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How often it was compensated, or is being.
    #[must_use]
    pub const fn compensations(&self) -> u32 {
        self.compensations
    }

    /// Whether an attempt may have had an effect that nobody knows of.
    #[must_use]
    pub const fn is_in_doubt(&self) -> bool {
        self.doubt
    }

    /// What it handed on.
    #[must_use]
    pub const fn output(&self) -> Option<&Payload> {
        self.output.as_ref()
    }

    /// What its last failure reported.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }
}

impl SagaState {
    /// A saga of which nothing was written yet.
    #[must_use]
    pub fn new(plan: Arc<SagaPlan>) -> Self {
        let steps: Vec<_> =
            (0..plan.len()).map(|at| StepState::new(plan.parents(at).len())).collect();
        Self {
            open: steps.len(),
            plan,
            steps,
            begun: None,
            course: Course::Forward,
            outcome: None,
            length: 0,
            ready: VecDeque::new(),
            waiting: Vec::new(),
            under_way: 0,
            asked: 0,
            stuck: 0,
        }
    }

    /// The plan it is read by.
    #[must_use]
    pub const fn plan(&self) -> &Arc<SagaPlan> {
        &self.plan
    }

    /// How many entries were applied.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.length
    }

    /// Whether none was.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// What it was started with.
    #[must_use]
    pub fn input(&self) -> Option<&Payload> {
        self.begun.as_ref().map(|begun| &begun.input)
    }

    /// When it turns back at the latest, in milliseconds since 1970.
    #[must_use]
    pub fn deadline_unix_ms(&self) -> Option<u64> {
        self.begun.as_ref().and_then(|begun| begun.deadline_unix_ms)
    }

    /// One step.
    ///
    /// # Panics
    ///
    /// When there is no step of that number.
    #[must_use]
    pub fn step(&self, step: usize) -> &StepState {
        &self.steps[step]
    }

    /// Every step with its name, in the order of the plan.
    pub fn steps(&self) -> impl Iterator<Item = (&StepName, &StepState)> {
        self.steps.iter().enumerate().map(|(at, step)| (self.plan.name(at), step))
    }

    /// How it ended, if it has.
    #[must_use]
    pub const fn outcome(&self) -> Option<&SagaOutcome> {
        self.outcome.as_ref()
    }

    /// Why it turned back, or is to.
    #[must_use]
    pub const fn cause(&self) -> Option<&Cause> {
        match &self.course {
            Course::Undecided(cause) | Course::Backward(cause) => Some(cause),
            Course::Forward | Course::GivenUp { .. } => None,
        }
    }

    /// Where it stands, in a word.
    #[must_use]
    pub fn status(&self) -> SagaStatus {
        match (&self.outcome, &self.course) {
            (Some(outcome), _) => outcome.status(),
            (None, Course::GivenUp { .. }) => SagaStatus::Unwinding,
            _ if self.is_parked() => SagaStatus::Parked,
            (None, Course::Backward(_)) => SagaStatus::Unwinding,
            (None, Course::Forward | Course::Undecided(_)) => SagaStatus::Running,
        }
    }

    /// Something waits for an operator, and nothing else is left to do.
    fn is_parked(&self) -> bool {
        self.stuck > 0
            && self.under_way + self.asked == 0
            && self.ready.is_empty()
            && self.waiting.is_empty()
    }

    /// Whether it can be told to turn back: it is not over, not turned, not past its pivot.
    #[must_use]
    pub fn can_cancel(&self) -> bool {
        self.outcome.is_none() && self.course == Course::Forward && !self.is_past_pivot()
    }

    /// Whether it is over with every effect, and may be undone as a part of another saga.
    #[must_use]
    pub fn can_recall(&self) -> bool {
        matches!(self.outcome, Some(SagaOutcome::Committed { .. })) && self.plan.pivot().is_none()
    }

    pub(super) fn is_past_pivot(&self) -> bool {
        let pivot = self.plan.pivot();
        pivot.is_some_and(|pivot| self.steps[pivot].status == StepStatus::Succeeded)
    }

    /// Whether the pivot may be done, and nobody knows.
    pub(super) fn pivot_is_open(&self) -> bool {
        self.plan.pivot().is_some_and(|pivot| {
            let step = &self.steps[pivot];
            match step.status {
                StepStatus::Executing => true,
                StepStatus::Retrying { .. } | StepStatus::Probing { .. } | StepStatus::Stuck => {
                    step.doubt
                }
                _ => false,
            }
        })
    }

    /// Whether calls are under way, or were when the runner was lost.
    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        self.under_way > 0
    }

    /// What was under way when the runner was lost, as far as the journal tells.
    #[must_use]
    pub fn interrupted(&self) -> Vec<usize> {
        (0..self.steps.len()).filter(|&at| self.steps[at].status.is_under_way()).collect()
    }

    /// When something is to be tried again: the earliest of all. Of what was given up, nothing is.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        if matches!(self.course, Course::GivenUp { .. }) {
            return None;
        }
        self.waiting.iter().filter_map(|&at| self.steps[at].status.due()).min()
    }

    /// A probe was begun, which is not written down.
    pub(super) fn begin_probe(&mut self, step: usize) {
        self.set(step, StepStatus::Probing { due: None });
    }

    pub(super) fn set(&mut self, step: usize, to: StepStatus) {
        let from = std::mem::replace(&mut self.steps[step].status, to);
        self.under_way += usize::from(to.is_under_way());
        self.under_way -= usize::from(from.is_under_way());
        let is_asked = StepStatus::Probing { due: None };
        self.asked += usize::from(to == is_asked);
        self.asked -= usize::from(from == is_asked);
        self.stuck += usize::from(to.is_stuck());
        self.stuck -= usize::from(from.is_stuck());
        if from.due().is_some() {
            self.waiting.retain(|&it| it != step);
        }
        if to.due().is_some() {
            self.waiting.push(step);
        }
    }

    /// The step is out of the way of others.
    pub(super) fn succeed(&mut self, step: usize, output: Payload) {
        self.steps[step].output = Some(output);
        self.set(step, StepStatus::Succeeded);
        match self.course {
            Course::Backward(_) => return self.offer_compensation(step),
            // There is no way back any more.
            Course::Undecided(_) if self.plan.passage(step) == Passage::Pivot => {
                self.course = Course::Forward;
            }
            // Nothing follows.
            Course::GivenUp { .. } => return,
            Course::Forward | Course::Undecided(_) => {}
        }
        self.open -= 1;
        let Self { plan, steps, ready, .. } = self;
        for &child in plan.children(step) {
            steps[child].blocked -= 1;
            if steps[child].blocked == 0 {
                ready.push_back(child);
            }
        }
    }

    /// What a step is that goes no further.
    pub(super) fn leave(&mut self, step: usize) {
        if self.steps[step].doubt {
            self.set(step, StepStatus::InDoubt);
            self.offer_compensation(step);
        } else {
            self.rest(step, StepStatus::Failed);
        }
    }

    /// The step has no effect, and stands in the way of its parents no more.
    pub(super) fn rest(&mut self, step: usize, as_what: StepStatus) {
        self.set(step, as_what);
        self.open -= 1;
        let plan = Arc::clone(&self.plan);
        for &parent in plan.parents(step) {
            self.steps[parent].blocked -= 1;
            self.offer_compensation(parent);
        }
    }

    fn offer_compensation(&mut self, step: usize) {
        let state = &self.steps[step];
        let is_left = matches!(state.status, StepStatus::Succeeded | StepStatus::InDoubt);
        let is_back = matches!(self.course, Course::Backward(_));
        if is_back && is_left && state.blocked == 0 {
            self.ready.push_back(step);
        }
    }

    /// Turns back: from here on, what may have an effect is undone, the last first.
    pub(super) fn turn(&mut self, cause: Cause) {
        self.course = Course::Backward(cause);
        self.ready.clear();
        for at in 0..self.steps.len() {
            let doubt = self.steps[at].doubt;
            match self.steps[at].status {
                StepStatus::Retrying { .. } | StepStatus::Probing { .. } | StepStatus::Stuck => {
                    self.set(at, if doubt { StepStatus::InDoubt } else { StepStatus::Failed });
                }
                _ => {}
            }
            self.steps[at].failures = 0;
        }
        let has_effect = |steps: &[StepState], at: usize| steps[at].status.may_have_effect();
        self.open = (0..self.steps.len()).filter(|&at| has_effect(&self.steps, at)).count();
        for at in (0..self.steps.len()).rev() {
            let children = self.plan.children(at).iter();
            self.steps[at].blocked = children.filter(|&&at| has_effect(&self.steps, at)).count();
            self.offer_compensation(at);
        }
    }
}
