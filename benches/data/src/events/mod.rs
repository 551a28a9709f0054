//! What is pending in an outbox on PostgreSQL, relayed to `RabbitMQ` by a process of its own, beside a loop of the broker's
//! client that publishes the same messages; how long a message takes; how often a relay that is idle asks; and the changes
//! that a monolith makes on MariaDB, replicated to PostgreSQL, beside the rate at which they were committed. It fails where
//! the relay is not what it has to be.
//!
//! `make bench-events`, or `cargo run --release -p data -- events --messages 100000 --changes 20000`.

mod broker;
mod idle;
mod latency;
mod messages;
mod relaying;
mod replicating;

use std::time::Duration;

use lexopt::prelude::*;
use measure::figure;
use tokio::runtime::{Builder, Runtime};

use crate::error::Failure;
use crate::servers::{self, Servers};

/// How often the relay and the loop take turns.
const ROUNDS: usize = 3;

/// What a measured process does.
pub(crate) fn task(name: &str, arguments: &[&str]) -> Result<(), Failure> {
    match (name, arguments) {
        ("raw", [prefix, messages]) => {
            runtime()?.block_on(broker::publish(prefix, messages.parse()?))
        }
        ("relay", [database, prefix]) => runtime()?.block_on(relaying::drain(database, prefix)),
        (other, _) => Err(Failure::new(format!("{other}? There is no such task."))),
    }
}

fn runtime() -> Result<Runtime, Failure> {
    Ok(Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// Runs everything, and prints it.
pub(crate) fn bench(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let (mut messages, mut changes) = (100_000, 20_000);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("messages") => messages = parser.value()?.parse()?,
            Long("changes") => changes = parser.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    if messages < 1_000 || changes < 1_000 {
        return Err(Failure::new("at least a thousand messages, and as many changes"));
    }
    let servers = Servers::found(true)?;
    println!("{messages} messages, {changes} changes; {}", servers::load());
    let runtime = runtime()?;
    let relayed = relaying::measured(&servers, &runtime, messages)?;
    let (after, raw_after) = runtime.block_on(latency::measured(&servers))?;
    let polling = idle::transactions_a_second(&servers, &runtime, false)?;
    let listening = idle::transactions_a_second(&servers, &runtime, true)?;
    let replicated = runtime.block_on(replicating::measured(&servers, changes))?;
    println!("{}\n", servers::load());
    figure("relay.messages_s", relayed.rate, "messages/s");
    figure("relay.raw_publish_s", relayed.raw_rate, "messages/s");
    figure("relay.vs_raw_publish", relayed.rate / relayed.raw_rate, "times");
    figure("relay.latency_ms.p50", millis(after.p50), "ms");
    figure("relay.latency_ms.p99", millis(after.p99), "ms");
    figure("relay.raw_latency_ms.p50", millis(raw_after.p50), "ms");
    figure("relay.raw_latency_ms.p99", millis(raw_after.p99), "ms");
    figure("relay.idle_queries_s", polling, "transactions/s");
    figure("relay.idle_queries_s.listening", listening, "transactions/s");
    figure("relay.rss_mib.few", relayed.rss_of_few, "MiB");
    figure(format_args!("relay.rss_mib.{}k", messages / 1_000), relayed.rss, "MiB");
    figure("replicator.changes_s", replicated.rate, "changes/s");
    figure("replicator.source_commits_s", replicated.commits, "commits/s");
    figure("replicator.vs_source_commits", replicated.rate / replicated.commits, "times");
    must(relayed.rate >= 0.5 * relayed.raw_rate, "a relay has half the rate of the client alone")?;
    must(polling <= 1.0, "an idle relay asks once a second at most")?;
    must(relayed.rss <= relayed.rss_of_few + 16.0, "a relay's memory does not grow with the outbox")
}

fn must(holds: bool, what: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::new(format!("it does not hold that {what}"))) }
}

fn millis(of: Duration) -> f64 {
    of.as_secs_f64() * 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "figures are for people")]
fn per_second(count: u64, seconds: f64) -> f64 {
    count as f64 / seconds
}
