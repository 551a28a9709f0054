use std::pin::pin;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tracing::{error, warn};

use super::fatal::with_causes;
use crate::Failed;

/// How long workers may take to their end.
const DRAIN: Duration = Duration::from_secs(10);
/// And then those that take up what the others leave.
const DRAIN_LAST: Duration = Duration::from_secs(5);

/// What a process does beside answering.
#[derive(Debug, Default)]
pub struct Workers {
    first: Crew,
    last: Crew,
}

/// Workers that are told to end together.
#[derive(Debug, Default)]
struct Crew {
    tasks: JoinSet<Result<(), Failed>>,
    over: CancellationToken,
}

impl Workers {
    /// Runs a worker, which is given what resolves when it is to end. One that fails ends the process.
    pub fn run<F>(&mut self, worker: impl FnOnce(WaitForCancellationFutureOwned) -> F)
    where
        F: Future<Output = Result<(), Failed>> + Send + 'static,
    {
        self.first.run(worker);
    }

    /// The same, of a worker that takes up what others leave behind: it is told to end when they have.
    pub fn run_to_the_last<F>(&mut self, worker: impl FnOnce(WaitForCancellationFutureOwned) -> F)
    where
        F: Future<Output = Result<(), Failed>> + Send + 'static,
    {
        self.last.run(worker);
    }

    /// Until what is served ends, or a worker fails: then it is asked to end, by the token, and waited for. Workers finish what they
    /// are at after that, those to the last behind all others, within bounds. What is not finished by then comes again, or is found
    /// by others.
    ///
    /// # Errors
    ///
    /// The first of what went wrong; whatever follows it is logged.
    pub async fn beside<F>(
        mut self,
        served: impl FnOnce(CancellationToken) -> F,
    ) -> Result<(), Failed>
    where
        F: Future<Output = Result<(), Failed>>,
    {
        let stop = CancellationToken::new();
        let (first, last) = (self.first.failed(), self.last.failed());
        let failed = async {
            tokio::select! {
                error = first => error,
                error = last => error,
            }
        };
        let mut ended = until_failed(served(stop.clone()), &stop, failed).await;
        for (crew, bound) in [(self.first, DRAIN), (self.last, DRAIN_LAST)] {
            ended = first_of(ended, crew.end(bound).await);
        }
        ended
    }
}

impl Crew {
    fn run<F>(&mut self, worker: impl FnOnce(WaitForCancellationFutureOwned) -> F)
    where
        F: Future<Output = Result<(), Failed>> + Send + 'static,
    {
        self.tasks.spawn(worker(self.over.clone().cancelled_owned()));
    }

    /// Why one of them could not go on; otherwise it waits for ever.
    async fn failed(&mut self) -> Failed {
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = said(ended) {
                return error;
            }
        }
        std::future::pending().await
    }

    /// Tells them to end, and waits for as long. Nobody is at anything any more when this returns.
    async fn end(mut self, bound: Duration) -> Result<(), Failed> {
        self.over.cancel();
        let mut all = Ok(());
        let finished = async {
            while let Some(ended) = self.tasks.join_next().await {
                all = first_of(std::mem::replace(&mut all, Ok(())), said(ended));
            }
        };
        if timeout(bound, finished).await.is_err() {
            warn!(workers = self.tasks.len(), ?bound, "workers are broken off");
            self.tasks.shutdown().await;
        }
        all
    }
}

fn said(ended: Result<Result<(), Failed>, JoinError>) -> Result<(), Failed> {
    ended.map_err(Failed::from).flatten()
}

/// Of two that went wrong the first; the second is logged.
fn first_of(ended: Result<(), Failed>, then: Result<(), Failed>) -> Result<(), Failed> {
    match (ended, then) {
        (Err(first), Err(then)) => {
            error!(error = with_causes(&*then), "and this went wrong on the way to the end");
            Err(first)
        }
        (Ok(()), then) => then,
        (ended, Ok(())) => ended,
    }
}

/// Until `served` ends by itself; or something has failed, when it is asked to end by `stop`, and waited for.
pub(crate) async fn until_failed(
    served: impl Future<Output = Result<(), Failed>>,
    stop: &CancellationToken,
    failed: impl Future<Output = Failed>,
) -> Result<(), Failed> {
    let mut served = pin!(served);
    let error = tokio::select! {
        ended = &mut served => return ended,
        error = failed => error,
    };
    stop.cancel();
    first_of(Err(error), served.await)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tokio::time::sleep;

    use super::*;

    type Told = Arc<Mutex<Vec<&'static str>>>;

    fn tell(told: &Told, what: &'static str) {
        told.lock().unwrap().push(what);
    }

    /// What is served until it is asked to end, and takes a while to it.
    async fn serving(stop: CancellationToken, told: Told) -> Result<(), Failed> {
        stop.cancelled().await;
        sleep(Duration::from_secs(1)).await;
        tell(&told, "served");
        Ok(())
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_fails_lets_requests_and_then_the_others_come_to_their_end() {
        let (mut workers, told) = (Workers::default(), Told::default());
        workers.run(|_| async { Err("it is gone".into()) });
        for (what, long) in [("quick", 1), ("slow", 2)] {
            let told = told.clone();
            workers.run(move |over| async move {
                over.await;
                sleep(Duration::from_secs(long)).await;
                tell(&told, what);
                Ok(())
            });
        }
        let last = told.clone();
        workers.run_to_the_last(|over| async move {
            over.await;
            tell(&last, "last");
            Ok(())
        });
        let ended = workers.beside(|stop| serving(stop, told.clone())).await;
        assert_eq!(ended.unwrap_err().to_string(), "it is gone");
        assert_eq!(*told.lock().unwrap(), ["served", "quick", "slow", "last"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_worker_says_on_its_way_to_the_end_is_no_success() {
        for panics in [false, true] {
            let mut workers = Workers::default();
            workers.run(move |over| async move {
                over.await;
                assert!(!panics, "it panics");
                Err("it is not written down".into())
            });
            assert!(workers.beside(|_| async { Ok(()) }).await.is_err());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_end_is_broken_off_and_gone() {
        let (mut workers, held) = (Workers::default(), Arc::new(()));
        let holds = held.clone();
        workers.run(|_| async move {
            std::future::pending::<()>().await;
            drop(holds);
            Ok(())
        });
        workers.beside(|_| async { Ok(()) }).await.unwrap();
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
