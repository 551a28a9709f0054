//! The state of a saga alone, on random courses of random sagas: judged by rules written down a second time.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::saga::{
    Action, Cause, Doubt, Passage, Payload, Repair, SagaEntry, SagaOutcome, SagaPlan, SagaState,
    SagaStatus, StepStatus, Then,
};
use tokio::time::Instant;

use crate::support::{ada, why};
use crate::wild::random_plan;

struct Course {
    rng: Rng,
    plan: Arc<SagaPlan>,
    state: SagaState,
    entries: Vec<SagaEntry>,
    now: Instant,
    is_given_up: bool,
    /// How often an operator may yet decide.
    repairs: u8,
}

impl Course {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let plan = random_plan(&mut rng);
        let state = SagaState::new(plan.clone());
        let repairs = rng.u8(..8);
        let (entries, now) = (Vec::new(), Instant::now());
        let mut course = Self { rng, plan, state, entries, now, is_given_up: false, repairs };
        let input = Payload::of(&()).unwrap();
        assert!(course.tried(SagaEntry::Begun {
            input,
            deadline_unix_ms: None,
            traceparent: None
        }));
        course
    }

    /// Whether the entry may follow; if it does, the rules must say so too.
    fn tried(&mut self, entry: SagaEntry) -> bool {
        let before = self.state.clone();
        if self.state.apply(&entry, self.now).is_err() {
            self.state = before;
            return false;
        }
        self.judge(&before, &entry);
        self.is_given_up |=
            matches!(&entry, SagaEntry::Repaired { repair, .. } if **repair == Repair::GiveUp);
        self.entries.push(entry);
        self.look();
        true
    }

    /// What holds of every state.
    fn look(&self) {
        let later = self.now + Duration::from_secs(1_000_000);
        let actions = self.state.decide(later);
        for action in &actions {
            let status = |at: usize| Self::status(&self.state, at);
            let is_right = match *action {
                Action::Execute(at) => {
                    matches!(status(at), StepStatus::Pending | StepStatus::Retrying { .. })
                }
                Action::Probe(at) => matches!(status(at), StepStatus::Probing { .. }),
                Action::Compensate(at) => status(at).may_have_effect(),
                Action::Finish => !self.state.is_under_way() && actions.len() == 1,
                _ => unreachable!("there are no others"),
            };
            assert!(is_right, "{action:?} of {:?}", self.state);
            assert!(!self.is_given_up || *action == Action::Finish, "{action:?} once given up");
        }
        // Whoever sleeps until something is due has something to do then.
        let is_due = self.state.next_due().is_some();
        assert!(!is_due || !actions.is_empty(), "it wakes for nothing: {:?}", self.state);
        let is_parked = self.state.status() == SagaStatus::Parked;
        let is_idle = actions.is_empty() && !self.state.is_under_way();
        assert!(!is_parked || is_idle, "it is parked, and goes on: {:?}", self.state);
    }

    /// An operator decides something, if it can be.
    fn operates(&mut self) -> bool {
        let at = self.rng.usize(..self.plan.len());
        let step = self.plan.name(at).clone();
        let repair = match self.rng.u8(..9) {
            0..=2 => Repair::Retry { step },
            3 | 4 => Repair::Skip { step, output: Payload::of(&()).unwrap() },
            5 => Repair::Fail { step },
            6 | 7 => Repair::MarkCompensated { step },
            _ => Repair::GiveUp,
        };
        let (actor, reason) = (ada(), why("so"));
        self.repairs -= 1;
        self.tried(SagaEntry::Repaired { repair: Box::new(repair), actor, reason })
    }

    /// What others do to it, whatever it does.
    fn is_meddled_with(&mut self) {
        let cause = match self.rng.u8(..60) {
            0 => Cause::Cancelled { actor: ada(), reason: why("so") },
            1 => Cause::Deadline,
            2 => Cause::Recalled { parent: "parent".parse().unwrap() },
            3 | 4 => {
                // Another runner has it, and nobody knows what became of what was under way.
                let runner = crate::support::runner("node-2");
                assert!(self.tried(SagaEntry::Resumed { runner }));
                for at in self.state.interrupted() {
                    self.ends(at);
                }
                return;
            }
            5..=12 if self.repairs > 0 => {
                self.operates();
                return;
            }
            _ => return,
        };
        self.tried(SagaEntry::Cancelled { cause });
    }

    fn status(state: &SagaState, at: usize) -> StepStatus {
        state.step(at).status()
    }

    /// The rules, from the statuses alone.
    fn judge(&self, before: &SagaState, entry: &SagaEntry) {
        let place = |step| self.plan.place(step).unwrap();
        match entry {
            SagaEntry::Started { step } => {
                assert!(!self.is_given_up, "{step} is begun after it was given up");
                let parents = self.plan.parents(place(step));
                let done = |&at: &usize| Self::status(before, at) == StepStatus::Succeeded;
                assert!(parents.iter().all(done), "S1: {step} before its parents");
                let is_pivot = self.plan.passage(place(step)) == Passage::Pivot;
                assert!(before.cause().is_none() || is_pivot, "S5: {step} while unwinding");
            }
            SagaEntry::CompensationStarted { step } => {
                let at = place(step);
                assert!(!self.is_given_up, "{step} is undone after it was given up");
                let children = self.plan.children(at);
                let bare = |&at: &usize| !Self::status(before, at).may_have_effect();
                assert!(children.iter().all(bare), "S5: {step} before its children");
                assert_ne!(Self::status(before, at), StepStatus::Executing, "S5: {step} under way");
                let pivot = self.plan.pivot().map(|pivot| Self::status(before, pivot));
                assert_ne!(pivot, Some(StepStatus::Succeeded), "S4: {step} after the pivot");
            }
            SagaEntry::Ended { outcome } => {
                let all = || (0..self.plan.len()).map(|at| Self::status(before, at));
                match outcome {
                    SagaOutcome::Committed { .. } => {
                        assert!(all().all(|status| status == StepStatus::Succeeded));
                    }
                    SagaOutcome::RolledBack { .. } => {
                        assert!(all().all(|status| !status.may_have_effect()));
                        for at in 0..self.plan.len() {
                            let step = before.step(at);
                            let is_undone = step.status() == StepStatus::Compensated;
                            assert!(!step.is_in_doubt() || is_undone, "S4: in doubt, left alone");
                        }
                    }
                    SagaOutcome::GivenUp { .. } => {
                        assert!(!before.is_under_way(), "what is under way is waited for");
                    }
                    _ => unreachable!("there are no others"),
                }
            }
            _ => {}
        }
    }

    /// One step on: whatever may be begun is, or what is under way ends in some way.
    fn go_on(&mut self) -> bool {
        self.now += Duration::from_secs(100);
        let actions = self.state.decide(self.now);
        if let [Action::Finish] = *actions {
            let outcome = match self.state.cause() {
                _ if self.is_given_up => {
                    let (actor, reason) = (ada(), why("so"));
                    SagaOutcome::GivenUp { actor, reason }
                }
                Some(cause) => SagaOutcome::RolledBack { cause: cause.clone() },
                None => SagaOutcome::Committed { output: Payload::of(&()).unwrap() },
            };
            assert!(self.tried(SagaEntry::Ended { outcome }));
            // The saga around it may yet turn back.
            let cause = Cause::Recalled { parent: "parent".parse().unwrap() };
            let can = self.state.can_recall();
            return can && self.rng.bool() && self.tried(SagaEntry::Cancelled { cause });
        }
        let mut probes = Vec::new();
        for action in actions {
            let begun = match action {
                Action::Execute(at) => SagaEntry::Started { step: self.plan.name(at).clone() },
                Action::Compensate(at) => {
                    SagaEntry::CompensationStarted { step: self.plan.name(at).clone() }
                }
                Action::Probe(at) => {
                    probes.push(at);
                    continue;
                }
                _ => unreachable!("it stands alone"),
            };
            assert!(self.tried(begun.clone()), "what is decided can follow: {begun:?}");
        }
        for at in probes {
            // Its answer counts unless the saga has turned, or the step is tried again.
            if matches!(Self::status(&self.state, at), StepStatus::Probing { .. }) {
                self.ends(at);
            }
        }
        self.is_meddled_with();
        let under_way = self.state.interrupted();
        if under_way.is_empty() {
            while self.state.status() == SagaStatus::Parked && self.repairs > 0 {
                self.operates();
            }
            return self.state.status() != SagaStatus::Parked;
        }
        let at = under_way[self.rng.usize(..under_way.len())];
        self.ends(at);
        true
    }

    /// A call ends in a way that the state allows.
    fn ends(&mut self, at: usize) {
        for _ in 0..1_000 {
            let step = self.plan.name(at).clone();
            let then = match self.rng.u8(..8) {
                0 => Then::Park,
                1 | 2 => Then::Unwind,
                3 => Then::Probe { after_ms: 1_000 },
                _ => Then::Retry { after_ms: 1_000 },
            };
            let doubt = [Doubt::None, Doubt::Raised, Doubt::Cleared][self.rng.usize(..3)];
            let error = "so".into();
            let entry = match (Self::status(&self.state, at), self.rng.bool()) {
                (StepStatus::Compensating, true) => SagaEntry::Compensated { step },
                (StepStatus::Compensating, false) => {
                    SagaEntry::CompensationFailed { step, error, then }
                }
                (_, true) => SagaEntry::Succeeded { step, output: Payload::of(&()).unwrap() },
                (_, false) => SagaEntry::Failed { step, error, doubt, then },
            };
            if self.tried(entry) {
                return;
            }
        }
        panic!("a call cannot end: {:?}", self.state);
    }
}

#[test]
fn every_course_comes_to_an_end_by_the_rules_and_every_prefix_of_it_is_accepted() {
    let mut ends = [0; 4];
    for seed in 0..3_000 {
        let mut course = Course::new(seed);
        let mut steps = 0;
        while course.go_on() {
            steps += 1;
            assert!(steps < 10_000, "seed {seed} never ends");
        }
        let status = course.state.status();
        ends[match status {
            SagaStatus::Committed => 0,
            SagaStatus::RolledBack => 1,
            SagaStatus::Parked => 2,
            SagaStatus::GivenUp => 3,
            other => panic!("seed {seed} ends {other}"),
        }] += 1;
        // S2: a new runner may find any prefix, and go on from there.
        let mut again = SagaState::new(course.plan.clone());
        let later = course.now + Duration::from_secs(3_600);
        for entry in &course.entries {
            again.apply(entry, course.now).unwrap();
            let goes_on = !again.decide(later).is_empty() || again.is_under_way();
            assert!(
                goes_on || again.status() != SagaStatus::Running,
                "seed {seed} hangs: {again:?}"
            );
            assert!(
                goes_on || again.status() != SagaStatus::Unwinding,
                "seed {seed} hangs: {again:?}"
            );
        }
        assert_eq!(again.status(), status, "seed {seed}");
    }
    assert!(ends.iter().all(|count| *count > 200), "{ends:?}");
}
