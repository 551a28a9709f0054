use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use fastrand::Rng;

/// What was so of a customer: a version, or none; from when on it may have been seen, and from when on it was.
#[derive(Debug)]
struct State {
    asked: Instant,
    done: Option<Instant>,
    version: Option<i64>,
}

/// All that was ever so.
#[derive(Debug, Default)]
pub(super) struct Truth {
    customers: BTreeMap<String, Vec<State>>,
    ids: Vec<String>,
}

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    Fresh,
    /// It was so until then.
    Old(Duration),
    /// The customer had been deleted before.
    Deleted(Duration),
}

impl Truth {
    /// Before somebody is changed.
    pub(super) fn asked(&mut self, id: &str, version: Option<i64>) {
        let states = self.customers.entry(id.to_owned()).or_insert_with(|| {
            self.ids.push(id.to_owned());
            Vec::new()
        });
        states.push(State { asked: Instant::now(), done: None, version });
    }

    /// When it is done.
    pub(super) fn done(&mut self, id: &str) {
        let last = self.customers.get_mut(id).and_then(|states| states.last_mut());
        if let Some(last) = last {
            last.done = Some(Instant::now());
        }
    }

    /// Somebody who is there, or was.
    pub(super) fn any(&self, rng: &mut Rng) -> String {
        self.ids[rng.usize(..self.ids.len())].clone()
    }

    /// Whether somebody is there.
    pub(super) fn is_there(&self, id: &str) -> bool {
        let last = self.customers.get(id).and_then(|states| states.last());
        last.is_some_and(|last| last.version.is_some())
    }

    /// How old an answer is that was asked for at `began`, and has just come.
    pub(super) fn age(&self, id: &str, version: Option<i64>, began: Instant) -> Age {
        let now = Instant::now();
        let Some(states) = self.customers.get(id) else { return Age::Fresh };
        let known = |state: &State| state.version == version && state.asked <= now;
        // Before the first one nobody was there.
        let place = states.iter().rposition(known).map_or(0, |place| place + 1);
        let over = states.get(place).and_then(|next| next.done).filter(|over| *over < began);
        let Some(over) = over else { return Age::Fresh };
        let then = states.iter().rev().find(|state| state.done.is_some_and(|done| done <= began));
        let is_gone = then.is_some_and(|state| state.version.is_none());
        if is_gone { Age::Deleted(began - over) } else { Age::Old(began - over) }
    }
}

/// Answers, and what was wrong with them.
#[derive(Debug, Default)]
pub(super) struct Stale {
    answers: u32,
    old: u32,
    pub(super) deleted: u32,
    pub(super) oldest: Duration,
}

impl Stale {
    pub(super) fn count(&mut self, age: Age) {
        self.answers += 1;
        match age {
            Age::Fresh => {}
            Age::Old(age) => {
                self.old += 1;
                self.oldest = self.oldest.max(age);
            }
            Age::Deleted(age) => {
                self.old += 1;
                self.deleted += 1;
                self.oldest = self.oldest.max(age);
            }
        }
    }
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answers, old, deleted, oldest } = self;
        write!(
            f,
            "{old} of {answers} answers stale, {deleted} of them deleted; the oldest by {oldest:.0?}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(truth: &mut Truth, version: Option<i64>) -> Instant {
        let before = Instant::now();
        truth.asked("a", version);
        truth.done("a");
        std::thread::sleep(Duration::from_millis(1));
        before
    }

    #[test]
    fn an_answer_is_old_once_it_was_superseded_before_it_was_asked_for() {
        let mut truth = Truth::default();
        change(&mut truth, Some(1));
        let second = change(&mut truth, Some(2));
        assert_eq!(truth.age("a", Some(1), second), Age::Fresh, "it was asked for before");
        assert!(matches!(truth.age("a", Some(1), Instant::now()), Age::Old(_)));
        assert_eq!(truth.age("a", Some(2), Instant::now()), Age::Fresh);
        change(&mut truth, None);
        assert!(matches!(truth.age("a", Some(2), Instant::now()), Age::Deleted(_)));
        assert_eq!(truth.age("a", None, Instant::now()), Age::Fresh);
        change(&mut truth, Some(4));
        assert!(matches!(truth.age("a", None, Instant::now()), Age::Old(_)));
        let mut stale = Stale::default();
        stale.count(truth.age("a", Some(2), Instant::now()));
        assert_eq!((stale.old, stale.deleted), (1, 0));
    }

    #[test]
    fn what_is_under_way_may_be_seen_or_not() {
        let mut truth = Truth::default();
        change(&mut truth, Some(1));
        truth.asked("a", Some(2));
        for version in [Some(1), Some(2)] {
            assert_eq!(truth.age("a", version, Instant::now()), Age::Fresh);
        }
    }
}
