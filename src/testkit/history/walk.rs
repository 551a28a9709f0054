//! The walk along one key's events.

use std::collections::BTreeSet;

use super::configuration::Response;
use super::frontier::Frontier;
use super::open::OpenOperations;
use super::timeline::{Event, Timeline};
use super::violation::ViolationKind;

/// The walk along one key's events: what each response leaves possible.
pub(super) struct Walk<'t, 'a, K, V> {
    timeline: &'t Timeline<'a, K, V>,
    open: OpenOperations,
    frontier: Frontier,
    evidence: Evidence,
    /// Of each value: whether a write of it has begun, or it was there before.
    is_begun: Vec<bool>,
    /// Of each read: whether the record was surely absent when it began.
    was_absent: Vec<bool>,
}

/// What is known for sure of the record, whatever the configuration.
#[derive(Debug, Default)]
struct Evidence {
    /// The last response that says: there was a value.
    present: Option<usize>,
    /// The last invocation, of an operation since completed, that says: there
    /// was none.
    absent: Option<usize>,
}

/// A read that no configuration serves.
#[derive(Debug, Clone, Copy)]
pub(super) struct BadRead {
    pub(super) id: usize,
    pub(super) kind: ViolationKind,
}

impl<'t, 'a, K, V> Walk<'t, 'a, K, V> {
    pub(super) fn new(timeline: &'t Timeline<'a, K, V>) -> Self {
        let mut is_begun = vec![false; timeline.values.len()];
        is_begun[timeline.initial] = true;
        Self {
            timeline,
            open: OpenOperations::of_values(timeline.values.len()),
            frontier: Frontier::starting_with(timeline.initial),
            evidence: Evidence::default(),
            is_begun,
            was_absent: vec![false; timeline.entries.len()],
        }
    }

    /// How many configurations are possible.
    pub(super) fn width(&self) -> usize {
        self.frontier.len()
    }

    /// Takes one event in; answers a read that cannot be.
    pub(super) fn step(&mut self, event: Event) -> Option<BadRead> {
        match event {
            Event::Invoked(id) => self.invoked(id),
            Event::Responded(id) => return self.responded(id),
        }
        None
    }

    /// The values that the record may hold at `now`, those it may already hold
    /// in front.
    pub(super) fn possible(&self, now: usize) -> impl Iterator<Item = Option<&'a V>> {
        let current: BTreeSet<_> = self.frontier.iter().map(|it| it.current).collect();
        let (held, all) = (current.clone(), 0..self.timeline.values.len());
        let placeable =
            all.filter(move |value| !held.contains(value) && self.can_be_placed(*value, now));
        let possible = current.into_iter().chain(placeable);
        possible.map(|value| self.timeline.values[value])
    }

    fn can_be_placed(&self, value: usize, now: usize) -> bool {
        let write = |taken| self.open.write_of(value, taken, now);
        self.open.has_write_of(value) && self.frontier.iter().any(|it| write(&it.taken).is_some())
    }

    fn invoked(&mut self, id: usize) {
        let entry = &self.timeline.entries[id];
        if entry.is_read() {
            self.was_absent[id] = self.evidence.is_absent();
        } else {
            self.is_begun[entry.value] = true;
        }
        self.open.open(id, self.timeline);
    }

    fn responded(&mut self, id: usize) -> Option<BadRead> {
        let entry = &self.timeline.entries[id];
        let response = Response::of(id, entry);
        let is_explained = if entry.is_read() {
            self.frontier.read(response, &self.open)
        } else {
            self.frontier.write(response, &self.open);
            true
        };
        self.open.close(id, self.timeline);
        self.close_unknown();
        if is_explained {
            self.evidence.add(response, entry.is_live());
            return None;
        }
        Some(BadRead { id, kind: self.kind_of(id) })
    }

    /// Closes the unknown writes that have taken effect in any case.
    fn close_unknown(&mut self) {
        for id in self.frontier.taken_by_all() {
            if self.timeline.entries[id].is_unknown() {
                self.frontier.forget_write(id);
                self.open.close(id, self.timeline);
            }
        }
    }

    fn kind_of(&self, bad: usize) -> ViolationKind {
        let entry = &self.timeline.entries[bad];
        match (entry.is_live(), entry.is_final()) {
            (true, _) | (false, false) if !self.is_begun[entry.value] => ViolationKind::Invented,
            (true, _) if self.was_absent[bad] => ViolationKind::Resurrected,
            (_, true) => ViolationKind::Lost,
            (_, false) => ViolationKind::Stale,
        }
    }
}

impl Evidence {
    fn add(&mut self, response: Response, is_live: bool) {
        if is_live {
            self.present = Some(response.now);
        } else {
            self.absent = self.absent.max(Some(response.invoked));
        }
    }

    /// Whether the last that is known for sure says: there was none.
    fn is_absent(&self) -> bool {
        self.absent > self.present
    }
}
