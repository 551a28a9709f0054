use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use adapters::postgres::{
    PostgresDatabase, PostgresOutbox, PostgresOutboxStore, PostgresSagaBarrier, PostgresTransaction,
};
use adapters::rabbitmq::RabbitmqBus;
use axum::Router;
use strangler_fig::event::{
    CommandHandler, CommandParticipant, ConsumerConfig, ConsumerError, EventConsumer, EventHandler,
    EventSource, OutboxRelay, RelayConfig,
};
use strangler_fig::observe::Observer;
use strangler_fig::phase::{Incarnation, NodeId, NodeName};
use strangler_fig::resilience::Exponential;
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::mailbox::{Mailbox, bus};
use super::tidy::Tidies;
use crate::Failed;
use crate::chassis::{Readiness, Telemetry, Workers, made, required, serve_until, with_causes};

/// So long does what a process held that was killed stand still.
const TERM: Duration = Duration::from_secs(3);
/// How long a request waits for the database.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a handler may take: twice that, and the time of the bus, has a consumer to its end, which workers have 10 s for.
const HANDLED: Duration = Duration::from_secs(3);
/// How long the bus may take.
const BUS: Duration = Duration::from_secs(3);
/// How long what was staged last is taken to the bus, at the end.
const EMPTIED: Duration = Duration::from_secs(2);
/// How often what is old is removed.
const TIDIED: Duration = Duration::from_mins(10);

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
    workers: Workers,
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
        made(&database_url, &[("saga_barrier", schema)]).await?;
        Ok(Self {
            database: PostgresDatabase::new(&database_url)?,
            bus: Arc::new(bus),
            node: NodeId { name, incarnation: Incarnation::random()? },
            observer: telemetry.observer(None),
            database_url,
            workers: Workers::default(),
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

    /// What this process does beside answering.
    pub const fn workers(&mut self) -> &mut Workers {
        &mut self.workers
    }

    /// Takes what is staged in the outbox to the bus; in the end, what requests and consumers have staged last.
    ///
    /// # Errors
    ///
    /// The database has no URL.
    pub fn relay(&mut self) -> Result<(), Failed> {
        let outbox = PostgresOutboxStore::new(self.database.clone());
        let outbox = Arc::new(outbox.listening(&self.database_url)?);
        let config = RelayConfig::default()
            .with_term(TERM)
            .with_outage_backoff(pauses())
            .with_observer(self.observer.clone());
        let relay = OutboxRelay::new(outbox, self.bus.clone(), self.node.clone());
        let relay = relay.with_config(config);
        self.workers.run_to_the_last(|over| async move {
            relay.run(over).await;
            if let Err(error) = relay.drain(sleep(EMPTIED)).await {
                warn!(error = with_causes(&error), "what was staged last waits for another life");
            }
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
        let config = ConsumerConfig::default()
            .with_deadline(HANDLED)
            .with_bus_deadline(BUS)
            .with_backoff(pauses())
            .with_observer(self.observer.clone());
        let consumer = EventConsumer::new(self.bus.clone(), name, topics, handler);
        let consumer = consumer.with_config(config);
        consumer.subscribed().await.map_err(|error| match error {
            ConsumerError::Subscribe { source, .. } => {
                format!("AMQP_URL: {}", source.with_causes())
            }
            error => error.to_string(),
        })?;
        self.workers.run(|over| async move {
            consumer.run(over).await?;
            Ok(())
        });
        Ok(())
    }

    /// Takes part in sagas: what comes to a mailbox `handler` does, in transactions of the database, and what it says is
    /// answered as by `source`.
    ///
    /// # Errors
    ///
    /// As [`consume`](Self::consume).
    pub async fn participate(
        &mut self,
        mailbox: Mailbox,
        source: EventSource,
        handler: impl CommandHandler<PostgresTransaction>,
    ) -> Result<(), Failed> {
        let (database, outbox) = (self.database.clone(), PostgresOutbox::notifying());
        let participant = CommandParticipant::new(database, PostgresSagaBarrier, outbox, handler);
        self.consume(mailbox, Arc::new(participant.with_source(source))).await
    }

    /// Removes what is old, now and then.
    pub fn tidy(&mut self, what: impl Tidies) {
        self.workers.run(|over| async move {
            let mut over = pin!(over);
            while timeout(TIDIED, &mut over).await.is_err() {
                if let Err(error) = what.tidy().await {
                    warn!(error = with_causes(&*error), "what is old stays a while");
                }
            }
            Ok(())
        });
    }

    /// Serves `routes` until the process is asked to end, or a worker cannot go on; then the workers finish what they are at.
    ///
    /// # Errors
    ///
    /// The address cannot be listened on; why a worker could not go on.
    pub async fn serve(
        self,
        address: SocketAddr,
        routes: Router,
        telemetry: &Telemetry,
    ) -> Result<(), Failed> {
        let readiness = Readiness::default();
        self.workers.beside(|stop| serve_until(address, routes, readiness, telemetry, stop)).await
    }
}

/// Between attempts, while the bus or the database is away.
fn pauses() -> Exponential {
    Exponential::between(Duration::from_millis(50), Duration::from_secs(1))
}
