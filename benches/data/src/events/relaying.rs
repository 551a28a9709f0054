//! A relay that empties an outbox.

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use adapters::postgres::{OUTBOX_SCHEMA, PostgresDatabase, PostgresOutbox, PostgresOutboxStore};
use strangler_fig::event::{Message, Outbox, OutboxRelay};
use strangler_fig::phase::{Incarnation, NodeId};
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

use super::messages::{BATCH, message};
use super::{ROUNDS, broker, per_second};
use crate::error::Failure;
use crate::process;
use crate::servers::Servers;

/// What was measured.
#[derive(Debug)]
pub(crate) struct Relayed {
    /// Messages a second: the median round's.
    pub(crate) rate: f64,
    /// Of the loop that only publishes.
    pub(crate) raw_rate: f64,
    /// The most memory of the relay, in MiB.
    pub(crate) rss: f64,
    /// The same of one that had but a tenth to relay.
    pub(crate) rss_of_few: f64,
}

/// The database of outboxes.
pub(crate) const DATABASE: &str = "strangler_bench_events";

/// An outbox that holds nothing.
pub(crate) fn emptied(servers: &Servers) -> Result<(), Failure> {
    removed(servers)?;
    servers.sql(None, &format!("CREATE DATABASE {DATABASE}"))?;
    servers.sql(Some(DATABASE), OUTBOX_SCHEMA).map(drop)
}

pub(crate) fn removed(servers: &Servers) -> Result<(), Failure> {
    let gone = format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)");
    servers.sql(None, &format!("SET client_min_messages = error ;; {gone}")).map(drop)
}

pub(crate) fn node() -> Result<NodeId, Failure> {
    Ok(NodeId { name: "relay".parse()?, incarnation: Incarnation::random()? })
}

/// The rounds of the relay and of the loop, in turns.
pub(crate) fn measured(
    servers: &Servers,
    runtime: &Runtime,
    messages: u64,
) -> Result<Relayed, Failure> {
    let (_, rss_of_few) = relayed(servers, runtime, messages / 10)?;
    let (mut ours, mut raw, mut rss) = (Vec::new(), Vec::new(), 0.0_f64);
    for _ in 0..ROUNDS {
        let (seconds, most) = relayed(servers, runtime, messages)?;
        ours.push(per_second(messages, seconds));
        rss = rss.max(most);
        let arguments = [messages.to_string()];
        let (seconds, _) = sent(runtime, "raw", &[], &arguments, messages)?;
        raw.push(per_second(messages, seconds));
        println!("relay {:.0} messages/s, raw {:.0}", ours[ours.len() - 1], raw[raw.len() - 1]);
    }
    removed(servers)?;
    Ok(Relayed { rate: median(ours), raw_rate: median(raw), rss, rss_of_few })
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

/// How long a relay took for so many messages, and what memory it held.
fn relayed(servers: &Servers, runtime: &Runtime, messages: u64) -> Result<(f64, f64), Failure> {
    emptied(servers)?;
    let url = servers.database(DATABASE);
    runtime.block_on(stage(&url, messages))?;
    servers.sql(Some(DATABASE), "ANALYZE outbox ;; CHECKPOINT")?;
    let ran = sent(runtime, "relay", &[url], &[], messages)?;
    let left = servers.sql(Some(DATABASE), "SELECT count(*) FROM outbox")?;
    if left != "0" {
        return Err(Failure::new(format!("{left} messages are left in the outbox")));
    }
    Ok(ran)
}

/// Runs a task that sends messages to a place of its own, and counts what has arrived there.
fn sent(
    runtime: &Runtime,
    task: &str,
    before: &[String],
    after: &[String],
    messages: u64,
) -> Result<(f64, f64), Failure> {
    let prefix = format!("strangler_bench_{:08x}", fastrand::u32(..));
    runtime.block_on(broker::open(&prefix))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["events-task", task]).args(before).arg(&prefix).args(after);
    let ran = process::run(&mut command);
    let held = runtime.block_on(broker::close(&prefix));
    let (ran, held) = (ran?, held?);
    if held != messages {
        return Err(Failure::new(format!("{task}: {held} of {messages} messages have arrived")));
    }
    let seconds = ran.said.split("seconds=").nth(1).and_then(|rest| rest.trim().parse().ok());
    let seconds = seconds.ok_or_else(|| Failure::new(format!("{task} says {}", ran.said)))?;
    Ok((seconds, ran.rss))
}

async fn stage(url: &str, messages: u64) -> Result<(), Failure> {
    let (mut client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    let outbox = PostgresOutbox::default();
    for first in (0..messages).step_by(usize::try_from(BATCH)?) {
        let some = first..messages.min(first + BATCH);
        let some = some.map(message).collect::<Result<Vec<Message>, _>>()?;
        let mut transaction = client.transaction().await?;
        outbox.stage(&mut transaction, &some).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Empties the outbox; says how long that took.
pub(crate) async fn drain(database: &str, prefix: &str) -> Result<(), Failure> {
    let store = Arc::new(PostgresOutboxStore::new(PostgresDatabase::new(database)?));
    let relay = OutboxRelay::new(store, Arc::new(broker::bus(prefix)), node()?);
    let began = Instant::now();
    relay.drain(std::future::pending()).await?;
    println!("seconds={}", began.elapsed().as_secs_f64());
    Ok(())
}
