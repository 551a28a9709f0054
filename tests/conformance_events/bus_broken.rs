use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    CloudEventError, Delivery, EventBus, EventEnvelope, EventKey, EventPayload, EventPublisher,
    EventSubscriber, EventSubscription, Message, Receipt, Settlement, SubscriptionLimits,
    SubscriptionName, Topic, publish_in_waves,
};
use strangler_fig::testkit::conformance::{EventBusFixture, GivenUp};
use tokio::time::{Instant, sleep};

use super::bus_fault::Fault;

/// A message in a queue.
#[derive(Debug, Clone)]
struct Slot {
    topic: Topic,
    content: Result<EventEnvelope, Vec<u8>>,
    attempts: u32,
    due: Instant,
    /// By whom, by which receipt, and until when if it goes by time.
    held: Option<(u64, Receipt, Instant)>,
}

impl Slot {
    fn key(&self) -> Option<(&Topic, &EventKey)> {
        self.content.as_ref().ok().map(|event| (&self.topic, &event.key))
    }
}

#[derive(Debug, Default)]
struct Line {
    topics: Vec<Topic>,
    slots: Vec<Slot>,
    receivers: Vec<u64>,
    dead: Vec<GivenUp>,
    /// What comes back if the receiver that acknowledged it is dropped.
    acked: Vec<(u64, Slot)>,
}

#[derive(Debug, Default)]
struct World {
    lines: BTreeMap<SubscriptionName, Line>,
    made: u64,
}

/// A bus in memory that breaks its contract in one way.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    fault: Fault,
    world: Arc<Mutex<World>>,
    bytes_max: usize,
}

impl Broken {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, world: Arc::default(), bytes_max: usize::MAX }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    fn topic(&self, topic: &Topic) -> Topic {
        if self.is(Fault::CaseIsIgnored) {
            topic.as_str().to_lowercase().parse().unwrap()
        } else {
            topic.clone()
        }
    }

    fn put(&self, topic: &Topic, content: &Result<EventEnvelope, Vec<u8>>) -> bool {
        let topic = self.topic(topic);
        let mut world = self.lock();
        let lines = world.lines.values_mut().filter(|line| line.topics.contains(&topic));
        let mut lines: Vec<_> = lines.collect();
        if self.is(Fault::FirstSubscriptionOnly) {
            lines.truncate(1);
        }
        if self.is(Fault::KeepsForReceivers) {
            lines.retain(|line| !line.receivers.is_empty());
        }
        let is_heard = !lines.is_empty();
        for line in lines {
            let copies =
                if self.is(Fault::DeliversToBoth) { line.receivers.len().max(1) } else { 1 };
            for _ in 0..copies {
                line.slots.push(Slot {
                    topic: topic.clone(),
                    content: content.clone(),
                    attempts: 0,
                    due: Instant::now(),
                    held: None,
                });
            }
        }
        is_heard
    }

    fn send(&self, message: &Message) -> Result<(), StoreError> {
        if message.event.payload.len() > self.bytes_max {
            if self.is(Fault::RejectedIsTaken) {
                self.put(&message.topic, &Ok(message.event.clone()));
            }
            return Err(StoreError::rejected("it is too large"));
        }
        let is_heard = self.put(&message.topic, &Ok(self.coded(&message.event)));
        if self.is(Fault::NobodyIsRejected) && !is_heard {
            return Err(StoreError::rejected("nobody subscribes to it"));
        }
        Ok(())
    }

    /// What a codec makes of it.
    fn coded(&self, event: &EventEnvelope) -> EventEnvelope {
        let mut event = event.clone();
        match self.fault {
            Fault::JsonIsRewritten => {
                if let Some(json) = event.payload.as_json() {
                    let value: serde_json::Value = json.read().unwrap();
                    event.payload = EventPayload::json(&value).unwrap();
                }
            }
            Fault::BytesAreText => {
                if let (Some(bytes), Some(of)) =
                    (event.payload.as_bytes(), event.payload.content_type())
                {
                    let text = String::from_utf8_lossy(bytes)
                        .chars()
                        .take(bytes.len() / 4)
                        .collect::<String>();
                    event.payload = EventPayload::bytes(of, text).unwrap();
                }
            }
            Fault::ExtensionsAreLost => {
                event.extensions = strangler_fig::event::Extensions::default();
            }
            _ => {}
        }
        event
    }
}

#[async_trait]
impl EventPublisher for Broken {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), StoreError>> {
        let is_large = |message: &Message| message.event.payload.len() > self.bytes_max;
        match self.fault {
            Fault::FailsTheWholeCall if messages.iter().any(is_large) => {
                messages.iter().map(|_| Err(StoreError::rejected("one is too large"))).collect()
            }
            Fault::SendsAllAtOnce => messages.iter().map(|message| self.send(message)).collect(),
            Fault::StopsAtAFailure => {
                let mut has_failed = false;
                let answer = |message| {
                    let answer = if has_failed {
                        Err(StoreError::unavailable("one before it has failed"))
                    } else {
                        self.send(message)
                    };
                    has_failed |= answer.is_err();
                    answer
                };
                messages.iter().map(answer).collect()
            }
            _ => {
                let send = |wave: Vec<&Message>| {
                    std::future::ready(wave.into_iter().map(|it| self.send(it)).collect())
                };
                let mut answers = publish_in_waves(messages, Ok, send).await;
                if self.is(Fault::AnswersAreSorted) {
                    answers.sort_by_key(Result::is_err);
                }
                answers
            }
        }
    }
}

#[async_trait]
impl EventSubscriber for Broken {
    async fn subscribe(
        &self,
        name: &SubscriptionName,
        topics: &[Topic],
        limits: SubscriptionLimits,
    ) -> Result<Box<dyn EventSubscription>, StoreError> {
        let mut world = self.lock();
        world.made += 1;
        let receiver = world.made;
        let is_there = world.lines.contains_key(name);
        let line = world.lines.entry(name.clone()).or_default();
        if self.is(Fault::Recreates) {
            let dead = std::mem::take(&mut line.dead);
            *line =
                Line { dead, receivers: std::mem::take(&mut line.receivers), ..Line::default() };
        }
        if !(is_there && self.is(Fault::KeepsTopics)) {
            line.topics.extend(topics.iter().map(|topic| self.topic(topic)));
        }
        line.receivers.push(receiver);
        let given = Mutex::new(0);
        Ok(Box::new(Held { bus: self.clone(), name: name.clone(), receiver, limits, given }))
    }
}

/// A receiver.
#[derive(Debug)]
struct Held {
    bus: Broken,
    name: SubscriptionName,
    receiver: u64,
    limits: SubscriptionLimits,
    given: Mutex<u64>,
}

impl Held {
    /// Numbers that no other receiver has, unless that is the fault.
    fn fresh(&self) -> Receipt {
        let mut given = self.given.lock().unwrap();
        *given += 1;
        let life = if self.bus.is(Fault::ReceiptsAreShared) { 0 } else { self.receiver };
        Receipt(life * 1_000_000 + *given)
    }

    fn take(&self, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        let (bus, now) = (&self.bus, Instant::now());
        let mut world = bus.lock();
        let line = world.lines.get_mut(&self.name).unwrap();
        if bus.is(Fault::IgnoresExtend) {
            for slot in &mut line.slots {
                slot.held = slot.held.filter(|(_, _, until)| *until > now);
            }
        }
        let held = line.slots.iter().filter(|it| it.held.is_some_and(|it| it.0 == self.receiver));
        let room = match bus.fault {
            Fault::IgnoresTheLimit => usize::MAX,
            _ => self.limits.in_flight_max.get().saturating_sub(held.count()),
        };
        let room = if bus.is(Fault::IgnoresTheCount) { room } else { room.min(limit) };
        let mut taken = Vec::new();
        for at in self.free(line, room, now) {
            let slot = &mut line.slots[at];
            if slot.content.is_err() && bus.is(Fault::UnreadableFails) {
                return Err(StoreError::unavailable("it cannot be read"));
            }
            let receipt = self.fresh();
            slot.attempts += u32::from(!bus.is(Fault::NoCount) || slot.attempts == 0);
            slot.held = Some((self.receiver, receipt, now + self.limits.hidden_for));
            let spoilt = |_: &Vec<u8>| CloudEventError::new(".", "it is no JSON");
            let event = slot.content.as_ref().map_err(spoilt).cloned();
            let mut delivery = Delivery::new(receipt, slot.topic.clone(), event);
            delivery.attempt = NonZeroU32::new(slot.attempts).unwrap();
            taken.push(delivery);
        }
        Ok(taken)
    }

    /// Which may come, at most `room`.
    fn free(&self, line: &mut Line, room: usize, now: Instant) -> Vec<usize> {
        if self.bus.is(Fault::UnreadableIsDropped) {
            line.slots.retain(|slot| slot.content.is_ok());
        }
        let (mut free, mut blocked) = (Vec::new(), Vec::new());
        let mut places: Vec<_> = (0..line.slots.len()).collect();
        if self.bus.is(Fault::NewestFirst) {
            places.reverse();
        }
        for at in places {
            let slot = &line.slots[at];
            let key = slot.key();
            if free.len() == room {
                break;
            }
            if key.is_some_and(|key| blocked.contains(&key)) {
                continue;
            }
            match slot.held {
                None if slot.due <= now => free.push(at),
                None if self.bus.is(Fault::Overtakes) => {}
                Some((holder, ..)) if holder == self.receiver => {}
                Some(_) if self.bus.is(Fault::RoundRobin) => {}
                _ => blocked.extend(key),
            }
        }
        free
    }
}

#[async_trait]
impl EventSubscription for Held {
    async fn receive(&self, limit: NonZeroUsize) -> Result<Vec<Delivery>, StoreError> {
        loop {
            let taken = self.take(limit.get())?;
            if !taken.is_empty() || self.bus.is(Fault::AnswersNone) {
                if self.bus.is(Fault::LosesTheBatch) {
                    sleep(Duration::from_millis(2)).await;
                }
                return Ok(taken);
            }
            sleep(Duration::from_millis(1)).await;
        }
    }

    async fn settle(&self, receipt: Receipt, settlement: &Settlement) -> Result<(), StoreError> {
        let bus = &self.bus;
        let mut world = bus.lock();
        let line = world.lines.get_mut(&self.name).unwrap();
        let is_known = |it: (u64, Receipt, Instant)| {
            it.1 == receipt && (it.0 == self.receiver || bus.is(Fault::ReceiptsAreShared))
        };
        let found = line.slots.iter().position(|slot| slot.held.is_some_and(is_known));
        let Some(mut at) = found else {
            return Err(StoreError::conflict("it is not held here"));
        };
        if bus.is(Fault::AcksTheOldest) {
            at = line.slots.iter().position(|slot| slot.held.is_some()).unwrap();
        }
        match settlement {
            Settlement::Ack => {
                let slot = line.slots.remove(at);
                if bus.is(Fault::AckEndsWithTheReceiver) {
                    line.acked.push((self.receiver, slot.clone()));
                }
                if bus.is(Fault::SharesSettlements) {
                    for line in world.lines.values_mut() {
                        line.slots.retain(|it| it.content != slot.content);
                    }
                }
            }
            Settlement::Nack { after } => {
                let after = if bus.is(Fault::NoPause) { Duration::ZERO } else { *after };
                let slot = &mut line.slots[at];
                (slot.held, slot.due) = (None, Instant::now() + after);
                if bus.is(Fault::RequeuesAtTheEnd) {
                    let slot = line.slots.remove(at);
                    line.slots.push(slot);
                }
            }
            Settlement::DeadLetter { reason } => {
                let slot = line.slots.remove(at);
                let reason = if bus.is(Fault::DeadHaveNoReason) { "" } else { reason }.to_owned();
                let found = GivenUp::new(slot.topic, slot.content, reason);
                line.dead.extend((!bus.is(Fault::DeadAreDropped)).then_some(found));
            }
        }
        Ok(())
    }

    async fn extend(&self, _: &[Receipt]) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut world = self.bus.lock();
        let line = world.lines.get_mut(&self.name).unwrap();
        line.receivers.retain(|receiver| *receiver != self.receiver);
        let is_own = |slot: &Slot| slot.held.is_some_and(|(holder, ..)| holder == self.receiver);
        if self.bus.is(Fault::DropLoses) {
            line.slots.retain(|slot| !is_own(slot));
        }
        let places: Vec<_> = (0..line.slots.len()).filter(|at| is_own(&line.slots[*at])).collect();
        for at in &places {
            line.slots[*at].held = None;
        }
        if self.bus.is(Fault::DropReverses) {
            for (one, other) in places.iter().zip(places.iter().rev()).take(places.len() / 2) {
                line.slots.swap(*one, *other);
            }
        }
        let (mine, others) = std::mem::take(&mut line.acked)
            .into_iter()
            .partition::<Vec<_>, _>(|(receiver, _)| *receiver == self.receiver);
        line.acked = others;
        for (_, slot) in mine {
            line.slots.push(Slot { held: None, ..slot });
        }
    }
}

#[async_trait]
impl EventBusFixture for Broken {
    fn bus(&self) -> Arc<dyn EventBus> {
        Arc::new(self.clone())
    }

    async fn narrow(&self, bytes: usize) -> Option<Arc<dyn EventBus>> {
        Some(Arc::new(Self { bytes_max: bytes, ..self.clone() }))
    }

    async fn plant(&self, topic: &Topic, _: &EventKey, bytes: &[u8]) -> bool {
        self.put(topic, &Err(bytes.to_vec()))
    }

    async fn given_up(&self, name: &SubscriptionName) -> Vec<GivenUp> {
        self.lock().lines.get(name).map(|line| line.dead.clone()).unwrap_or_default()
    }
}
