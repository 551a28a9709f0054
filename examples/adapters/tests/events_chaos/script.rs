//! Which transactions stage what: pure.

use std::collections::BTreeMap;

use fastrand::Rng;
use strangler_fig::event::{EventEnvelope, EventPayload, Message};

use crate::bus::topic;
use crate::judge::Committed;

pub(crate) const KEYS: usize = 50;
/// Each has keys of its own, whose transactions follow each other.
pub(crate) const STAGERS: usize = 4;
/// In one transaction.
const MESSAGES_MAX: usize = 9;

/// A transaction.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// Different from all others'.
    pub(crate) name: String,
    pub(crate) messages: Vec<Message>,
    /// Or else it is rolled back.
    pub(crate) is_kept: bool,
}

/// What is staged.
#[derive(Debug)]
pub(crate) struct Script {
    /// Stager by stager, in their order.
    pub(crate) batches: Vec<Vec<Batch>>,
    /// The last word of each key.
    pub(crate) last: Batch,
    pub(crate) committed: Committed,
    pub(crate) rolled_back: usize,
}

impl Script {
    /// So many messages, and a last one of each key. What is rolled back comes on top.
    pub(crate) fn of(seed: u64, messages: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        let mut numbers = Numbers::default();
        let mut rolled_back = 0;
        let mut batches = vec![Vec::new(); STAGERS];
        for (stager, batches) in batches.iter_mut().enumerate() {
            let mut left = messages / STAGERS;
            while left > 0 {
                let count = rng.usize(1..=MESSAGES_MAX).min(left);
                let keys: Vec<_> =
                    (0..count).map(|_| rng.usize(..KEYS / STAGERS) * STAGERS + stager).collect();
                if rng.u8(..10) == 0 {
                    let name = format!("{stager}-{left}-never");
                    rolled_back += count;
                    batches.push(numbers.clone().batch(name, &keys, false));
                }
                batches.push(numbers.batch(format!("{stager}-{left}"), &keys, true));
                left -= count;
            }
        }
        let keys: Vec<_> = numbers.0.keys().copied().collect();
        let last = numbers.batch("last".to_owned(), &keys, true);
        let kept = batches.iter().flatten().chain([&last]).filter(|batch| batch.is_kept);
        let mut committed = Committed::new();
        for Message { event, .. } in kept.flat_map(|batch| &batch.messages) {
            let ids = committed.entry(event.key.to_string()).or_default();
            ids.push(event.id.to_string());
        }
        Self { batches, last, committed, rolled_back }
    }

    /// How many messages are to have an effect before the last words.
    pub(crate) fn kept(&self) -> usize {
        self.all() - self.last.messages.len()
    }

    pub(crate) fn all(&self) -> usize {
        self.committed.values().map(Vec::len).sum()
    }
}

/// The last number of each key.
#[derive(Debug, Clone, Default)]
struct Numbers(BTreeMap<usize, u32>);

impl Numbers {
    fn batch(&mut self, name: String, keys: &[usize], is_kept: bool) -> Batch {
        let messages = keys.iter().map(|&key| {
            let number = self.0.entry(key).or_default();
            *number += 1;
            let suffix = if is_kept { "" } else { "-never" };
            message(&format!("order-{key}"), *number, &format!("{key}-{number}{suffix}"))
        });
        Batch { messages: messages.collect(), name, is_kept }
    }
}

fn message(key: &str, number: u32, id: &str) -> Message {
    let parts = (id.parse(), "/chaos".parse(), "order.changed".parse(), key.parse());
    let (Ok(id), Ok(source), Ok(kind), Ok(key)) = parts else { panic!("{key} of {id}") };
    let payload = EventPayload::json(&number).unwrap();
    EventEnvelope::new(id, source, kind, key, payload).to(topic())
}
