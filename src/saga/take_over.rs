//! How a saga is reached, wherever it stands.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::live::{Command, Decision, Order};
use super::place::Place;
use super::run::{Gone, Run};
use super::shared::{Inner, Unrecorded};
use super::{Repair, SagaAppend, SagaEntry, SagaError, SagaId, SagaOutcome, SagaStatus};

impl Inner {
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
    async fn carried_out(mut run: Box<Run>, order: Order) -> Result<(), SagaError> {
        if let Err(error) = run.carry_out(order) {
            run.release().await;
            return Err(error);
        }
        let (reply, answer) = oneshot::channel();
        run.waiting.push(reply);
        if let Err(gone) = run.write().await {
            let saga = run.claim.saga.clone();
            if let Gone::Left = gone {
                run.release().await;
            }
            return answer.await.unwrap_or(Err(SagaError::Held { saga }));
        }
        run.spawn();
        answer.await.unwrap_or(Ok(()))
    }

    /// Tells a saga something, wherever it stands, and answers what it says.
    pub(super) async fn order(
        self: &Arc<Self>,
        saga: &SagaId,
        order: Order,
    ) -> Result<(), SagaError> {
        loop {
            let place = match self.enter(saga) {
                Ok(place) => place,
                Err(live) => {
                    let (reply, answer) = oneshot::channel();
                    live.tell(Command::Order { order: order.clone(), reply });
                    match answer.await {
                        Ok(answer) => return answer,
                        // It has just ended here.
                        Err(_) => continue,
                    }
                }
            };
            return match (self.taken_over(place).await, order) {
                (Ok(run), order) => Self::carried_out(run, order).await,
                (Err(error), Order::Repair(decision))
                    if decision.repair == Repair::GiveUp && is_broken(&error) =>
                {
                    self.given_up(saga, decision, error).await
                }
                (Err(error), _) => Err(error),
            };
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
        let header = match self.load(saga).await {
            Ok((header, _)) if !header.status.is_over() => header,
            loaded => {
                self.release(&claim).await;
                return Err(loaded.err().unwrap_or(why_not));
            }
        };
        let outcome = SagaOutcome::GivenUp { actor: actor.clone(), reason: reason.clone() };
        let entries = [
            SagaEntry::Repaired { repair: Box::new(repair), actor, reason },
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
                self.release(&claim).await;
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
