use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use strangler_fig::event::{CloudEventError, Delivery, EventEnvelope, EventKey, Receipt, Topic};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::progress::Progress;

/// How much of a partition may be unsettled here at once: what is settled behind it has to fit the text of its progress.
pub(crate) const UNSETTLED_MAX: usize = 128;

/// What the brokers have delivered.
#[derive(Clone)]
pub(crate) struct Came {
    pub(crate) topic: Topic,
    pub(crate) event: Result<EventEnvelope, CloudEventError>,
    pub(crate) bytes: Vec<u8>,
}

/// Of its bytes, how many there are.
impl fmt::Debug for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Came")
            .field("topic", &self.topic)
            .field("event", &self.event)
            .field("bytes", &self.bytes.len())
            .finish()
    }
}

impl Came {
    fn key(&self) -> Option<&EventKey> {
        self.event.as_ref().ok().map(|event| &event.key)
    }
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// To be handed out from then on.
    Due(Instant),
    /// Handed out; there was a sign of life then.
    Out(Instant),
}

#[derive(Debug)]
struct Entry {
    came: Came,
    /// How often it was handed out, here and before.
    given: u32,
    state: State,
}

/// What is to be committed of a partition.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) progress: Progress,
    version: u64,
    /// Up to where it says that messages were handed out.
    mark: i64,
}

/// A partition that is ours: what came and is not settled, and what is known of that. Sync: its moments are told.
#[derive(Debug)]
pub(crate) struct Ledger {
    entries: BTreeMap<i64, Entry>,
    /// What it was when it became ours.
    found: Progress,
    /// What was left then, and has not come yet.
    awaited: BTreeSet<i64>,
    next: i64,
    done_to: i64,
    /// Up to where messages were handed out here.
    given_to: Option<i64>,
    /// Up to where they may be: it is committed that they were.
    marked_to: i64,
    /// It is to go to another receiver: nothing more is handed out.
    is_leaving: bool,
    version: u64,
    committed: u64,
    waiting: Vec<(u64, oneshot::Sender<()>)>,
}

impl Ledger {
    pub(crate) fn new(found: Progress) -> Self {
        Self {
            entries: BTreeMap::new(),
            awaited: found.left.iter().copied().collect(),
            next: found.offset,
            done_to: found.done_to,
            given_to: None,
            marked_to: -1,
            is_leaving: false,
            version: 0,
            committed: 0,
            waiting: Vec::new(),
            found,
        }
    }

    /// One that no group was in before: where it begins is still to be committed.
    pub(crate) fn first(offset: i64) -> Self {
        Self { version: 1, ..Self::new(Progress::at(offset)) }
    }

    /// Where to read on.
    pub(crate) fn next(&self) -> i64 {
        self.next
    }

    /// Takes in what came, unless it is settled, or came already.
    pub(crate) fn put(&mut self, offset: i64, came: Came, now: Instant) {
        if offset < self.next {
            return;
        }
        self.next = offset + 1;
        let was_left = self.awaited.contains(&offset);
        // What does not come any more was deleted.
        self.awaited = self.awaited.split_off(&(offset + 1));
        if offset < self.found.done_to && !was_left {
            return;
        }
        let given = self.found.before(offset);
        self.entries.insert(offset, Entry { came, given, state: State::Due(now) });
        self.version += 1;
    }

    pub(crate) fn unsettled(&self) -> usize {
        self.entries.len()
    }

    /// The first that may be handed out, but for keys that wait. What is not marked waits for that.
    pub(crate) fn free(&self, limit: usize, now: Instant) -> Vec<i64> {
        let (mut free, mut blocked) = (Vec::new(), HashSet::new());
        if self.is_leaving {
            return free;
        }
        for (offset, entry) in self.entries.range(..=self.marked_to) {
            if free.len() == limit {
                break;
            }
            let State::Due(due) = entry.state else { continue };
            if entry.came.key().is_some_and(|key| blocked.contains(key)) {
                continue;
            }
            if due <= now {
                free.push(*offset);
            } else {
                blocked.extend(entry.came.key());
            }
        }
        free
    }

    pub(crate) fn hand_out(
        &mut self,
        offset: i64,
        receipt: Receipt,
        now: Instant,
    ) -> Option<Delivery> {
        let entry = self.entries.get_mut(&offset)?;
        entry.given = entry.given.saturating_add(1);
        entry.state = State::Out(now);
        self.given_to = self.given_to.max(Some(offset));
        let Came { topic, event, .. } = &entry.came;
        let mut delivery = Delivery::new(receipt, topic.clone(), event.clone());
        delivery.attempt = NonZeroU32::new(entry.given).unwrap_or(NonZeroU32::MIN);
        Some(delivery)
    }

    pub(crate) fn came(&self, offset: i64) -> Option<&Came> {
        self.entries.get(&offset).map(|entry| &entry.came)
    }

    /// A sign of life.
    pub(crate) fn extend(&mut self, offset: i64, now: Instant) {
        if let Some(Entry { state: State::Out(signed), .. }) = self.entries.get_mut(&offset) {
            *signed = now;
        }
    }

    pub(crate) fn give_back(&mut self, offset: i64, due: Instant) {
        if let Some(entry) = self.entries.get_mut(&offset) {
            entry.state = State::Due(due);
        }
    }

    /// It is settled; told when that is committed.
    pub(crate) fn done(&mut self, offset: i64) -> oneshot::Receiver<()> {
        let (told, committed) = oneshot::channel();
        self.entries.remove(&offset);
        self.done_to = self.done_to.max(offset + 1);
        self.version += 1;
        self.waiting.push((self.version, told));
        committed
    }

    /// When the next of those that wait for their time may be handed out.
    pub(crate) fn next_due(&self, now: Instant) -> Option<Instant> {
        let due = self.entries.values().filter_map(|entry| match entry.state {
            State::Due(due) if due > now => Some(due),
            _ => None,
        });
        if self.is_leaving { None } else { due.min() }
    }

    /// Hands out nothing more.
    pub(crate) fn leave(&mut self) {
        if !self.is_leaving {
            self.is_leaving = true;
            self.version += 1;
        }
    }

    /// Whether somebody still works on something of it.
    pub(crate) fn is_held(&self, hidden_for: Duration, now: Instant) -> bool {
        self.entries.values().any(|entry| match entry.state {
            State::Out(signed) => now.saturating_duration_since(signed) < hidden_for,
            State::Due(_) => false,
        })
    }

    /// What is to be committed, if it is something new.
    pub(crate) fn draft(&self) -> Option<Draft> {
        if self.version == self.committed {
            return None;
        }
        let unsettled = || self.entries.keys().chain(&self.awaited).copied();
        let offset = unsettled().next().unwrap_or_else(|| self.next.max(self.done_to));
        let mark = if self.is_leaving {
            self.given_to
        } else {
            self.given_to.max(self.entries.keys().next_back().copied())
        };
        let mut marks = self.found.marks.clone();
        marks.extend(mark);
        marks.retain(|mark| *mark >= offset);
        let progress = Progress {
            offset,
            done_to: self.done_to.max(offset),
            left: unsettled().take_while(|it| *it < self.done_to).collect(),
            marks,
        };
        Some(Draft { progress, version: self.version, mark: mark.unwrap_or(-1) })
    }

    pub(crate) fn committed(&mut self, draft: &Draft) {
        self.committed = self.committed.max(draft.version);
        self.marked_to = self.marked_to.max(draft.mark);
        let committed = self.committed;
        for (version, told) in std::mem::take(&mut self.waiting) {
            if version <= committed {
                let _ = told.send(());
            } else {
                self.waiting.push((version, told));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use strangler_fig::event::EventPayload;

    use super::*;

    fn came(key: &str) -> Came {
        let event = EventEnvelope::new(
            "1".parse().unwrap(),
            "/s".parse().unwrap(),
            "t".parse().unwrap(),
            key.parse().unwrap(),
            EventPayload::default(),
        );
        Came { topic: "orders".parse().unwrap(), event: Ok(event), bytes: Vec::new() }
    }

    /// One with messages of these keys from offset 10 on.
    fn with(keys: &[&str]) -> Ledger {
        let mut ledger = Ledger::new(Progress::at(10));
        for (offset, key) in (10..).zip(keys) {
            ledger.put(offset, came(key), Instant::now());
        }
        ledger
    }

    fn commit(ledger: &mut Ledger) -> Progress {
        let draft = ledger.draft().unwrap();
        ledger.committed(&draft);
        // As the next life reads it.
        Progress::from_text(draft.progress.offset, &draft.progress.to_text())
    }

    fn take(ledger: &mut Ledger) -> Vec<(i64, u32)> {
        let now = Instant::now();
        let given = ledger.free(99, now).into_iter().map(|offset| {
            let delivery = ledger.hand_out(offset, Receipt(0), now).unwrap();
            (offset, delivery.attempt.get())
        });
        given.collect()
    }

    #[test]
    fn the_bytes_of_what_came_are_not_shown() {
        let bytes = b"hunter2".to_vec();
        let mut ledger = with(&[]);
        ledger.put(10, Came { bytes: bytes.clone(), ..came("a") }, Instant::now());
        let shown = format!("{ledger:?}");
        let listed = format!("{bytes:?}");
        assert!(!shown.contains(listed.trim_matches(['[', ']'])), "{shown}");
        assert!(shown.contains("bytes: 7"), "{shown}");
    }

    #[test]
    fn nothing_is_handed_out_before_it_is_committed_that_it_was() {
        let mut ledger = with(&["a", "b"]);
        assert_eq!(take(&mut ledger), []);
        let dead = commit(&mut ledger);
        assert_eq!(take(&mut ledger), [(10, 1), (11, 1)]);
        // Its holder dies, and the next one too.
        for attempt in 2..4 {
            let mut again = Ledger::new(dead.clone());
            again.found.marks.extend((2..attempt).map(|_| 11));
            again.put(10, came("a"), Instant::now());
            commit(&mut again);
            assert_eq!(take(&mut again), [(10, attempt)]);
        }
    }

    #[test]
    fn what_was_settled_ahead_is_not_taken_in_again() {
        let mut ledger = with(&["a", "b", "c", "d", "e"]);
        commit(&mut ledger);
        take(&mut ledger);
        let told = [11, 13].map(|offset| ledger.done(offset));
        let progress = commit(&mut ledger);
        for mut told in told {
            assert_eq!(told.try_recv(), Ok(()));
        }
        assert_eq!((progress.offset, progress.done_to), (10, 14));
        let mut next = Ledger::new(progress);
        for offset in 10..15 {
            next.put(offset, came("a"), Instant::now());
            // What is left and has not come yet is not forgotten meanwhile.
            let so_far = next.draft().unwrap().progress;
            assert_eq!((so_far.left, so_far.done_to), (vec![10, 12], 14));
        }
        commit(&mut next);
        assert_eq!(take(&mut next), [(10, 2), (12, 2), (14, 2)]);
        for offset in [10, 12, 14] {
            drop(next.done(offset));
        }
        assert_eq!(commit(&mut next), Progress::at(15));
    }

    #[test]
    fn a_partition_that_goes_tells_exactly_what_was_handed_out() {
        let mut ledger = with(&["a", "b", "c"]);
        commit(&mut ledger);
        let now = Instant::now();
        ledger.hand_out(10, Receipt(1), now);
        ledger.leave();
        assert_eq!(take(&mut ledger), []);
        assert!(ledger.is_held(Duration::from_secs(1), now));
        assert!(!ledger.is_held(Duration::from_secs(1), now + Duration::from_secs(1)));
        assert_eq!(commit(&mut ledger).marks, [10]);
        assert!(ledger.draft().is_none());
    }

    #[test]
    fn behind_what_was_given_back_its_key_waits() {
        let mut ledger = with(&["a", "a", "b"]);
        commit(&mut ledger);
        let (now, pause) = (Instant::now(), Duration::from_secs(1));
        ledger.hand_out(10, Receipt(1), now);
        ledger.give_back(10, now + pause);
        assert_eq!(ledger.free(9, now), [12]);
        assert_eq!(ledger.next_due(now), Some(now + pause));
        assert_eq!(ledger.free(9, now + pause), [10, 11, 12]);
    }

    #[test]
    fn where_a_subscription_begins_is_committed_at_once() {
        assert_eq!(commit(&mut Ledger::first(7)), Progress::at(7));
        assert!(Ledger::new(Progress::at(7)).draft().is_none());
    }

    #[test]
    fn what_the_broker_has_deleted_is_not_waited_for() {
        let found = Progress { left: vec![10, 12], done_to: 14, ..Progress::at(10) };
        let mut ledger = Ledger::new(found);
        ledger.put(20, came("a"), Instant::now());
        drop(ledger.done(20));
        assert_eq!(commit(&mut ledger), Progress::at(21));
    }
}
