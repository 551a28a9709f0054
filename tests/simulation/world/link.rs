//! The way of a process to a server, and what becomes of calls on it.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::error::StoreError;
use tokio::time::sleep;

use super::network::Network;
use super::process::Process;
use super::weather::{Fate, Rates};

/// The way of a process to a server.
#[derive(Debug)]
pub(crate) struct Link {
    network: Arc<Network>,
    process: Arc<Process>,
    to: &'static str,
    rates: Rates,
    rng: Mutex<Rng>,
    /// Whether calls to this server can be cut off.
    is_service: bool,
    /// The longest a change may be on its way once it was sent.
    latest: Duration,
}

impl Link {
    pub(crate) fn new(
        network: &Arc<Network>,
        process: &Arc<Process>,
        to: &'static str,
        rates: Rates,
        rng: Rng,
    ) -> Self {
        Self {
            network: Arc::clone(network),
            process: Arc::clone(process),
            to,
            rates,
            rng: Mutex::new(rng),
            is_service: false,
            latest: Duration::MAX,
        }
    }

    /// The same, to the state service.
    pub(crate) fn into_service(mut self) -> Self {
        self.is_service = true;
        self
    }

    /// The same; nothing it sends is on its way for longer than this.
    pub(crate) fn with_latest(mut self, latest: Duration) -> Self {
        self.latest = latest;
        self
    }

    pub(crate) fn network(&self) -> &Arc<Network> {
        &self.network
    }

    pub(crate) fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// A call that changes nothing.
    pub(crate) async fn look<T>(
        &self,
        about: u64,
        effect: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let (fate, there, back) = self.sent("asks", about).await?;
        sleep(there).await;
        match fate {
            Fate::Fine | Fate::Detached | Fate::Later(_) => {}
            Fate::Refused | Fate::Rejected => return Err(StoreError::unavailable("refused")),
            Fate::Lost | Fate::Never => return Err(StoreError::unknown("the answer was lost")),
            Fate::Hung { .. } => return self.hangs().await,
        }
        self.lives().await?;
        let answer = effect.await;
        self.back(about, back).await?;
        answer
    }

    /// A call that changes something, and may do so without its caller.
    pub(crate) async fn change<T, F>(
        &self,
        about: u64,
        effect: impl FnOnce() -> F + Send + 'static,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let (fate, there, back) = self.sent("changes", about).await?;
        match fate {
            Fate::Fine => {
                sleep(there.min(self.latest)).await;
                self.lives().await?;
                let answer = effect().await;
                self.back(about, back).await?;
                answer
            }
            Fate::Detached => {
                let (answer, arrives) = tokio::sync::oneshot::channel();
                self.network.carry(there.min(self.latest), async move {
                    let _ = answer.send(effect().await);
                });
                let answer = arrives.await.map_err(|_| StoreError::unknown("cut"))?;
                self.back(about, back).await?;
                answer
            }
            Fate::Refused => {
                sleep(there).await;
                Err(StoreError::unavailable("refused"))
            }
            Fate::Rejected => {
                sleep(there).await;
                Err(StoreError::rejected("a rule of the store"))
            }
            Fate::Lost => {
                sleep(there).await;
                self.lives().await?;
                let _ = effect().await;
                sleep(back).await;
                Err(StoreError::unknown("the answer was lost"))
            }
            Fate::Never => {
                drop(effect);
                sleep(there).await;
                Err(StoreError::unknown("it never arrived"))
            }
            Fate::Later(delay) => {
                let (network, life, to) = (Arc::clone(&self.network), self.process.life, self.to);
                self.network.carry(delay.min(self.latest), async move {
                    let _ = effect().await;
                    network.trace.event(life, to, "takes it late", about, 0);
                });
                sleep(there).await;
                Err(StoreError::unknown("it is on its way"))
            }
            Fate::Hung { has_effect } => {
                if has_effect {
                    self.network.carry(there.min(self.latest), async move { drop(effect().await) });
                } else {
                    drop(effect);
                }
                self.hangs().await
            }
        }
    }

    async fn sent(
        &self,
        what: &'static str,
        about: u64,
    ) -> Result<(Fate, Duration, Duration), StoreError> {
        self.lives().await?;
        if self.is_service {
            self.process.reaches_the_service().await;
        }
        let drawn = {
            let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
            self.rates.next(self.network.weather(), &mut rng)
        };
        self.network.trace.event(self.process.life, self.to, what, about, tag(drawn.0));
        if drawn.0 != Fate::Fine {
            self.network.trace.count(name(drawn.0));
        }
        Ok(drawn)
    }

    async fn back(&self, about: u64, back: Duration) -> Result<(), StoreError> {
        sleep(back).await;
        self.lives().await?;
        self.network.trace.event(self.process.life, self.to, "answers", about, 0);
        Ok(())
    }

    /// A process that was killed gets no answer; what the library has spawned in it is let go
    /// when all is over.
    async fn lives(&self) -> Result<(), StoreError> {
        if !self.process.is_dead() {
            return Ok(());
        }
        self.network.healed().await;
        Err(StoreError::unavailable("this process has ended"))
    }

    async fn hangs<T>(&self) -> Result<T, StoreError> {
        self.network.healed().await;
        self.lives().await?;
        Err(StoreError::unknown("it hung"))
    }
}

const fn tag(fate: Fate) -> u64 {
    match fate {
        Fate::Fine => 0,
        Fate::Detached => 1,
        Fate::Refused => 2,
        Fate::Rejected => 3,
        Fate::Lost => 4,
        Fate::Never => 5,
        Fate::Later(_) => 6,
        Fate::Hung { has_effect: false } => 7,
        Fate::Hung { has_effect: true } => 8,
    }
}

const fn name(fate: Fate) -> &'static str {
    match fate {
        Fate::Fine => "fine",
        Fate::Detached => "call: goes on alone",
        Fate::Refused => "call: refused",
        Fate::Rejected => "call: rejected",
        Fate::Lost => "call: answer lost",
        Fate::Never => "call: never arrives",
        Fate::Later(_) => "call: lands later",
        Fate::Hung { .. } => "call: hangs",
    }
}
