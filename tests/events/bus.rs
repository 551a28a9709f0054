//! A bus that keeps the order of a key, and delivers it to one consumer at a time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{EventPublisher, Message};
use tokio::time::Instant;

use super::sim::{Gate, Planted, Sim};

/// For how long a delivery is its holder's.
const HIDDEN: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub(crate) struct SimBus(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    keys: BTreeMap<String, Queue>,
    receipts: u64,
    /// How often a message was refused that is refused at first.
    refused: BTreeMap<String, u32>,
}

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<Item>,
    holder: Option<(u64, Instant)>,
}

#[derive(Debug)]
struct Item {
    receipt: u64,
    message: Message,
    is_out: bool,
    not_before: Instant,
}

impl Queue {
    /// Gives back what its holder has kept for too long.
    fn refresh(&mut self) {
        let is_over = self.holder.is_some_and(|(_, until)| until <= Instant::now());
        if is_over || !self.items.iter().any(|item| item.is_out) {
            self.holder = None;
            for item in &mut self.items {
                item.is_out = false;
            }
        }
    }
}

impl SimBus {
    pub(crate) fn take(&self, message: &Message) {
        let mut state = self.0.lock().unwrap();
        state.receipts += 1;
        let (receipt, message) = (state.receipts, message.clone());
        let queue = state.keys.entry(message.event.key.as_str().to_owned()).or_default();
        queue.items.push_back(Item { receipt, message, is_out: false, not_before: Instant::now() });
    }

    /// What comes to a consumer in this life, at most `limit`.
    pub(crate) fn receive(&self, life: u64, limit: usize) -> Vec<(u64, Message)> {
        let mut found = Vec::new();
        let now = Instant::now();
        for queue in self.0.lock().unwrap().keys.values_mut() {
            queue.refresh();
            if queue.holder.is_some_and(|(holder, _)| holder != life) {
                continue;
            }
            for item in queue.items.iter_mut().skip_while(|item| item.is_out) {
                if item.not_before > now || found.len() == limit {
                    break;
                }
                item.is_out = true;
                found.push((item.receipt, item.message.clone()));
                queue.holder = Some((life, now + HIDDEN));
            }
        }
        found
    }

    /// Whether the delivery was still held.
    pub(crate) fn ack(&self, life: u64, receipt: u64) -> bool {
        self.with(life, receipt, |queue, at| {
            queue.items.remove(at);
        })
    }

    pub(crate) fn nack(&self, life: u64, receipt: u64, after: Duration) -> bool {
        self.with(life, receipt, |queue, at| {
            queue.items[at].is_out = false;
            queue.items[at].not_before = Instant::now() + after;
        })
    }

    fn with(&self, life: u64, receipt: u64, change: impl FnOnce(&mut Queue, usize)) -> bool {
        for queue in self.0.lock().unwrap().keys.values_mut() {
            queue.refresh();
            let is_it = |item: &Item| item.receipt == receipt && item.is_out;
            let Some(at) = queue.items.iter().position(is_it) else { continue };
            if queue.holder.is_none_or(|(holder, _)| holder != life) {
                return false;
            }
            change(queue, at);
            queue.refresh();
            return true;
        }
        false
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap().keys.values().all(|queue| queue.items.is_empty())
    }

    /// Whether the bus refuses it now: poison always, and some twice where that is borne.
    fn refuses(&self, id: &str, planted: Planted) -> bool {
        if id.starts_with("poison") || planted == Planted::UnknownParks {
            return id.starts_with("poison");
        }
        let mut state = self.0.lock().unwrap();
        let times = state.refused.entry(id.to_owned()).or_default();
        let refuses = id.starts_with("hiccup") && *times < 2;
        *times += u32::from(refuses);
        refuses
    }
}

/// The bus as a relay has it.
#[derive(Debug)]
pub(crate) struct SimPublisher {
    pub(crate) bus: Arc<SimBus>,
    pub(crate) sim: Arc<Sim>,
    pub(crate) gate: Arc<Gate>,
}

impl SimPublisher {
    fn send(&self, message: &Message) -> Result<(), StoreError> {
        let id = message.event.id.as_str();
        if self.bus.refuses(id, self.sim.planted) {
            return Err(StoreError::rejected("no such topic"));
        }
        if self.sim.fails(40) {
            return self.doubt("it was not taken");
        }
        if self.sim.fails(30) {
            let (bus, message) = (Arc::clone(&self.bus), message.clone());
            let late = self.sim.millis(5_000);
            tokio::spawn(async move {
                tokio::time::sleep(late).await;
                bus.take(&message);
            });
            return self.doubt("it is taken later");
        }
        self.bus.take(message);
        if self.sim.fails(40) { self.doubt("it was taken") } else { Ok(()) }
    }

    fn doubt(&self, why: &'static str) -> Result<(), StoreError> {
        match self.sim.planted {
            Planted::UnknownIsSent => Ok(()),
            Planted::UnknownParks => Err(StoreError::rejected(why)),
            _ => Err(StoreError::unknown(why)),
        }
    }
}

#[async_trait]
impl EventPublisher for SimPublisher {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), StoreError>> {
        self.gate.pass().await;
        self.sim.takes(10).await;
        if self.sim.fails(40) {
            return messages.iter().map(|_| Err(StoreError::unavailable("away"))).collect();
        }
        if self.sim.fails(15) {
            std::future::pending::<()>().await;
        }
        let mut answers = Vec::new();
        for message in messages {
            answers.push(self.send(message));
        }
        self.sim.takes(10).await;
        self.gate.pass().await;
        answers
    }
}
