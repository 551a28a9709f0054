//! A connection that hears of commits.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::error::StoreError;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Config, Error, NoTls};

/// How long it waits before it connects again.
const PAUSE: Duration = Duration::from_secs(1);
/// How long it waits for a server.
const DEADLINE: Duration = Duration::from_secs(10);

/// Hears of what was staged; a connection of its own, which ends with it.
#[derive(Debug)]
pub(super) struct Listener {
    heard: Arc<Notify>,
    task: AbortHandle,
}

impl Listener {
    /// Listens at the database at `url`, and goes on to after that was away.
    pub(super) fn new(url: &str) -> Result<Self, StoreError> {
        let config: Config = url.parse().map_err(StoreError::rejected)?;
        let heard = Arc::new(Notify::new());
        let told = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            loop {
                // What was staged while nobody listened is found by looking.
                let _ = listen(&config, &told).await;
                told.notify_one();
                sleep(PAUSE).await;
            }
        });
        Ok(Self { heard, task: task.abort_handle() })
    }

    /// Resolves when something may have been staged since it did so last.
    pub(super) async fn heard(&self) {
        self.heard.notified().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Listens until the connection ends.
async fn listen(config: &Config, told: &Notify) -> Result<(), Error> {
    let Ok(connected) = timeout(DEADLINE, config.connect(NoTls)).await else { return Ok(()) };
    let (client, mut connection) = connected?;
    let mut subscribed = std::pin::pin!(client.batch_execute("LISTEN outbox"));
    let mut is_subscribed = false;
    loop {
        tokio::select! {
            biased;
            answer = &mut subscribed, if !is_subscribed => {
                answer?;
                is_subscribed = true;
                // What was staged before it listened.
                told.notify_one();
            }
            message = poll_fn(|context| connection.poll_message(context)) => match message {
                Some(Ok(AsyncMessage::Notification(_))) => told.notify_one(),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            },
        }
    }
}
