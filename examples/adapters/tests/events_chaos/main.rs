//! Events on servers that the test starts for itself: relays, consumers, the broker and the database are killed at
//! random, by seed. Each effect happens once, those of a key in their order, and nothing is left over.
//!
//! `EVENTS_CHAOS_MESSAGES` says how many messages, `SEED` which seed. A seed draws messages and faults; what a fault
//! hits is not for it to say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "it tells what was done to its processes")]

mod chaos;
mod database;
mod judge;
mod mariadb;
mod node;
mod postgres;
mod script;
mod stager;
mod wait;
mod world;

#[path = "../../src/bin/event-node/bus.rs"]
mod bus;
#[path = "../support/own_server.rs"]
mod own_server;

use std::env;
use std::str::FromStr;
use std::time::Duration;

use tokio::sync::Mutex;

use chaos::{Plan, Victim};
use judge::Flaw;
use own_servers::Product::{self, Mariadb, Nats, Postgres, Rabbitmq};
use world::World;

/// Servers of one test at a time.
static ALONE: Mutex<()> = Mutex::const_new(());

fn number<N: FromStr>(variable: &str) -> Option<N> {
    let text = env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

/// Everything dies now and then.
fn plan() -> Plan {
    use Victim::{Broker, Consumer, Database, Relay};
    let messages = number("EVENTS_CHAOS_MESSAGES").unwrap_or(1_000);
    Plan {
        seed: number("SEED").unwrap_or_else(|| fastrand::u64(..1 << 32)),
        messages,
        faults: 10 + messages / 300,
        pause: 500..2_500,
        victims: &[Relay, Relay, Consumer, Consumer, Broker, Database],
        is_paced: true,
        patience: Duration::from_mins(2),
        relay: &[],
        consumer: &[],
    }
}

/// A control, which has to be found out: what dies makes such a flaw sooner or later.
async fn finds_out(servers: [Product; 2], plan: &Plan, is_it: fn(&Flaw) -> bool) {
    let _alone = ALONE.lock().await;
    for seed in 0..5 {
        let world = World::new(servers, &Plan { seed, ..plan.clone() }).await;
        let flaws = world.endure().await;
        if let Some(flaw) = flaws.iter().find(|flaw| is_it(flaw)) {
            println!("as it must: {flaw}");
            return;
        }
    }
    panic!("none of its seeds has found it out");
}

async fn bears(servers: [Product; 2]) {
    let _alone = ALONE.lock().await;
    let plan = plan();
    let flaws = World::new(servers, &plan).await.endure().await;
    let told: Vec<_> = flaws.iter().map(Flaw::to_string).collect();
    assert!(told.is_empty(), "SEED={}:\n{}", plan.seed, told.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_effect_happens_once_and_in_order_on_postgres_and_rabbitmq() {
    bears([Postgres, Rabbitmq]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_effect_happens_once_and_in_order_on_mariadb_and_nats() {
    bears([Mariadb, Nats]).await;
}

/// Consumers are killed while they work on what was staged at once.
#[tokio::test(flavor = "multi_thread")]
async fn without_an_inbox_effects_happen_twice() {
    let plan = Plan {
        messages: 1_000,
        faults: 10,
        pause: 300..900,
        victims: &[Victim::Consumer],
        is_paced: false,
        patience: Duration::from_mins(1),
        consumer: &["--no-inbox"],
        ..plan()
    };
    finds_out([Postgres, Rabbitmq], &plan, |flaw| matches!(flaw, Flaw::Twice { .. })).await;
}

/// Relays are killed, most of them between the mark and the message; when everything stands still, what is not there is lost.
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_marked_before_they_are_sent_are_lost() {
    let plan = Plan {
        messages: 1_000,
        faults: 10,
        pause: 300..900,
        victims: &[Victim::Relay],
        is_paced: false,
        patience: Duration::from_secs(20),
        relay: &["--mark-first"],
        ..plan()
    };
    finds_out([Mariadb, Nats], &plan, |flaw| matches!(flaw, Flaw::Lost { .. })).await;
}
