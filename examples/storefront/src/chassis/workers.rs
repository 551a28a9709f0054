use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tracing::error;

use crate::Failed;

/// How long workers may take to their end.
const DRAIN: Duration = Duration::from_secs(10);

/// What a process does beside answering.
#[derive(Debug, Default)]
pub struct Workers {
    tasks: JoinSet<Result<(), Failed>>,
    over: CancellationToken,
}

impl Workers {
    /// Runs a worker, which is given what resolves when it is to end. One that fails ends the process.
    pub fn run<F>(&mut self, worker: impl FnOnce(WaitForCancellationFutureOwned) -> F)
    where
        F: Future<Output = Result<(), Failed>> + Send + 'static,
    {
        self.tasks.spawn(worker(self.over.clone().cancelled_owned()));
    }

    /// Until `served` ends, or a worker fails; then workers finish what they are at, within bounds. What is not finished by
    /// then comes again, or is found by others.
    ///
    /// # Errors
    ///
    /// That of `served`, or why a worker could not go on.
    pub async fn beside(
        mut self,
        served: impl Future<Output = Result<(), Failed>>,
    ) -> Result<(), Failed> {
        let failed = async {
            while let Some(ended) = self.tasks.join_next().await {
                ended.map_err(Failed::from).flatten()?;
            }
            std::future::pending().await
        };
        let ended = tokio::select! {
            served = served => served,
            failed = failed => failed,
        };
        if let Err(error) = &ended {
            error!(%error, "cannot go on");
        }
        self.over.cancel();
        let finished = async { while self.tasks.join_next().await.is_some() {} };
        let _ = timeout(DRAIN, finished).await;
        ended
    }
}
