//! Two servers, and the processes between them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

use crate::bus::{Bus, limits, subscription, topic};
use crate::chaos::{Killed, Mortals, Plan};
use crate::database::{Database, Tally};
use crate::judge::{Flaw, Found, judge};
use crate::node::Node;
use crate::own_server::own_server;
use crate::script::{KEYS, STAGERS, Script};
use crate::stager::{stage, stage_all};
use crate::wait::{arrived, dead_letters};
use own_servers::Product;

#[derive(Debug)]
pub(crate) struct World {
    plan: Plan,
    servers: [Product; 2],
    script: Script,
    mortals: Mortals,
    database: Database,
    bus: Bus,
}

impl World {
    /// The servers are those of the database and of the bus.
    pub(crate) async fn new(servers: [Product; 2], plan: &Plan) -> Self {
        let (store, broker) = tokio::join!(own_server(servers[0]), own_server(servers[1]));
        let (database_url, bus_url) = (store.url(), broker.url());
        let database = Database::new(servers[0], database_url.clone());
        database.prepare().await.unwrap();
        let bus = Bus::open(&bus_url).await;
        // It is there before the first message is.
        bus.subscriber().subscribe(&subscription(), &[topic()], limits()).await.unwrap();
        if servers[1] == Product::Rabbitmq {
            // The last of its queues.
            broker.keeps(&format!("strangler.{}.dead", subscription())).await.unwrap();
        }
        let node =
            |role, options| Arc::new(Mutex::new(Node::new(role, &database_url, &bus_url, options)));
        let mortals = Mortals {
            relays: [0; 2].map(|_| node("relay", plan.relay)),
            consumers: [0; 2].map(|_| node("consumer", plan.consumer)),
            broker: Arc::new(Mutex::new(broker)),
            database: Arc::new(Mutex::new(store)),
        };
        let script = Script::of(plan.seed, plan.messages);
        Self { plan: plan.clone(), servers, script, mortals, database, bus }
    }

    /// Lets messages pass through all the faults, and judges what has become of them.
    pub(crate) async fn endure(self) -> Vec<Flaw> {
        let begin = Instant::now();
        let (allowed, allowed_here) = watch::channel(0);
        let mut stagers = JoinSet::new();
        for batches in &self.script.batches {
            let (database, pause) = (self.database.clone(), self.stager_pause());
            stagers.spawn(stage_all(database, batches.clone(), allowed_here.clone(), pause));
        }
        let mut rng = Rng::with_seed(self.plan.seed);
        let (share, plan) = (self.script.kept() / STAGERS, &self.plan);
        let killed = self.mortals.suffer(plan, &mut rng, share, &allowed).await;
        while let Some(staged) = stagers.join_next().await {
            staged.unwrap();
        }
        let last = self.settled().await;
        self.tell(killed, last, begin.elapsed());
        let found = Found {
            effects: self.database.effects().await.unwrap(),
            unsent: last.unsent,
            parked: last.parked,
            dead_letters: dead_letters(&self.bus).await,
        };
        self.mortals.assert_alive().await;
        judge(&self.script.committed, &found)
    }

    /// When nothing is killed any more, and everything has its effect. Behind the last word of each key nothing of it can
    /// come again.
    async fn settled(&self) -> Tally {
        arrived(&self.database, self.script.kept(), self.plan.patience).await;
        stage(&self.database, &self.script.last).await;
        arrived(&self.database, self.script.all(), self.plan.patience).await
    }

    /// So that what may be staged until the next fault is staged through that time.
    fn stager_pause(&self) -> Duration {
        if !self.plan.is_paced {
            return Duration::ZERO;
        }
        let batches = self.script.batches.iter().map(Vec::len).max().unwrap_or(1);
        let between = u32::try_from(self.plan.faults).unwrap() * Duration::from_millis(1_500);
        between / u32::try_from(batches.max(1)).unwrap()
    }

    fn tell(&self, killed: Killed, last: Tally, took: Duration) {
        let Killed { relays, consumers, brokers, databases } = killed;
        let ([database, bus], seed) = (self.servers, self.plan.seed);
        println!(
            "{database:?} and {bus:?}, seed {seed}: {} messages of {KEYS} keys, {} rolled back; killed: {relays} \
             relays, {consumers} consumers, {brokers} brokers, {databases} databases; {} came again; {:.0?}",
            self.script.all(),
            self.script.rolled_back,
            last.repeats,
            took,
        );
    }
}
