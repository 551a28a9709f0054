//! What is given back meanwhile, so that what fails leaves room for others.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::EventConsumer;
use super::attempt::{Held, settled};
use super::work::Lane;
use crate::event::{Delivery, EventId, EventSource, EventSubscription, Settlement};

/// What waits for less is kept: others have their turn soon.
const SHORT: Duration = Duration::from_secs(1);
/// What waits for longer comes again before: no bus need know longer times.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// Of so many keys it is known how often they were tried; of more it is forgotten.
const KNOWN_MAX: usize = 10_000;

/// How much of what may be in flight may wait behind failures; and how much of that is left when it is more.
pub(super) const fn shares(in_flight_max: usize) -> (usize, usize) {
    (in_flight_max / 2, in_flight_max / 4)
}

/// Whether a key that may start again then is worth giving back.
pub(super) fn is_long(until: Instant, now: Instant) -> bool {
    until.saturating_duration_since(now) >= SHORT
}

/// A key and all that is held of it, in its order, that waits until then.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) until: Instant,
    pub(super) items: Vec<Held>,
}

/// Gives keys back, each in its order: so they come again, before what has not come yet.
pub(super) async fn give_back(
    consumer: &EventConsumer,
    subscription: &dyn EventSubscription,
    keys: Vec<Waiting>,
) {
    for Waiting { until, items } in keys {
        for held in items {
            let after = until.saturating_duration_since(Instant::now()).min(LONGEST);
            let nack = Settlement::Nack { after };
            // One that is not held any more comes again, too.
            settled(consumer, subscription, &held.delivery, &nack).await;
        }
    }
}

/// How often events were tried that were given back.
#[derive(Debug, Default)]
pub(super) struct Tries(HashMap<Lane, (EventSource, EventId, Count)>);

/// How often an event was tried here, and with which attempt that began.
#[derive(Debug, Clone, Copy)]
struct Count {
    tries: u32,
    first: NonZeroU32,
}

impl Tries {
    /// Notes those of the first of a key.
    pub(super) fn keep(&mut self, lane: Lane, held: &Held) {
        let Ok(event) = &held.delivery.event else { return };
        if self.0.len() >= KNOWN_MAX {
            self.0.clear();
        }
        let count = Count { tries: held.tries, first: held.first };
        self.0.insert(lane, (event.source.clone(), event.id.clone(), count));
    }

    /// What has come, with those of before.
    pub(super) fn held(&mut self, lane: &Lane, delivery: Delivery) -> Held {
        let is_its = |(source, id, _): &&(EventSource, EventId, Count)| {
            delivery.event.as_ref().is_ok_and(|event| (&event.source, &event.id) == (source, id))
        };
        let known = self.0.get(lane).filter(is_its).map(|(.., count)| *count);
        if known.is_some() {
            self.0.remove(lane);
        }
        let new = Count { tries: 0, first: delivery.attempt };
        let Count { tries, first } = known.unwrap_or(new);
        Held { delivery: Arc::new(delivery), tries, first }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EventEnvelope, EventPayload, Receipt};

    fn delivery(id: &str, attempt: u32) -> Delivery {
        let [source, kind, key] = ["/s", "t", "key"];
        let event = EventEnvelope::new(
            id.parse().unwrap(),
            source.parse().unwrap(),
            kind.parse().unwrap(),
            key.parse().unwrap(),
            EventPayload::default(),
        );
        let attempt = NonZeroU32::new(attempt).unwrap();
        let topic = "topic".parse().unwrap();
        Delivery { receipt: Receipt(1), topic, attempt, event: Ok(event) }
    }

    #[test]
    fn who_comes_again_has_been_tried_as_often() {
        let (mut tries, lane) = (Tries::default(), Lane::of(&delivery("1", 1)));
        let mut held = tries.held(&lane, delivery("1", 2));
        assert_eq!((held.tries, held.first.get()), (0, 2));
        held.tries = 7;
        tries.keep(lane.clone(), &held);
        let other = tries.held(&lane, delivery("2", 1));
        assert_eq!((other.tries, other.first.get()), (0, 1));
        let again = tries.held(&lane, delivery("1", 3));
        assert_eq!((again.tries, again.first.get()), (7, 2));
        assert_eq!(tries.held(&lane, delivery("1", 4)).tries, 0, "it was settled, or is here");
    }

    #[test]
    fn half_of_what_may_be_in_flight_may_wait() {
        assert_eq!([1, 3, 4, 64].map(shares), [(0, 0), (1, 0), (2, 1), (32, 16)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_pause_is_waited_for_here() {
        let now = Instant::now();
        assert!(!is_long(now, now) && !is_long(now + SHORT / 2, now));
        assert!(is_long(now + SHORT, now) && !is_long(now, now + SHORT));
    }
}
