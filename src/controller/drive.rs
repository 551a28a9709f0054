//! Steps carried out, one after the other, until there is none left.

use std::borrow::Cow;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use super::controller::Seen;
use super::gated::evidence;
use super::path::{self, Next};
use super::told::moved;
use super::{ChangeRequest, ControllerError, GateContext, MigrationController};
use crate::observe::{Event, field};
use crate::phase::{
    Adopted, Evidence, MigrationState, Move, MoveError, MoveNote, MoveRecord, PATIENCE, Refused,
    SweepEvidence, take_step_from,
};
use crate::reconcile::SweepError;

/// A step that was taken.
///
/// ```
/// use strangler_fig::controller::StepTaken;
///
/// fn line(step: &StepTaken) -> String {
///     format!("{} (epoch {}), after {:?}", step.step, step.epoch, step.waited)
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepTaken {
    /// What was done.
    pub step: Move,
    /// The epoch it made.
    pub epoch: u64,
    /// How long it waited for the fleet.
    pub waited: Duration,
    /// What it waited for last.
    pub waited_for: Option<Refused>,
}

/// What a controller has done.
///
/// ```
/// use strangler_fig::controller::Advanced;
///
/// fn lines(advanced: &Advanced) -> Vec<String> {
///     advanced.steps.iter().map(|taken| taken.step.to_string()).collect()
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Advanced {
    /// The steps, in their order; none if it was there already.
    pub steps: Vec<StepTaken>,
    /// The state they led to.
    pub state: MigrationState,
}

/// What one attempt at a step came to.
enum Attempt {
    Taken(Move, MigrationState),
    /// Time may help.
    Waits(ControllerError),
    /// Somebody moved meanwhile, though not elsewhere: at once again.
    Again,
}

/// How long the step in hand has waited, and for what.
struct Wait {
    began: Instant,
    waited_for: Option<Refused>,
    /// Whether it was told that a gate is waited for.
    is_gate_told: bool,
}

impl Wait {
    fn new() -> Self {
        Self { began: Instant::now(), waited_for: None, is_gate_told: false }
    }

    /// The time of a sweep is no time waited.
    fn does_not_count(&mut self, time: Duration) {
        self.began += time;
    }
}

/// Whether the fleet, or a node of it, is all that is waited for.
fn may_pass(refused: &Refused) -> bool {
    matches!(
        refused,
        Refused::Unsettled { .. }
            | Refused::TooFewNodes { .. }
            | Refused::SweepOutdated { .. }
            | Refused::WorkerRunning { .. }
    )
}

/// The moves after this epoch, and whether that is all of them.
fn moves_since(state: &MigrationState, epoch: u64) -> (Vec<&MoveRecord>, bool) {
    let since: Vec<_> = state.history().iter().filter(|record| record.epoch > epoch).collect();
    let all_told = state.epoch().checked_sub(epoch) == u64::try_from(since.len()).ok();
    (since, all_told)
}

impl MigrationController {
    /// Takes steps of `course`, at most `steps_max`, until it has arrived.
    pub(super) async fn drive(
        &self,
        request: &ChangeRequest,
        course: impl Fn(&MigrationState) -> Next + Send + Sync,
        gated: bool,
        steps_max: Option<usize>,
    ) -> Result<Advanced, ControllerError> {
        self.drive_since(None, request, course, gated, steps_max).await
    }

    /// The same on what was decided about the state `last`: if somebody has steered since
    /// then, nothing is done.
    pub(super) async fn drive_since(
        &self,
        mut last: Option<Adopted>,
        request: &ChangeRequest,
        course: impl Fn(&MigrationState) -> Next + Send + Sync,
        gated: bool,
        steps_max: Option<usize>,
    ) -> Result<Advanced, ControllerError> {
        let mut request = Cow::Borrowed(request);
        let (mut steps, mut wait) = (Vec::new(), Wait::new());
        loop {
            let seen = match self.look().await {
                Err(error) if error.is_outage() => {
                    self.pause(&mut wait, error).await?;
                    continue;
                }
                seen => seen?,
            };
            let state = seen.state();
            self.not_moved_since(&request, state)?;
            let next = course(state);
            if !matches!(&next, Next::Take(step) if !step.steers()) {
                self.not_overtaken(last, state)?;
            }
            last = Some(state.adopted());
            if steps_max.is_some_and(|most| steps.len() >= most) || next == Next::Arrived {
                return Ok(Advanced { steps, state: seen.found.state });
            }
            match self.attempt(&seen, next, &request, gated, &mut wait).await? {
                Attempt::Waits(why) => self.pause(&mut wait, why).await?,
                Attempt::Again => {}
                Attempt::Taken(step, state) => {
                    let Wait { began, waited_for, .. } = std::mem::replace(&mut wait, Wait::new());
                    let (epoch, waited) = (state.epoch(), began.elapsed());
                    last = Some(state.adopted());
                    request = Cow::Owned(request.of_any_state());
                    steps.push(StepTaken { step, epoch, waited, waited_for });
                    if steps_max.is_some_and(|most| steps.len() >= most) {
                        return Ok(Advanced { steps, state });
                    }
                }
            }
        }
    }

    async fn attempt(
        &self,
        seen: &Seen,
        next: Next,
        request: &ChangeRequest,
        gated: bool,
        wait: &mut Wait,
    ) -> Result<Attempt, ControllerError> {
        match next {
            Next::Arrived => unreachable!("whoever has arrived takes no step"),
            Next::NoWay(why) => Err(why.into()),
            Next::Sweep => self.sweep(seen, request, wait).await,
            Next::Take(step) => {
                let is_asked = gated && path::leads_forward(seen.state(), &step);
                // By the look that the gates are asked about: they may take their time.
                let may_evict = self.may_evict();
                let asked =
                    if is_asked { self.ask(seen, &step, request).await } else { Ok(Vec::new()) };
                match asked {
                    Ok(seen_by_gates) => self.take(seen, step, request, seen_by_gates).await,
                    // What closes a gate may go with a node that has ended.
                    Err(blocked) if may_evict => Ok(Attempt::Waits(blocked)),
                    Err(blocked) => Err(blocked),
                }
            }
        }
    }

    /// Whether a fenced node may turn out to have ended.
    fn may_evict(&self) -> bool {
        self.config.evicts_fenced && self.watched(|watch| watch.may_run_out())
    }

    async fn ask(
        &self,
        seen: &Seen,
        step: &Move,
        request: &ChangeRequest,
    ) -> Result<Vec<Evidence>, ControllerError> {
        let context = GateContext { state: seen.state(), fleet: &seen.fleet, step };
        let read = self.gates.read(context, self.config.gate_timeout).await;
        evidence(step, read, request)
    }

    /// One move, recorded; and whether to wait if it is refused.
    pub(super) async fn record(
        &self,
        seen: &Seen,
        step: &Move,
        request: &ChangeRequest,
        evidence: Vec<Evidence>,
    ) -> Result<MigrationState, MoveError> {
        let mut note = MoveNote::of(request.actor().clone(), request.reason().clone());
        (note.at_unix_ms, note.evidence) = (self.config.clock.unix_millis(), evidence);
        let (found, fleet, patience) = (&seen.found, &seen.fleet, self.config.settle_wait);
        let taken = take_step_from(&self.service, found, fleet, step, note, patience.max(PATIENCE));
        let state = taken.await?;
        self.tell(&moved(seen.state(), step, &state));
        info!(
            { field::MIGRATION } = %self.name,
            { field::EPOCH } = state.epoch(),
            // As a text that subscribers escape: a name may hold marks of direction.
            { field::ACTOR } = request.actor().as_str(),
            "{step}"
        );
        Ok(state)
    }

    async fn take(
        &self,
        seen: &Seen,
        step: Move,
        request: &ChangeRequest,
        evidence: Vec<Evidence>,
    ) -> Result<Attempt, ControllerError> {
        match self.record(seen, &step, request, evidence).await {
            Ok(state) => Ok(Attempt::Taken(step, state)),
            Err(MoveError::Refused(refused)) if may_pass(&refused) => {
                let step = step.to_string();
                Ok(Attempt::Waits(ControllerError::Refused { step, source: refused }))
            }
            Err(MoveError::Overtaken { .. }) => self.outrun(seen, &step, request).await,
            Err(error) => match ControllerError::of_step(&step, error) {
                error if error.is_outage() => Ok(Attempt::Waits(error)),
                error => Err(error),
            },
        }
    }

    /// Somebody was quicker: another look tells whom.
    async fn outrun(
        &self,
        seen: &Seen,
        step: &Move,
        request: &ChangeRequest,
    ) -> Result<Attempt, ControllerError> {
        let now = match self.look().await {
            Err(error) if error.is_outage() => return Ok(Attempt::Waits(error)),
            now => now?,
        };
        if now.found.revision == seen.found.revision {
            let migration = self.name.clone();
            return Ok(Attempt::Waits(ControllerError::Overtaken { migration, by: None }));
        }
        self.not_moved_since(request, now.state())?;
        if step.steers() {
            self.not_overtaken(Some(seen.state().adopted()), now.state())?;
        }
        Ok(Attempt::Again)
    }

    async fn sweep(
        &self,
        seen: &Seen,
        request: &ChangeRequest,
        wait: &mut Wait,
    ) -> Result<Attempt, ControllerError> {
        let Some(sweeper) = &self.sweeper else {
            return Err(ControllerError::NoSweeper);
        };
        let ticket = match seen.state().begin_sweep_in_cutover(&seen.fleet) {
            Ok(ticket) => ticket,
            Err(source) if may_pass(&source) => {
                let step = "sweep".to_owned();
                return Ok(Attempt::Waits(ControllerError::Refused { step, source }));
            }
            Err(source) => {
                return Err(ControllerError::Refused { step: "sweep".to_owned(), source });
            }
        };
        let began = Instant::now();
        let swept = sweeper.sweep(ticket).await;
        wait.does_not_count(began.elapsed());
        let failed = |source| ControllerError::Sweep { migration: self.name.clone(), source };
        match swept {
            Ok(evidence) => self.complete(evidence, request, wait).await,
            // Its node had not adopted the state yet, or it moved meanwhile.
            Err(error @ SweepError::Interrupted { .. }) => Ok(Attempt::Waits(failed(error))),
            Err(error) => Err(failed(error)),
        }
    }

    /// Records a sweep; an outage does not waste it.
    async fn complete(
        &self,
        evidence: SweepEvidence,
        request: &ChangeRequest,
        wait: &mut Wait,
    ) -> Result<Attempt, ControllerError> {
        loop {
            let seen = self.look().await;
            if let Ok(seen) = &seen {
                self.not_moved_since(request, seen.state())?;
            }
            let attempt = match seen {
                // Another was quicker to show the same.
                Ok(seen) if !evidence.tells_more_than(seen.state()) => return Ok(Attempt::Again),
                Ok(seen) => self.take(&seen, Move::Complete(evidence), request, Vec::new()).await?,
                Err(error) if error.is_outage() => Attempt::Waits(error),
                Err(error) => return Err(error),
            };
            match attempt {
                Attempt::Waits(error) if error.is_outage() => self.pause(wait, error).await?,
                attempt => return Ok(attempt),
            }
        }
    }

    /// Somebody who steers elsewhere has the last word, until asked again.
    fn not_overtaken(
        &self,
        last: Option<Adopted>,
        state: &MigrationState,
    ) -> Result<(), ControllerError> {
        let Some(last) = last.filter(|last| *last != state.adopted()) else { return Ok(()) };
        let (since, all_told) = moves_since(state, last.epoch);
        let steered = since.iter().find(|record| record.step.steers());
        if all_told && steered.is_none() {
            return Ok(());
        }
        let by = steered.and_then(|record| record.actor.clone());
        Err(ControllerError::Overtaken { migration: self.name.clone(), by })
    }

    /// Whether it is the state that the request was decided about.
    pub(super) fn not_moved_since(
        &self,
        request: &ChangeRequest,
        state: &MigrationState,
    ) -> Result<(), ControllerError> {
        let Some(as_of) = request.epoch() else { return Ok(()) };
        let (since, all_told) = moves_since(state, as_of);
        let moved = since.iter().rfind(|record| !matches!(record.step, Move::Evict { .. }));
        if all_told && moved.is_none() {
            return Ok(());
        }
        let (migration, epoch) = (self.name.clone(), state.epoch());
        let by = moved.and_then(|record| record.actor.clone());
        Err(ControllerError::MovedSince { migration, as_of, epoch, by })
    }

    /// Waits a moment, or gives up.
    async fn pause(&self, wait: &mut Wait, why: ControllerError) -> Result<(), ControllerError> {
        let waited = wait.began.elapsed();
        if waited >= self.config.settle_wait {
            return Err(match why {
                ControllerError::Refused { step, source } => {
                    ControllerError::Waiting { step, waited, source }
                }
                why => why,
            });
        }
        if let ControllerError::Refused { source, .. } = &why {
            if wait.waited_for.as_ref() != Some(source) {
                self.tell(&Event::MoveWaits);
                warn!({ field::MIGRATION } = %self.name, { field::REASON } = %source, "a move waits");
            }
            wait.waited_for = Some(source.clone());
        }
        if matches!(why, ControllerError::Blocked { .. }) && !wait.is_gate_told {
            self.tell(&Event::MoveWaits);
            warn!({ field::MIGRATION } = %self.name, { field::REASON } = %why, "a move waits");
            wait.is_gate_told = true;
        }
        if self.config.evicts_fenced {
            self.evict_run_out().await;
        }
        tokio::time::sleep(self.config.poll_interval).await;
        Ok(())
    }
}
