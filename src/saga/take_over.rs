//! How a saga is reached, wherever it stands.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::live::{Command, Live, Reply};
use super::run::Run;
use super::shared::Inner;
use super::{Cause, SagaEntry, SagaError, SagaId};

impl Inner {
    /// Tells a saga that runs here, and answers what it says; `None` if it has just ended.
    pub(super) async fn ask(
        &self,
        live: &Live,
        tell: impl FnOnce(Reply) -> Command,
    ) -> Option<Result<(), SagaError>> {
        let (reply, answer) = oneshot::channel();
        live.tell(tell(reply));
        answer.await.ok()
    }

    /// Takes over a saga that nobody holds.
    pub(super) async fn taken_over(self: &Arc<Self>, saga: &SagaId) -> Result<Box<Run>, SagaError> {
        if let Some((claim, held_until)) = self.claim(saga).await? {
            return self.resumed(claim, held_until).await;
        }
        let (header, _) = self.load(saga).await?;
        let saga = saga.clone();
        Err(if header.is_purged {
            SagaError::Purged { saga, status: header.status }
        } else {
            SagaError::Held { saga }
        })
    }

    /// Lets a saga go on once what it was told is written down.
    pub(super) async fn spawn_written(
        self: &Arc<Self>,
        mut run: Box<Run>,
    ) -> Result<(), SagaError> {
        if run.write().await.is_err() {
            return Err(SagaError::Held { saga: run.live.claim.saga.clone() });
        }
        self.spawn(run);
        Ok(())
    }

    /// Tells a saga to turn back, wherever it stands.
    pub(super) async fn turn_back(
        self: &Arc<Self>,
        saga: &SagaId,
        cause: Cause,
    ) -> Result<(), SagaError> {
        if let Some(live) = self.running(saga) {
            let tell = |reply| Command::Cancel { cause: cause.clone(), reply };
            if let Some(answer) = self.ask(&live, tell).await {
                return answer;
            }
        }
        let mut run = self.taken_over(saga).await?;
        if let Err(error) = run.obey(SagaEntry::Cancelled { cause }) {
            self.release(&run.live.claim).await;
            return Err(error);
        }
        self.spawn_written(run).await
    }
}
