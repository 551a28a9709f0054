use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use adapters::postgres::{PostgresDatabase, PostgresOutboxStore};
use adapters::rabbitmq::RabbitmqBus;
use axum::Router;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    ConsumerConfig, EventConsumer, EventHandler, EventSubscriber, OutboxRelay, RelayConfig,
    SubscriptionLimits,
};
use strangler_fig::observe::Observer;
use strangler_fig::phase::{Incarnation, NodeId, NodeName};
use strangler_fig::resilience::Exponential;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::mailbox::{Mailbox, bus};
use super::schema;
use super::tidy::Tidies;
use crate::Failed;
use crate::chassis::{Readiness, Telemetry, required, serve};

/// So long does what a process held that was killed stand still.
const TERM: Duration = Duration::from_secs(3);
/// How long a request waits for the database.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often what is old is removed.
const TIDIED: Duration = Duration::from_mins(10);
/// How long workers may take to their end.
const DRAIN: Duration = Duration::from_secs(10);

/// The process of a service: its database, its bus, and its workers.
#[derive(Debug)]
pub struct Service {
    /// Its own, and nobody else's.
    pub database: PostgresDatabase,
    /// The bus of all services.
    pub bus: Arc<RabbitmqBus>,
    /// Who it is: another one in each life.
    pub node: NodeId,
    /// Who is told everything.
    pub observer: Arc<dyn Observer>,
    database_url: String,
    workers: JoinSet<Result<(), Failed>>,
    stop: watch::Sender<bool>,
}

impl Service {
    /// Opens the database of `DATABASE_URL`, with the tables of `schema`, and the bus of `AMQP_URL`, as `NODE`.
    ///
    /// # Errors
    ///
    /// A setting is missing, or the database is not for us. One that is away is waited for.
    pub async fn open(schema: &str, telemetry: &Telemetry) -> Result<Self, Failed> {
        let database_url: String = required("DATABASE_URL")?;
        let (bus, name): (_, NodeName) = (bus()?, required("NODE")?);
        let refused = |error| format!("DATABASE_URL: {error}");
        schema::made(&database_url, schema).await.map_err(refused)?;
        Ok(Self {
            database: PostgresDatabase::new(&database_url)?,
            bus: Arc::new(bus),
            node: NodeId { name, incarnation: Incarnation::random()? },
            observer: telemetry.observer().clone(),
            database_url,
            workers: JoinSet::new(),
            stop: watch::Sender::new(false),
        })
    }

    /// Connections beside those of the workers: requests are not to wait behind them, nor longer than people do.
    ///
    /// # Errors
    ///
    /// Never: the database has a URL.
    pub fn for_requests(&self) -> Result<PostgresDatabase, Failed> {
        Ok(PostgresDatabase::with_deadline(&self.database_url, PATIENCE)?)
    }

    /// Runs a worker, which is given what tells it to end.
    pub fn work<F>(&mut self, worker: impl FnOnce(Stopped) -> F)
    where
        F: Future<Output = Result<(), Failed>> + Send + 'static,
    {
        self.workers.spawn(worker(Stopped(self.stop.subscribe())));
    }

    /// Takes what is staged in the outbox to the bus.
    ///
    /// # Errors
    ///
    /// The database has no URL.
    pub fn relay(&mut self) -> Result<(), Failed> {
        let outbox = PostgresOutboxStore::new(self.database.clone());
        let outbox = Arc::new(outbox.listening(&self.database_url)?);
        let config = RelayConfig::default()
            .with_term(TERM)
            .with_pause(pauses())
            .with_observer(self.observer.clone());
        let relay = OutboxRelay::new(outbox, self.bus.clone(), self.node.clone());
        let relay = relay.with_config(config);
        self.work(|stopped| async move {
            relay.run(stopped.wait()).await;
            Ok(())
        });
        Ok(())
    }

    /// Hands what comes to a mailbox to `handler`. When this returns nothing is lost any more that is published for it; a
    /// broker that is away is waited for.
    ///
    /// # Errors
    ///
    /// The broker does not let us.
    pub async fn consume(
        &mut self,
        mailbox: Mailbox,
        handler: Arc<dyn EventHandler>,
    ) -> Result<(), Failed> {
        let (name, topics) = (mailbox.subscription(), vec![mailbox.topic()]);
        while let Err(error) = self.declare(mailbox).await {
            if !error.is_retryable() {
                return Err(format!("AMQP_URL: {}", error.with_causes()).into());
            }
            warn!(error = error.with_causes(), %name, "the subscription is not there yet");
            sleep(pauses().delay(2)).await;
        }
        let config =
            ConsumerConfig::default().with_pauses(pauses()).with_observer(self.observer.clone());
        let consumer = EventConsumer::new(self.bus.clone(), name, topics, handler);
        let consumer = consumer.with_config(config);
        self.work(|stopped| async move {
            consumer.run(stopped.wait()).await?;
            Ok(())
        });
        Ok(())
    }

    /// Removes what is old, now and then.
    pub fn tidy(&mut self, what: impl Tidies) {
        self.work(|stopped| async move {
            let mut stopped = pin!(stopped.wait());
            while timeout(TIDIED, &mut stopped).await.is_err() {
                if let Err(error) = what.tidy().await {
                    warn!(error, "what is old stays a while");
                }
            }
            Ok(())
        });
    }

    async fn declare(&self, mailbox: Mailbox) -> Result<(), StoreError> {
        let (name, topics) = (mailbox.subscription(), [mailbox.topic()]);
        self.bus.subscribe(&name, &topics, SubscriptionLimits::default()).await.map(drop)
    }

    /// Serves `routes` until the process is asked to end, or a worker cannot go on; then the workers finish what they are at.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on; why a worker could not go on.
    pub async fn serve(
        mut self,
        address: SocketAddr,
        routes: Router,
        telemetry: &Telemetry,
    ) -> Result<(), Failed> {
        let ended = tokio::select! {
            served = serve(address, routes, Readiness::default(), telemetry) => served,
            Some(ended) = self.workers.join_next() => {
                ended.map_err(Failed::from).flatten().and(Err("a worker has ended".into()))
            }
        };
        self.stop.send_replace(true);
        let finished = async { while self.workers.join_next().await.is_some() {} };
        // What is not finished by then comes again.
        let _ = timeout(DRAIN, finished).await;
        ended
    }
}

/// What tells a worker to end.
#[derive(Debug)]
pub struct Stopped(watch::Receiver<bool>);

impl Stopped {
    /// Until it is to end.
    pub async fn wait(mut self) {
        // Who would tell is gone: that is an end too.
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }
}

/// Between attempts, while the bus or the database is away.
fn pauses() -> Exponential {
    Exponential::between(Duration::from_millis(50), Duration::from_secs(1))
}
