use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::{sleep, timeout};

use super::journal::Life;
use super::scenario::{Fault, Scenario};
use crate::saga::any_step::{AnyStep, Call, Report, Shared};
use crate::saga::definition::Definition;
use crate::saga::judge::End;
use crate::saga::{Direction, Payload, PayloadError, StepPolicy};

/// After that a saga that was told of a failure is over, if its retries are few.
const LATE: Duration = Duration::from_secs(5);

/// A step of which one call goes wrong, in a process that may die.
#[derive(Debug)]
pub(super) struct Meddled {
    pub(super) step: Arc<dyn AnyStep>,
    pub(super) at: usize,
    pub(super) scenario: Scenario,
    pub(super) life: Arc<Life>,
    /// Whether the fault has happened already, in any life.
    pub(super) is_spent: Arc<AtomicBool>,
}

impl Meddled {
    fn fault(&self, direction: Direction) -> Option<Fault> {
        let (at, which, fault) = self.scenario.fault?;
        if fault == Fault::AnswersLost {
            let is_forward = which == Direction::Execute && direction != Direction::Compensate;
            return (at == self.at && is_forward).then_some(fault);
        }
        let is_it = at == self.at && which == direction;
        if is_it && fault == Fault::LostThenRefused {
            let is_first = !self.is_spent.swap(true, Ordering::SeqCst);
            return Some(if is_first { Fault::AnswerLost } else { fault });
        }
        (is_it && !self.is_spent.swap(true, Ordering::SeqCst)).then_some(fault)
    }

    /// The call, as the fault and the life of its process have it.
    fn made(
        &self,
        call: Call<'_>,
        begin: impl Fn(Call<'_>) -> BoxFuture<'static, Report>,
    ) -> BoxFuture<'static, Report> {
        let direction = call.context.direction();
        if direction == Direction::Execute && self.scenario.refuses == Some(self.at) {
            return self.living(std::future::ready(failed(End::Refused)).boxed());
        }
        let again = Call { slots: call.slots, context: call.context.clone(), nest: call.nest };
        let limit = self.step.policy().timeout();
        let future = match self.fault(direction) {
            None => begin(call),
            Some(Fault::LostThenRefused) => std::future::ready(failed(End::Refused)).boxed(),
            Some(Fault::NotMade) => std::future::ready(failed(End::NotDone)).boxed(),
            Some(Fault::Vanishes) => std::future::ready(failed(End::Unknown)).boxed(),
            Some(Fault::AnswersLost) if direction == Direction::Probe => {
                std::future::ready(failed(End::Unasked)).boxed()
            }
            Some(Fault::AnswerLost | Fault::AnswersLost) => {
                begin(call).map(|_| failed(End::Unknown)).boxed()
            }
            Some(Fault::Hangs) => late(limit).boxed(),
            Some(Fault::HangsAfter) => {
                let made = begin(call);
                async move {
                    let _ = timeout(limit, made).await;
                    late(limit).await
                }
                .boxed()
            }
            Some(Fault::Twice) => {
                let (first, second) = (begin(again), begin(call));
                first.then(|_| second).boxed()
            }
            Some(Fault::LandsLate) => {
                let (life, made) = (Arc::clone(&self.life), begin(call));
                tokio::spawn(async move {
                    sleep(LATE).await;
                    drop(life.lived(made).await);
                });
                std::future::ready(failed(End::Unknown)).boxed()
            }
        };
        self.living(future)
    }

    /// In a process that is dead nothing happens; in one that stands still, nothing yet.
    fn living(&self, future: BoxFuture<'static, Report>) -> BoxFuture<'static, Report> {
        let life = Arc::clone(&self.life);
        async move { life.lived(future).await }.boxed()
    }
}

fn failed(end: End) -> Report {
    Report::Failed { end, error: "as the crash kit wants it".to_owned(), hint: None }
}

async fn late(limit: Duration) -> Report {
    sleep(limit).await;
    if limit.is_zero() {
        pending::<()>().await;
    }
    failed(End::Unknown)
}

impl AnyStep for Meddled {
    fn policy(&self) -> &StepPolicy {
        self.step.policy()
    }

    fn nested(&self) -> Option<&Arc<Definition>> {
        self.step.nested()
    }

    fn execute(self: Arc<Self>, call: Call<'_>) -> BoxFuture<'static, Report> {
        self.made(call, |call| Arc::clone(&self.step).execute(call))
    }

    fn probe(self: Arc<Self>, call: Call<'_>) -> BoxFuture<'static, Report> {
        self.made(call, |call| Arc::clone(&self.step).probe(call))
    }

    fn compensate(
        self: Arc<Self>,
        call: Call<'_>,
        output: Option<&Shared>,
    ) -> BoxFuture<'static, Report> {
        self.made(call, |call| Arc::clone(&self.step).compensate(call, output))
    }

    fn read(&self, payload: &Payload) -> Result<Shared, PayloadError> {
        self.step.read(payload)
    }
}
