use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use strangler_fig::event::{CloudEventError, Delivery, EventEnvelope, EventKey, Receipt, Topic};
use tokio::time::Instant;

/// What the broker has delivered.
#[derive(Clone)]
pub(super) struct Came<A> {
    pub(super) topic: Topic,
    pub(super) event: Result<EventEnvelope, CloudEventError>,
    pub(super) bytes: Vec<u8>,
    /// How often it came before, at least.
    pub(super) before: u32,
    /// What to acknowledge it by.
    pub(super) acker: A,
}

/// Of its bytes, how many there are.
impl<A> fmt::Debug for Came<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Came")
            .field("topic", &self.topic)
            .field("event", &self.event)
            .field("bytes", &self.bytes.len())
            .field("before", &self.before)
            .finish_non_exhaustive()
    }
}

impl<A> Came<A> {
    fn lane(&self) -> Option<(&Topic, &EventKey)> {
        self.event.as_ref().ok().map(|event| (&self.topic, &event.key))
    }
}

#[derive(Debug)]
struct Entry<A> {
    came: Came<A>,
    /// How often it was handed out here.
    given: u32,
    /// Held until it is settled; else to be handed out from then on.
    due: Option<Instant>,
}

/// What a receiver has of its queues: handed out, or waiting for that, each key in its order. Sync: its moments are
/// told.
#[derive(Debug)]
pub(super) struct Buffer<A> {
    entries: BTreeMap<u64, Entry<A>>,
    out: HashMap<Receipt, u64>,
    next: u64,
}

impl<A> Default for Buffer<A> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), out: HashMap::new(), next: 0 }
    }
}

impl<A: Clone> Buffer<A> {
    /// A number that was never given out here, in no life of the link.
    fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(super) fn put(&mut self, came: Came<A>, now: Instant) {
        let place = self.fresh();
        self.entries.insert(place, Entry { came, given: 0, due: Some(now) });
    }

    /// The link is gone: all that is not settled comes again, and no receipt of before counts.
    pub(super) fn forget(&mut self) {
        self.entries.clear();
        self.out.clear();
    }

    /// Hands out at most `limit`, so that no more than `in_flight_max` are unsettled. Behind one that waits for its time
    /// its key waits.
    pub(super) fn take(
        &mut self,
        limit: usize,
        in_flight_max: usize,
        now: Instant,
    ) -> Vec<Delivery> {
        let room = limit.min(in_flight_max.saturating_sub(self.out.len()));
        let (mut free, mut blocked) = (Vec::new(), HashSet::new());
        for (place, entry) in &self.entries {
            if free.len() == room {
                break;
            }
            let lane = entry.came.lane();
            let Some(due) = entry.due else { continue };
            if lane.is_some_and(|lane| blocked.contains(&lane)) {
                continue;
            }
            if due <= now {
                free.push(*place);
            } else {
                blocked.extend(lane);
            }
        }
        free.into_iter().filter_map(|place| self.hand_out(place)).collect()
    }

    fn hand_out(&mut self, place: u64) -> Option<Delivery> {
        let receipt = Receipt(self.fresh());
        let entry = self.entries.get_mut(&place)?;
        (entry.given, entry.due) = (entry.given.saturating_add(1), None);
        self.out.insert(receipt, place);
        let attempt = entry.came.before.saturating_add(entry.given);
        let (topic, event) = (entry.came.topic.clone(), entry.came.event.clone());
        let mut delivery = Delivery::new(receipt, topic, event);
        delivery.attempt = NonZeroU32::new(attempt).unwrap_or(NonZeroU32::MIN);
        Some(delivery)
    }

    /// When the next of those that wait for their time may be handed out.
    pub(super) fn next_due(&self, now: Instant) -> Option<Instant> {
        self.entries.values().filter_map(|entry| entry.due).filter(|due| *due > now).min()
    }

    /// What is held by `receipt`.
    pub(super) fn held(&self, receipt: Receipt) -> Option<&Came<A>> {
        self.out.get(&receipt).and_then(|place| self.entries.get(place)).map(|entry| &entry.came)
    }

    /// Has settled it.
    pub(super) fn done(&mut self, receipt: Receipt) {
        if let Some(place) = self.out.remove(&receipt) {
            self.entries.remove(&place);
        }
    }

    /// Takes it back, until `after` has passed; whether it was held.
    pub(super) fn give_back(&mut self, receipt: Receipt, after: Duration, now: Instant) -> bool {
        let Some(place) = self.out.remove(&receipt) else { return false };
        if let Some(entry) = self.entries.get_mut(&place) {
            entry.due = Some(now.checked_add(after).unwrap_or(now + Duration::from_secs(1 << 32)));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use strangler_fig::event::EventPayload;

    use super::*;

    fn came(key: &str, n: u32) -> Came<u32> {
        let event = EventEnvelope::new(
            format!("{key}-{n}").parse().unwrap(),
            "/s".parse().unwrap(),
            "t".parse().unwrap(),
            key.parse().unwrap(),
            EventPayload::default(),
        );
        let topic = "orders".parse().unwrap();
        Came { topic, event: Ok(event), bytes: Vec::new(), before: 0, acker: n }
    }

    fn ids(deliveries: &[Delivery]) -> Vec<&str> {
        deliveries.iter().map(|it| it.event.as_ref().unwrap().id.as_str()).collect()
    }

    #[test]
    fn the_bytes_of_what_came_are_not_shown() {
        let bytes = b"hunter2".to_vec();
        let mut buffer = Buffer::default();
        buffer.put(Came { bytes: bytes.clone(), ..came("a", 1) }, Instant::now());
        let shown = format!("{buffer:?}");
        let listed = format!("{bytes:?}");
        assert!(!shown.contains(listed.trim_matches(['[', ']'])), "{shown}");
        assert!(shown.contains("bytes: 7"), "{shown}");
    }

    #[tokio::test(start_paused = true)]
    async fn behind_what_was_given_back_its_key_waits() {
        let (mut buffer, now) = (Buffer::default(), Instant::now());
        for n in [came("a", 1), came("a", 2), came("b", 3)] {
            buffer.put(n, now);
        }
        let first = buffer.take(1, 9, now);
        let pause = Duration::from_secs(1);
        assert!(buffer.give_back(first[0].receipt, pause, now));
        assert_eq!(ids(&buffer.take(9, 9, now)), ["b-3"]);
        assert_eq!(buffer.next_due(now), Some(now + pause));
        let again = buffer.take(9, 9, now + pause);
        assert_eq!((ids(&again), again[0].attempt.get()), (vec!["a-1", "a-2"], 2));
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_out_than_may_be_and_no_old_receipt_counts() {
        let (mut buffer, now) = (Buffer::default(), Instant::now());
        for n in 0..5 {
            buffer.put(came("a", n), now);
        }
        let held = buffer.take(9, 2, now);
        assert_eq!((held.len(), buffer.take(9, 2, now).len()), (2, 0));
        assert_eq!(buffer.held(held[0].receipt).unwrap().acker, 0);
        buffer.done(held[0].receipt);
        assert_eq!(ids(&buffer.take(9, 2, now)), ["a-2"]);
        buffer.forget();
        assert!(buffer.held(held[1].receipt).is_none());
        assert!(!buffer.give_back(held[1].receipt, Duration::ZERO, now));
        buffer.put(came("a", 1), now);
        let again = buffer.take(9, 9, now);
        assert!(again[0].receipt > held[1].receipt);
    }
}
