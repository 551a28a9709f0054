use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::num::NonZeroU32;

use tokio::time::Instant;

use super::bus::InMemoryDeadLetter;
use crate::event::{
    CloudEventError, Delivery, EventEnvelope, EventKey, Receipt, Settlement, Topic,
};

/// What was published: an event, or bytes that are none.
pub(super) type Content = Result<EventEnvelope, Vec<u8>>;

/// Which of a subscription's receivers.
pub(super) type Receiver = u64;

/// What waits for a subscription, and what its receivers hold of it. Sync: its moments are told.
#[derive(Default)]
pub(super) struct Queue {
    topics: BTreeSet<Topic>,
    entries: BTreeMap<u64, Entry>,
    held: HashMap<Receiver, BTreeMap<Receipt, u64>>,
    dead: Vec<InMemoryDeadLetter>,
    next: u64,
}

/// How many there are only.
impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("topics", &self.topics)
            .field("entries", &self.entries.len())
            .field("dead", &self.dead.len())
            .finish_non_exhaustive()
    }
}

struct Entry {
    topic: Topic,
    content: Content,
    attempts: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    WaitsUntil(Instant),
    HeldBy(Receiver),
}

impl Entry {
    /// What its order holds for; what is no event has none.
    fn lane(&self) -> Option<(&Topic, &EventKey)> {
        self.content.as_ref().ok().map(|event| (&self.topic, &event.key))
    }

    fn deliver(&mut self, receipt: Receipt, to: Receiver) -> Delivery {
        self.state = State::HeldBy(to);
        self.attempts = self.attempts.saturating_add(1);
        Delivery {
            receipt,
            topic: self.topic.clone(),
            attempt: NonZeroU32::new(self.attempts).unwrap_or(NonZeroU32::MIN),
            event: self.content.clone().map_err(|_| CloudEventError::new(".", "it is no event")),
        }
    }
}

impl Queue {
    /// Adds topics to its own.
    pub(super) fn open(&mut self, topics: &[Topic]) {
        self.topics.extend(topics.iter().cloned());
    }

    pub(super) fn is_for(&self, topic: &Topic) -> bool {
        self.topics.contains(topic)
    }

    /// A number that was never given out here.
    pub(super) fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(super) fn put(&mut self, topic: Topic, content: Content, now: Instant) {
        let place = self.fresh();
        let state = State::WaitsUntil(now);
        self.entries.insert(place, Entry { topic, content, attempts: 0, state });
    }

    /// What `receiver` is given, so that it holds no more than `in_flight_max`: of each key the oldest that nobody
    /// holds, unless another holds one before it, or one before it has to wait.
    pub(super) fn take(
        &mut self,
        receiver: Receiver,
        limit: usize,
        in_flight_max: usize,
        now: Instant,
    ) -> Vec<Delivery> {
        let held = self.held.get(&receiver).map_or(0, BTreeMap::len);
        let places = self.free_for(receiver, now, limit.min(in_flight_max.saturating_sub(held)));
        let mut taken = Vec::with_capacity(places.len());
        for place in places {
            let receipt = Receipt(self.fresh());
            let Some(entry) = self.entries.get_mut(&place) else { continue };
            taken.push(entry.deliver(receipt, receiver));
            self.held.entry(receiver).or_default().insert(receipt, place);
        }
        taken
    }

    fn free_for(&self, receiver: Receiver, now: Instant, limit: usize) -> Vec<u64> {
        let mut blocked = HashSet::new();
        let mut free = Vec::new();
        for (place, entry) in &self.entries {
            if free.len() == limit {
                break;
            }
            let lane = entry.lane();
            if lane.is_some_and(|lane| blocked.contains(&lane)) {
                continue;
            }
            match entry.state {
                State::WaitsUntil(due) if due <= now => free.push(*place),
                State::HeldBy(holder) if holder == receiver => {}
                _ => blocked.extend(lane),
            }
        }
        free
    }

    /// When the next of those that wait for their time may come.
    pub(super) fn next_due(&self, now: Instant) -> Option<Instant> {
        let dues = self.entries.values().filter_map(|entry| match entry.state {
            State::WaitsUntil(due) if due > now => Some(due),
            _ => None,
        });
        dues.min()
    }

    /// Whether `receiver` held it, and what becomes of it; a `Nack` waits until `due`.
    pub(super) fn settle(
        &mut self,
        receiver: Receiver,
        receipt: Receipt,
        settlement: &Settlement,
        due: Instant,
    ) -> bool {
        let place = self.held.get_mut(&receiver).and_then(|held| held.remove(&receipt));
        let Some(place) = place else { return false };
        match settlement {
            Settlement::Ack => {
                self.entries.remove(&place);
            }
            Settlement::Nack { .. } => self.give_back(place, due),
            Settlement::DeadLetter { reason } => {
                let letter = self.entries.remove(&place).map(|entry| InMemoryDeadLetter {
                    topic: entry.topic,
                    content: entry.content,
                    reason: reason.clone(),
                });
                self.dead.extend(letter);
            }
        }
        true
    }

    /// Takes back all that `receiver` holds.
    pub(super) fn leave(&mut self, receiver: Receiver, now: Instant) {
        for place in self.held.remove(&receiver).unwrap_or_default().into_values() {
            self.give_back(place, now);
        }
    }

    fn give_back(&mut self, place: u64, due: Instant) {
        if let Some(entry) = self.entries.get_mut(&place) {
            entry.state = State::WaitsUntil(due);
        }
    }

    pub(super) fn dead(&self) -> &[InMemoryDeadLetter] {
        &self.dead
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}
