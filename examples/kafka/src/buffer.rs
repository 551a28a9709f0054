use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use strangler_fig::event::{Delivery, Receipt};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::ledger::{Came, Draft, Ledger, UNSETTLED_MAX};

/// A partition: its topic of Kafka, and its number.
pub(crate) type Part = (String, i32);

#[derive(Debug)]
struct Owned {
    ledger: Ledger,
    /// Which time that it is ours.
    life: u64,
    is_paused: bool,
}

/// What a receiver has of its partitions.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    parts: BTreeMap<Part, Owned>,
    out: HashMap<Receipt, (Part, i64)>,
    /// A number that was never given out here.
    next: u64,
    /// Which partition has its turn.
    turn: usize,
}

/// What is to be committed, and of which lives.
pub(crate) type Drafts = Vec<(Part, u64, Draft)>;

impl Buffer {
    fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(crate) fn begin(&mut self, part: Part, ledger: Ledger) {
        let life = self.fresh();
        self.end(&part);
        self.parts.insert(part, Owned { ledger, life, is_paused: false });
    }

    /// It is not ours any more: no receipt of it counts.
    pub(crate) fn end(&mut self, part: &Part) {
        self.parts.remove(part);
        self.out.retain(|_, (its, _)| its != part);
    }

    pub(crate) fn put(&mut self, part: &Part, offset: i64, came: Came, now: Instant) {
        if let Some(owned) = self.parts.get_mut(part) {
            owned.ledger.put(offset, came, now);
        }
    }

    /// Hands out at most `limit`, so that no more than `in_flight_max` are unsettled; another partition comes first each
    /// time.
    pub(crate) fn take(
        &mut self,
        limit: usize,
        in_flight_max: usize,
        now: Instant,
    ) -> Vec<Delivery> {
        let mut room = limit.min(in_flight_max.saturating_sub(self.out.len()));
        let parts = self.parts.iter().skip(self.turn).chain(self.parts.iter().take(self.turn));
        let mut free = Vec::new();
        for (part, owned) in parts {
            let found = owned.ledger.free(room, now);
            room -= found.len();
            free.extend(found.into_iter().map(|offset| (part.clone(), offset)));
        }
        if !free.is_empty() {
            self.turn = (self.turn + 1) % self.parts.len();
        }
        free.into_iter().filter_map(|(part, offset)| self.hand_out(part, offset, now)).collect()
    }

    fn hand_out(&mut self, part: Part, offset: i64, now: Instant) -> Option<Delivery> {
        let receipt = Receipt(self.fresh());
        let delivery = self.parts.get_mut(&part)?.ledger.hand_out(offset, receipt, now)?;
        self.out.insert(receipt, (part, offset));
        Some(delivery)
    }

    pub(crate) fn next_due(&self, now: Instant) -> Option<Instant> {
        self.parts.values().filter_map(|owned| owned.ledger.next_due(now)).min()
    }

    /// What is held by `receipt`.
    pub(crate) fn held(&self, receipt: Receipt) -> Option<&Came> {
        let (part, offset) = self.out.get(&receipt)?;
        self.parts.get(part)?.ledger.came(*offset)
    }

    /// Has settled it, if it was held; told when that is committed, or nobody can tell any more.
    pub(crate) fn done(&mut self, receipt: Receipt) -> Option<oneshot::Receiver<()>> {
        let (part, offset) = self.out.remove(&receipt)?;
        Some(self.parts.get_mut(&part)?.ledger.done(offset))
    }

    /// Takes it back, until `after` has passed; whether it was held.
    pub(crate) fn give_back(&mut self, receipt: Receipt, after: Duration, now: Instant) -> bool {
        let Some((part, offset)) = self.out.remove(&receipt) else { return false };
        let due = now.checked_add(after).unwrap_or(now + Duration::from_secs(1 << 32));
        if let Some(owned) = self.parts.get_mut(&part) {
            owned.ledger.give_back(offset, due);
        }
        true
    }

    pub(crate) fn extend(&mut self, receipt: Receipt, now: Instant) {
        let Some((part, offset)) = self.out.get(&receipt) else { return };
        if let Some(owned) = self.parts.get_mut(part) {
            owned.ledger.extend(*offset, now);
        }
    }

    /// Nothing more of these is handed out; whether somebody still works on something of them, or what is known of them is
    /// not committed yet.
    pub(crate) fn leave(&mut self, parts: &[Part], hidden_for: Duration, now: Instant) -> bool {
        let mut is_waited_for = false;
        for part in parts {
            if let Some(Owned { ledger, .. }) = self.parts.get_mut(part) {
                ledger.leave();
                is_waited_for |= ledger.is_held(hidden_for, now) || ledger.draft().is_some();
            }
        }
        is_waited_for
    }

    pub(crate) fn parts(&self) -> Vec<Part> {
        self.parts.keys().cloned().collect()
    }

    pub(crate) fn drafts(&self) -> Drafts {
        let drafts = self
            .parts
            .iter()
            .filter_map(|(part, owned)| Some((part.clone(), owned.life, owned.ledger.draft()?)));
        drafts.collect()
    }

    pub(crate) fn committed(&mut self, part: &Part, life: u64, draft: &Draft) {
        if let Some(owned) = self.parts.get_mut(part).filter(|owned| owned.life == life) {
            owned.ledger.committed(draft);
        }
    }

    /// Which partitions are to pause, being full, and which to go on.
    pub(crate) fn turn_over(&mut self) -> (Vec<Part>, Vec<Part>) {
        let (mut full, mut free) = (Vec::new(), Vec::new());
        for (part, owned) in &mut self.parts {
            let unsettled = owned.ledger.unsettled();
            if !owned.is_paused && unsettled >= UNSETTLED_MAX {
                owned.is_paused = true;
                full.push(part.clone());
            } else if owned.is_paused && unsettled <= UNSETTLED_MAX / 2 {
                owned.is_paused = false;
                free.push(part.clone());
            }
        }
        (full, free)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Progress;

    fn part(number: i32) -> Part {
        ("shop.orders".to_owned(), number)
    }

    /// What is no event: it waits for nothing.
    fn came() -> Came {
        let event = strangler_fig::event::EventEnvelope::from_cloud_event(b"{");
        Came { topic: "orders".parse().unwrap(), event, bytes: Vec::new() }
    }

    fn full(parts: i32, each: i64) -> Buffer {
        let mut buffer = Buffer::default();
        for number in 0..parts {
            buffer.begin(part(number), Ledger::new(Progress::at(0)));
            for offset in 0..each {
                buffer.put(&part(number), offset, came(), Instant::now());
            }
        }
        for (part, life, draft) in buffer.drafts() {
            buffer.committed(&part, life, &draft);
        }
        buffer
    }

    #[test]
    fn no_more_are_out_than_may_be_and_every_partition_has_its_turn() {
        let (mut buffer, now) = (full(2, 9), Instant::now());
        let first = buffer.take(9, 3, now);
        assert_eq!((first.len(), buffer.take(9, 3, now).len()), (3, 0));
        for delivery in &first {
            buffer.done(delivery.receipt).unwrap();
        }
        for delivery in buffer.take(9, 3, now) {
            buffer.done(delivery.receipt).unwrap();
        }
        let committed: Vec<_> =
            buffer.drafts().into_iter().map(|(_, _, draft)| draft.progress.offset).collect();
        assert_eq!(committed, [3, 3], "the second take was of the other partition");
    }

    #[test]
    fn no_receipt_of_another_life_counts() {
        let (mut buffer, now) = (full(1, 2), Instant::now());
        let held = buffer.take(2, 9, now);
        let mut told = buffer.done(held[1].receipt).unwrap();
        let late = buffer.drafts();
        buffer.end(&part(0));
        assert_eq!(told.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        buffer.begin(part(0), Ledger::new(Progress::at(0)));
        buffer.put(&part(0), 0, came(), now);
        assert!(buffer.held(held[0].receipt).is_none());
        assert!(buffer.done(held[0].receipt).is_none());
        assert!(!buffer.give_back(held[0].receipt, Duration::ZERO, now));
        let (part, life, draft) = &late[0];
        buffer.committed(part, *life, draft);
        assert_eq!(buffer.take(9, 9, now).len(), 0, "the commit was of the other life");
    }

    #[test]
    fn a_full_partition_pauses_until_it_is_half_empty() {
        let most = i64::try_from(UNSETTLED_MAX).unwrap();
        let (mut buffer, now) = (full(1, most), Instant::now());
        assert_eq!(buffer.turn_over(), (vec![part(0)], vec![]));
        for delivery in buffer.take(UNSETTLED_MAX / 2 - 1, 999, now) {
            buffer.done(delivery.receipt);
        }
        assert_eq!(buffer.turn_over(), (vec![], vec![]));
        let last = buffer.take(1, 999, now);
        buffer.done(last[0].receipt);
        assert_eq!(buffer.turn_over(), (vec![], vec![part(0)]));
    }
}
