//! The whole of it.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use strangler_fig::event::{
    EventEnvelope, EventPayload, Message, Outbox, OutboxPosition, OutboxRelay, OutboxStore,
    RelayConfig,
};
use strangler_fig::memory::InMemoryInbox;
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::resilience::{Exponential, Jitter};
use strangler_fig::testkit::conformance::OutboxFixture;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::bus::{SimBus, SimPublisher};
use super::consumer::Consumer;
use super::judge::Judge;
use super::naive::Naive;
use super::outbox_broken::Broken;
use super::outbox_fault::Fault;
use super::sim::{Gate, Planted, Sim};
use super::store::SimStore;

pub(crate) const TERM: Duration = Duration::from_secs(2);
pub(crate) const REFUSALS_MAX: u32 = 10;

#[derive(Clone)]
struct World {
    sim: Arc<Sim>,
    judge: Arc<Judge>,
    outbox: Broken,
    bus: Arc<SimBus>,
    inbox: InMemoryInbox,
    lives: Arc<AtomicU32>,
}

/// How many effects there were, or what went wrong.
pub(crate) fn run(seed: u64, planted: Planted) -> Result<usize, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let fault = if let Planted::Outbox(fault) = planted { fault } else { Fault::Sound };
        let world = World {
            sim: Arc::new(Sim::new(seed, planted)),
            judge: Arc::default(),
            outbox: Broken::new(fault),
            bus: Arc::default(),
            inbox: InMemoryInbox::default(),
            lives: Arc::default(),
        };
        world.play().await;
        world.judge.verdict()
    })
}

impl World {
    async fn play(&self) {
        let mut tasks = JoinSet::new();
        for _ in 0..2 {
            let (world, gate) = (self.clone(), Arc::new(Gate::new()));
            tasks.spawn(world.clone().meddle(Arc::clone(&gate)));
            tasks.spawn(async move { world.relays(gate).await });
            let (world, gate) = (self.clone(), Arc::new(Gate::new()));
            tasks.spawn(world.clone().meddle(Arc::clone(&gate)));
            tasks.spawn(async move { world.consumers(gate).await });
        }
        let world = self.clone();
        tasks.spawn(async move { world.operate().await });
        let mut producers = JoinSet::new();
        for n in 0..3 {
            let world = self.clone();
            producers.spawn(async move { world.produce(n).await });
        }
        while producers.join_next().await.is_some() {}
        sleep(Duration::from_secs(3)).await;
        self.sim.calm_down();
        self.rest().await;
        tasks.shutdown().await;
    }

    /// Waits until nothing more is to come: what is parked, or nobody delivers, is told by the verdict.
    async fn rest(&self) {
        for _ in 0..200 {
            sleep(Duration::from_secs(1)).await;
            let depth = self.outbox.depth().await.unwrap();
            let is_sent = (depth.pending, depth.parked) == (0, 0);
            if is_sent && self.bus.is_empty() && self.judge.is_at_rest() {
                // What may land late has landed.
                sleep(Duration::from_secs(8)).await;
                return;
            }
        }
    }

    /// A service: its transactions overlap, stay open, and are rolled back.
    async fn produce(&self, producer: u32) {
        for n in 0..12 {
            self.sim.takes(400).await;
            let _ = self.transaction(producer, n).await;
        }
    }

    async fn transaction(&self, producer: u32, n: u32) -> Option<()> {
        let sim = &self.sim;
        let mut transaction = self.outbox.begin().await.unwrap();
        let mut staged = Vec::new();
        for part in 0..=sim.draw(2) {
            let key = format!("key-{}", sim.draw(8));
            let kind = ["poison", "hiccup", "hiccup", "good", "good", "good", "good", "good"]
                [sim.draw(8) as usize];
            let ids = (0..=sim.draw(2)).map(|m| format!("{kind}-{producer}.{n}.{part}.{m}"));
            let pairs: Vec<_> = ids.map(|id| (key.clone(), id)).collect();
            let messages: Vec<_> = pairs.iter().map(|(key, id)| message(key, id)).collect();
            // Two that wait for each other part again.
            let staging = self.outbox.stage(&mut transaction, &messages);
            timeout(Duration::from_millis(700), staging).await.ok()?.ok()?;
            staged.extend(pairs);
            sim.takes(150).await;
        }
        if sim.draw(10) == 0 {
            sleep(Duration::from_secs(2)).await;
        }
        if sim.draw(6) == 0 {
            return None; // It is rolled back.
        }
        self.outbox.commit(transaction).await.unwrap();
        self.judge.committed(&staged);
        Some(())
    }

    /// Relays that die, and begin anew.
    async fn relays(&self, gate: Arc<Gate>) {
        loop {
            let life = self.lives.fetch_add(1, Ordering::Relaxed);
            let (store, bus) = (self.store(&gate), self.publisher(&gate));
            let node = NodeId {
                name: "relay".parse().unwrap(),
                incarnation: Incarnation::fixed(life.into()),
            };
            let lives = self.life();
            if self.is_naive() {
                let naive = Naive { store, bus, node };
                let _ = timeout(lives, naive.run()).await;
            } else {
                let config = match self.sim.planted {
                    // The first refusal is the last.
                    Planted::UnknownParks => config().with_refusals_max(NonZeroU32::MIN),
                    _ => config(),
                };
                let relay = OutboxRelay::new(store, bus, node).with_config(config);
                let _ = timeout(lives, relay.run(std::future::pending())).await;
            }
            self.sim.takes(500).await;
        }
    }

    fn is_naive(&self) -> bool {
        let naive = [Planted::Naive, Planted::NoWaves, Planted::MarkBeforePublish];
        naive.contains(&self.sim.planted)
    }

    fn life(&self) -> Duration {
        if self.sim.is_calm() { Duration::from_secs(3_600) } else { self.sim.millis(5_000) }
    }

    fn store(&self, gate: &Arc<Gate>) -> Arc<SimStore> {
        Arc::new(SimStore {
            inner: self.outbox.clone(),
            sim: Arc::clone(&self.sim),
            judge: Arc::clone(&self.judge),
            gate: Arc::clone(gate),
        })
    }

    fn publisher(&self, gate: &Arc<Gate>) -> Arc<SimPublisher> {
        let (bus, sim) = (Arc::clone(&self.bus), Arc::clone(&self.sim));
        Arc::new(SimPublisher { bus, sim, gate: Arc::clone(gate) })
    }

    async fn consumers(&self, gate: Arc<Gate>) {
        loop {
            let life = self.lives.fetch_add(1, Ordering::Relaxed);
            let consumer = Consumer {
                bus: Arc::clone(&self.bus),
                inbox: self.inbox.clone(),
                sim: Arc::clone(&self.sim),
                judge: Arc::clone(&self.judge),
                gate: Arc::clone(&gate),
            };
            let _ = timeout(self.life(), consumer.run(life.into())).await;
            self.sim.takes(500).await;
        }
    }

    /// Lets a process stand still now and then, beyond its term.
    async fn meddle(self, gate: Arc<Gate>) {
        while !self.sim.is_calm() {
            self.sim.takes(4_000).await;
            gate.stand_still_for(self.sim.millis(4_000));
        }
    }

    fn id_at(&self, position: OutboxPosition) -> String {
        let rows = &self.outbox.lock().rows;
        rows[&position].message.event.id.as_str().to_owned()
    }

    /// Discards poison, and tells of whatever else is parked.
    async fn operate(&self) {
        loop {
            self.sim.takes(500).await;
            sleep(Duration::from_millis(100)).await;
            for row in self.outbox.parked(None, NonZeroUsize::MAX).await.unwrap() {
                let id = self.id_at(row.position);
                if !id.starts_with("poison") {
                    self.judge.wrong(format!("{id} was parked: {}", row.reason));
                }
                self.judge.discarded(&id);
                self.outbox.discard(row.position).await.unwrap();
            }
        }
    }
}

fn config() -> RelayConfig {
    let exact = |min, max| {
        let [min, max] = [min, max].map(Duration::from_millis);
        Exponential::between(min, max).with_jitter(Jitter::None)
    };
    RelayConfig::default()
        .with_term(TERM)
        .with_poll_interval(Duration::from_millis(300))
        .with_store_deadline(Duration::from_secs(6))
        .with_backoff(exact(100, 500))
        .with_outage_backoff(exact(50, 1_000))
        .with_care_interval(Duration::from_secs(5))
        .with_refusals_max(NonZeroU32::new(REFUSALS_MAX).unwrap())
}

fn message(key: &str, id: &str) -> Message {
    let [source, event_type, topic] = ["/simulation", "something.happened", "topic"];
    EventEnvelope::new(
        id.parse().unwrap(),
        source.parse().unwrap(),
        event_type.parse().unwrap(),
        key.parse().unwrap(),
        EventPayload::default(),
    )
    .to(topic.parse().unwrap())
}
