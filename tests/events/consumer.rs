//! A consumer: it handles a key's deliveries one after the other, and tries again in place.

use std::sync::Arc;
use std::time::Duration;

use strangler_fig::error::StoreError;
use strangler_fig::event::{Arrival, Inbox, Message};
use strangler_fig::memory::InMemoryInbox;
use tokio::time::sleep;

use super::bus::SimBus;
use super::judge::Judge;
use super::sim::{Gate, Planted, Sim};

#[derive(Debug, Clone)]
pub(crate) struct Consumer {
    pub(crate) bus: Arc<SimBus>,
    pub(crate) inbox: InMemoryInbox,
    pub(crate) sim: Arc<Sim>,
    pub(crate) judge: Arc<Judge>,
    pub(crate) gate: Arc<Gate>,
}

impl Consumer {
    pub(crate) async fn run(&self, life: u64) {
        loop {
            self.gate.pass().await;
            for (receipt, message) in self.bus.receive(life, 4) {
                if self.sim.planted == Planted::AckBeforeHandling {
                    self.bus.ack(life, receipt);
                }
                self.deliver(life, receipt, &message).await;
            }
            self.sim.takes(40).await;
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn deliver(&self, life: u64, receipt: u64, message: &Message) {
        while self.handle(message).await.is_err() {
            if self.sim.planted == Planted::NackInsteadOfInPlace {
                self.bus.nack(life, receipt, Duration::from_millis(100));
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        self.gate.pass().await;
        self.sim.takes(5).await;
        // One that does not arrive: it comes again.
        if !self.sim.fails(50) {
            self.bus.ack(life, receipt);
        }
    }

    async fn handle(&self, message: &Message) -> Result<(), StoreError> {
        let event = &message.event;
        let consumer = "billing".parse().unwrap();
        let mut transaction = self.inbox.begin();
        let planted = self.sim.planted;
        if planted != Planted::NoInbox {
            let arrival = self.inbox.admit(&mut transaction, &consumer, event).await?;
            if arrival == Arrival::Again {
                return Ok(());
            }
        }
        if planted == Planted::InboxOutsideOfTheTransaction {
            transaction.commit()?;
            transaction = self.inbox.begin();
        }
        let (judge, key, id) = (Arc::clone(&self.judge), event.key.clone(), event.id.clone());
        transaction.on_commit(move || judge.has_effect(key.as_str(), id.as_str()));
        self.sim.takes(10).await;
        self.gate.pass().await;
        if self.sim.fails(80) {
            return Err(StoreError::unavailable("the database is away"));
        }
        transaction.commit()
    }
}
