//! Who is killed when.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::node::Node;
use own_servers::OwnServer;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    Relay,
    Consumer,
    Broker,
    Database,
}

/// What a run is to be.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) messages: usize,
    pub(crate) faults: usize,
    /// Between two faults, in milliseconds.
    pub(crate) pause: Range<u64>,
    /// Dealt like cards: all of them die before the first one dies again.
    pub(crate) victims: &'static [Victim],
    /// Whether messages are staged through all of it, and not at once.
    pub(crate) is_paced: bool,
    /// How long nothing may go on at the end.
    pub(crate) patience: Duration,
    /// Of relays and consumers.
    pub(crate) relay: &'static [&'static str],
    pub(crate) consumer: &'static [&'static str],
}

/// How many were killed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Killed {
    pub(crate) relays: u32,
    pub(crate) consumers: u32,
    pub(crate) brokers: u32,
    pub(crate) databases: u32,
}

/// All that can be killed. A lock is held from a death to the return.
#[derive(Debug)]
pub(crate) struct Mortals {
    pub(crate) relays: [Arc<Mutex<Node>>; 2],
    pub(crate) consumers: [Arc<Mutex<Node>>; 2],
    pub(crate) broker: Arc<Mutex<OwnServer>>,
    pub(crate) database: Arc<Mutex<OwnServer>>,
}

impl Mortals {
    /// Kills one after the other, and lets each return, whatever else is dead meanwhile. Says through `allowed` how many
    /// of so many messages may be staged.
    pub(crate) async fn suffer(
        &self,
        plan: &Plan,
        rng: &mut Rng,
        messages: usize,
        allowed: &watch::Sender<usize>,
    ) -> Killed {
        let mut returning = JoinSet::new();
        let mut killed = Killed::default();
        let mut cards = Vec::new();
        for fault in 1..=plan.faults {
            allowed.send_replace(if plan.is_paced {
                messages * fault / plan.faults
            } else {
                messages
            });
            sleep(Duration::from_millis(rng.u64(plan.pause.clone()))).await;
            if cards.is_empty() {
                cards.extend(plan.victims);
                rng.shuffle(&mut cards);
            }
            let victim = cards.pop().expect("they were dealt");
            while !self.strike(victim, rng, &mut returning, &mut killed) {
                sleep(Duration::from_millis(20)).await;
            }
        }
        allowed.send_replace(usize::MAX);
        while let Some(returned) = returning.join_next().await {
            returned.unwrap();
        }
        killed
    }

    /// Answers whether it was there to be killed.
    fn strike(
        &self,
        victim: Victim,
        rng: &mut Rng,
        returning: &mut JoinSet<()>,
        killed: &mut Killed,
    ) -> bool {
        let down_for = Duration::from_millis(rng.u64(..1_500));
        let (nodes, node_count) = match victim {
            Victim::Relay => (&self.relays, &mut killed.relays),
            Victim::Consumer => (&self.consumers, &mut killed.consumers),
            Victim::Broker => {
                return kill_server(&self.broker, down_for, returning, &mut killed.brokers);
            }
            Victim::Database => {
                return kill_server(&self.database, down_for, returning, &mut killed.databases);
            }
        };
        let Ok(mut node) = rng.choice(nodes).unwrap().clone().try_lock_owned() else {
            return false;
        };
        node.kill();
        *node_count += 1;
        returning.spawn(async move {
            sleep(down_for).await;
            node.start();
        });
        true
    }

    /// No fault of others has ended one of them.
    pub(crate) async fn assert_alive(&self) {
        for node in self.relays.iter().chain(&self.consumers) {
            node.lock().await.assert_alive();
        }
    }
}

fn kill_server(
    server: &Arc<Mutex<OwnServer>>,
    down_for: Duration,
    returning: &mut JoinSet<()>,
    count: &mut u32,
) -> bool {
    let Ok(mut server) = server.clone().try_lock_owned() else { return false };
    server.kill();
    *count += 1;
    returning.spawn(async move {
        sleep(down_for).await;
        server.restart().await.unwrap();
    });
    true
}
