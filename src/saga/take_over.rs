//! How a saga is reached, wherever it stands.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::live::{Command, Decision, Live, Reply};
use super::place::Place;
use super::run::Run;
use super::shared::{Inner, Unrecorded};
use super::{Cause, Repair, SagaAppend, SagaEntry, SagaError, SagaId, SagaOutcome, SagaStatus};

impl Inner {
    /// Tells a saga that runs here, and answers what it says; `None` if it has just ended.
    async fn ask(
        live: &Live,
        tell: impl FnOnce(Reply) -> Command,
    ) -> Option<Result<(), SagaError>> {
        let (reply, answer) = oneshot::channel();
        live.tell(tell(reply));
        answer.await.ok()
    }

    /// Takes over a saga that nobody else holds.
    pub(super) async fn taken_over(&self, place: Place) -> Result<Box<Run>, SagaError> {
        let saga = place.live.saga.clone();
        if let Some((claim, held_until)) = self.claim(&saga).await? {
            return self.resumed(place, claim, held_until).await;
        }
        let (header, _) = self.load(&saga).await?;
        Err(if header.is_purged {
            SagaError::Purged { saga, status: header.status }
        } else {
            SagaError::Held { saga }
        })
    }

    /// Lets a saga go on once what it was told is written down.
    async fn written(mut run: Box<Run>) -> Result<(), SagaError> {
        let (reply, answer) = oneshot::channel();
        run.waiting.push(reply);
        if run.write().await.is_err() {
            return answer
                .await
                .unwrap_or_else(|_| Err(SagaError::Held { saga: run.claim.saga.clone() }));
        }
        run.spawn();
        answer.await.unwrap_or(Ok(()))
    }

    /// Tells a saga to turn back, wherever it stands.
    pub(super) async fn turn_back(
        self: &Arc<Self>,
        saga: &SagaId,
        cause: Cause,
    ) -> Result<(), SagaError> {
        loop {
            let place = match self.enter(saga) {
                Ok(place) => place,
                Err(live) => {
                    let tell = |reply| Command::Cancel { cause: cause.clone(), reply };
                    match Self::ask(&live, tell).await {
                        Some(answer) => return answer,
                        None => continue,
                    }
                }
            };
            let mut run = self.taken_over(place).await?;
            if let Err(error) = run.obey(SagaEntry::Cancelled { cause }) {
                self.release(&run.claim).await;
                return Err(error);
            }
            return Self::written(run).await;
        }
    }

    /// Carries out what an operator has decided, wherever the saga stands.
    pub(super) async fn repaired(
        self: &Arc<Self>,
        saga: &SagaId,
        decision: Decision,
    ) -> Result<(), SagaError> {
        loop {
            let place = match self.enter(saga) {
                Ok(place) => place,
                Err(live) => {
                    let decision = decision.clone();
                    match Self::ask(&live, |reply| Command::Repair { decision, reply }).await {
                        Some(answer) => return answer,
                        None => continue,
                    }
                }
            };
            let mut run = match self.taken_over(place).await {
                Ok(run) => run,
                Err(error) if decision.repair == Repair::GiveUp && is_broken(&error) => {
                    return self.given_up(saga, decision, error).await;
                }
                Err(error) => return Err(error),
            };
            if let Err(error) = run.repair(decision) {
                self.release(&run.claim).await;
                return Err(error);
            }
            return Self::written(run).await;
        }
    }

    /// Ends a saga that cannot be read here: for that nothing of it has to be known.
    async fn given_up(
        self: &Arc<Self>,
        saga: &SagaId,
        Decision { repair, actor, reason }: Decision,
        why_not: SagaError,
    ) -> Result<(), SagaError> {
        let held = || SagaError::Held { saga: saga.clone() };
        let _place = self.enter(saga).map_err(|_| held())?;
        let (claim, _) = self.claim(saga).await?.ok_or_else(held)?;
        let (header, _) = self.load(saga).await?;
        if header.status.is_over() {
            self.release(&claim).await;
            return Err(why_not);
        }
        let outcome = SagaOutcome::GivenUp { actor: actor.clone(), reason: reason.clone() };
        let entries = [
            SagaEntry::Repaired { repair, actor, reason },
            SagaEntry::Ended { outcome: outcome.clone() },
        ];
        let append = SagaAppend {
            position: header.length,
            entries: &entries,
            status: SagaStatus::GivenUp,
            outcome: Some(&outcome),
        };
        match self.record(&claim, Instant::now(), append).await {
            Ok(_) => Ok(()),
            Err(Unrecorded::Lost) => Err(held()),
            Err(Unrecorded::Refused(source)) => {
                Err(SagaError::Journal { saga: saga.clone(), source })
            }
        }
    }
}

/// Whether nothing can be done here but to give it up.
const fn is_broken(error: &SagaError) -> bool {
    matches!(
        error,
        SagaError::Unreadable { .. }
            | SagaError::OutOfOrder { .. }
            | SagaError::UnknownDefinition { .. }
    )
}
