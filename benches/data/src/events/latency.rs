//! How long a message takes that is staged while the relay is idle, beside one that is published at once.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use adapters::postgres::{PostgresDatabase, PostgresOutbox, PostgresOutboxStore};
use adapters::rabbitmq::RabbitmqBus;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{EventId, EventPublisher, Message, Outbox, OutboxRelay};
use tokio::time::{MissedTickBehavior, interval};
use tokio_postgres::NoTls;

use super::broker;
use super::messages::message;
use super::relaying::{DATABASE, emptied, node, removed};
use crate::error::Failure;
use crate::servers::Servers;

/// So many messages, one at a time, this often.
const MESSAGES: u64 = 2_000;
const PACE: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(30);

/// A median and a tail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

impl Latency {
    fn of(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        let at = |percent: usize| all[(all.len() - 1) * percent / 100];
        Self { p50: at(50), p99: at(99) }
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {:.1?}, p99 {:.1?}", self.p50, self.p99)
    }
}

/// A bus that remembers when a message was confirmed.
#[derive(Debug)]
struct Timed {
    bus: RabbitmqBus,
    confirmed: Mutex<HashMap<EventId, Instant>>,
}

#[async_trait]
impl EventPublisher for Timed {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), StoreError>> {
        let answers = self.bus.publish(messages).await;
        let now = Instant::now();
        let taken = messages.iter().zip(&answers).filter(|(_, answer)| answer.is_ok());
        let taken = taken.map(|(message, _)| (message.event.id.clone(), now));
        self.confirmed.lock().unwrap_or_else(PoisonError::into_inner).extend(taken);
        answers
    }
}

/// From the commit of a message, in a transaction of its own, to the broker's confirmation; and from its publication.
pub(crate) async fn measured(servers: &Servers) -> Result<(Latency, Latency), Failure> {
    emptied(servers)?;
    let relayed = at_a_place(|prefix| relayed(servers.database(DATABASE), prefix)).await;
    removed(servers)?;
    let relayed = relayed?;
    let raw = at_a_place(published).await?;
    println!("relayed after {relayed}; published after {raw}");
    Ok((relayed, raw))
}

/// Does it with a place of its own, which is removed.
async fn at_a_place<F>(work: impl FnOnce(String) -> F) -> Result<Latency, Failure>
where
    F: Future<Output = Result<Vec<Duration>, Failure>>,
{
    let prefix = format!("strangler_bench_{:08x}", fastrand::u32(..));
    broker::open(&prefix).await?;
    let took = work(prefix.clone()).await;
    let held = broker::close(&prefix).await;
    let (took, held) = (took?, held?);
    if held < MESSAGES {
        return Err(Failure::new(format!("{held} of {MESSAGES} messages have arrived")));
    }
    Ok(Latency::of(took))
}

async fn relayed(url: String, prefix: String) -> Result<Vec<Duration>, Failure> {
    let store = PostgresOutboxStore::new(PostgresDatabase::new(&url)?).listening(&url)?;
    let bus = Arc::new(Timed { bus: broker::bus(&prefix), confirmed: Mutex::default() });
    let relay = OutboxRelay::new(Arc::new(store), bus.clone(), node()?);
    let relaying = tokio::spawn(async move { relay.run(std::future::pending()).await });
    let committed = committed(&url).await;
    let until = Instant::now() + PATIENCE;
    let arrived = || bus.confirmed.lock().unwrap_or_else(PoisonError::into_inner).len() as u64;
    while arrived() < MESSAGES && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    relaying.abort();
    let confirmed = bus.confirmed.lock().unwrap_or_else(PoisonError::into_inner);
    let took = committed?.into_iter().map(|(id, at)| {
        let confirmed = confirmed.get(&id).ok_or_else(|| Failure::new(format!("{id} is late")))?;
        Ok(confirmed.saturating_duration_since(at))
    });
    took.collect()
}

/// When each message was about to be committed.
async fn committed(url: &str) -> Result<Vec<(EventId, Instant)>, Failure> {
    let (mut client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let outbox = PostgresOutbox::notifying();
    let mut committed = Vec::new();
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for n in 0..MESSAGES {
        ticks.tick().await;
        let message = message(n)?;
        let id = message.event.id.clone();
        let mut transaction = client.transaction().await?;
        outbox.stage(&mut transaction, &[message]).await?;
        committed.push((id, Instant::now()));
        transaction.commit().await?;
    }
    Ok(committed)
}

async fn published(prefix: String) -> Result<Vec<Duration>, Failure> {
    let raw = broker::Raw::open(&prefix).await?;
    let mut took = Vec::new();
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for n in 0..MESSAGES {
        ticks.tick().await;
        let message = message(n)?;
        let began = Instant::now();
        raw.publish(&message).await?;
        took.push(began.elapsed());
    }
    Ok(took)
}
