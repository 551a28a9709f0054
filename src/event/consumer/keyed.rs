use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::Hash;

/// Which of the items that are held may be worked on now: of each key one at a time, in the order in which they came,
/// the oldest first. Pure: moments are told.
///
/// A key whose first item has to wait is put off, with all that is behind it.
#[derive(Debug)]
pub(super) struct Keyed<K, T, M> {
    lanes: HashMap<K, VecDeque<(u64, T)>>,
    /// The keys whose first item may start, by its age.
    ready: BTreeMap<u64, K>,
    /// Those whose first item waits, by its moment and age.
    paused: BTreeMap<(M, u64), K>,
    came: u64,
    held: usize,
}

impl<K, T, M> Default for Keyed<K, T, M> {
    fn default() -> Self {
        Self {
            lanes: HashMap::new(),
            ready: BTreeMap::new(),
            paused: BTreeMap::new(),
            came: 0,
            held: 0,
        }
    }
}

impl<K: Hash + Eq + Clone, T: Clone, M: Ord + Copy> Keyed<K, T, M> {
    /// How many are held: those that wait, and those that are worked on.
    pub(super) fn len(&self) -> usize {
        self.held
    }

    /// Takes the next item of a key.
    pub(super) fn add(&mut self, key: K, item: T) {
        self.came += 1;
        self.held += 1;
        let lane = self.lanes.entry(key.clone()).or_default();
        lane.push_back((self.came, item));
        if lane.len() == 1 {
            self.ready.insert(self.came, key);
        }
    }

    /// The oldest item that may be worked on; its key is out until it is [`done`](Self::done) or [`pause`](Self::pause)d.
    pub(super) fn start(&mut self, now: M) -> Option<(K, T)> {
        while let Some(due) = self.paused.first_entry().filter(|due| due.key().0 <= now) {
            let (_, age) = *due.key();
            self.ready.insert(age, due.remove());
        }
        let (_, key) = self.ready.pop_first()?;
        let item = self.lanes.get(&key)?.front()?.1.clone();
        Some((key, item))
    }

    /// The item of `key` that was worked on is settled: the next of its key may start.
    pub(super) fn done(&mut self, key: &K) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        self.held -= usize::from(lane.pop_front().is_some());
        match lane.front() {
            Some((age, _)) => {
                self.ready.insert(*age, key.clone());
            }
            None => {
                self.lanes.remove(key);
            }
        }
    }

    /// The item of `key` that was worked on is to be worked on again at `until`, as `item`.
    pub(super) fn pause(&mut self, key: &K, item: T, until: M) {
        if let Some(first) = self.lanes.get_mut(key).and_then(VecDeque::front_mut) {
            first.1 = item;
            self.paused.insert((until, first.0), key.clone());
        }
    }

    /// How many are held of keys whose first item has to wait.
    pub(super) fn waiting(&self) -> usize {
        self.paused.values().filter_map(|key| self.lanes.get(key)).map(VecDeque::len).sum()
    }

    /// Lets keys go whose first item has to wait, with all that is held of them: those that wait longest first, as long
    /// as that is `is_long`, and until no more than `rest` are held of such keys.
    pub(super) fn let_go(
        &mut self,
        rest: usize,
        is_long: impl Fn(M) -> bool,
    ) -> Vec<(K, M, Vec<T>)> {
        let mut gone = Vec::new();
        let mut waiting = self.waiting();
        while waiting > rest {
            let Some(last) = self.paused.last_entry().filter(|last| is_long(last.key().0)) else {
                break;
            };
            let ((until, _), key) = last.remove_entry();
            let items: Vec<_> = self.lanes.remove(&key).into_iter().flatten().collect();
            waiting -= items.len();
            self.held -= items.len();
            gone.push((key, until, items.into_iter().map(|(_, item)| item).collect()));
        }
        gone
    }

    /// When the next of those that wait may start.
    pub(super) fn next_due(&self) -> Option<M> {
        self.paused.first_key_value().map(|((until, _), _)| *until)
    }

    /// All that is held, the oldest first.
    pub(super) fn all(&self) -> Vec<&T> {
        let items = self.lanes.values().flatten();
        let by_age: BTreeMap<_, _> = items.map(|(age, item)| (age, item)).collect();
        by_age.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// The same, by looking through a list.
    #[derive(Debug, Default)]
    struct Model {
        items: Vec<(u8, u32, State)>,
    }

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum State {
        Waits,
        Runs,
        Until(u8),
    }

    impl Model {
        fn start(&mut self, now: u8) -> Option<(u8, u32)> {
            let mut seen = BTreeSet::new();
            for (key, item, state) in &mut self.items {
                let is_first = seen.insert(*key);
                let may = match state {
                    State::Waits => true,
                    State::Runs => false,
                    State::Until(due) => *due <= now,
                };
                if is_first && may {
                    *state = State::Runs;
                    return Some((*key, *item));
                }
            }
            None
        }

        fn running(&mut self, key: u8) -> Option<usize> {
            self.items.iter().position(|it| it.0 == key && it.2 == State::Runs)
        }

        /// The next of those that may not start yet.
        fn next_due(&self, now: u8) -> Option<u8> {
            let dues = self.items.iter().filter_map(|it| match it.2 {
                State::Until(due) if due > now => Some(due),
                _ => None,
            });
            dues.min()
        }
    }

    #[derive(Debug, Clone, Copy)]
    enum Act {
        Add(u8),
        Start,
        Done(u8),
        Pause(u8, u8),
        Pass(u8),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            (0_u8..4).prop_map(Act::Add),
            Just(Act::Start),
            Just(Act::Start),
            (0_u8..4).prop_map(Act::Done),
            (0_u8..4, 0_u8..9).prop_map(|(key, time)| Act::Pause(key, time)),
            (1_u8..4).prop_map(Act::Pass),
        ];
        proptest::collection::vec(act, 0..60)
    }

    proptest! {
        #[test]
        fn it_is_what_a_look_through_a_list_finds(acts in acts()) {
            let (mut keyed, mut model) = (Keyed::default(), Model::default());
            let (mut now, mut made) = (0_u8, 0_u32);
            for act in acts {
                match act {
                    Act::Add(key) => {
                        made += 1;
                        keyed.add(key, made);
                        model.items.push((key, made, State::Waits));
                    }
                    Act::Start => prop_assert_eq!(keyed.start(now), model.start(now)),
                    Act::Done(key) => {
                        if let Some(at) = model.running(key) {
                            model.items.remove(at);
                            keyed.done(&key);
                        }
                    }
                    Act::Pause(key, time) => {
                        if let Some(at) = model.running(key) {
                            let until = now.saturating_add(time);
                            model.items[at].1 += 1_000;
                            model.items[at].2 = State::Until(until);
                            keyed.pause(&key, model.items[at].1, until);
                        }
                    }
                    Act::Pass(time) => now = now.saturating_add(time),
                }
                prop_assert_eq!(keyed.len(), model.items.len());
                let items: Vec<_> = model.items.iter().map(|it| it.1).collect();
                prop_assert_eq!(keyed.all().into_iter().copied().collect::<Vec<_>>(), items);
                let due = model.next_due(now);
                prop_assert!(due.is_none() || keyed.next_due().is_some_and(|it| Some(it) <= due));
            }
        }
    }

    #[test]
    fn keys_that_wait_longest_are_let_go_whole_and_in_their_order() {
        let mut keyed = Keyed::<_, _, u8>::default();
        for (key, item) in [("a", 1), ("b", 2), ("a", 3), ("c", 4), ("b", 5), ("d", 6)] {
            keyed.add(key, item);
        }
        for (key, item, until) in [("a", 1, 9), ("b", 2, 5), ("c", 4, 7)] {
            assert_eq!(keyed.start(0), Some((key, item)));
            keyed.pause(&key, 10 + item, until);
        }
        assert_eq!((keyed.waiting(), keyed.len()), (5, 6));
        assert!(keyed.let_go(5, |_| true).is_empty());
        assert!(keyed.let_go(0, |until| until > 9).is_empty());
        let gone = keyed.let_go(2, |until| until > 5);
        assert_eq!(gone, [("a", 9, vec![11, 3]), ("c", 7, vec![14])]);
        assert_eq!((keyed.waiting(), keyed.len(), keyed.next_due()), (2, 3, Some(5)));
        assert!(keyed.let_go(0, |until| until > 5).is_empty());
        // A key that comes again is a key like any other.
        keyed.add("a", 1);
        let started: Vec<_> = std::iter::from_fn(|| keyed.start(5)).collect();
        assert_eq!(started, [("b", 12), ("d", 6), ("a", 1)]);
    }

    #[test]
    fn a_key_is_out_while_one_of_its_items_is_worked_on() {
        let mut keyed = Keyed::<_, _, u8>::default();
        for (key, item) in [("a", 1), ("a", 2), ("b", 3)] {
            keyed.add(key, item);
        }
        assert_eq!(
            [keyed.start(0), keyed.start(0), keyed.start(0)],
            [Some(("a", 1)), Some(("b", 3)), None]
        );
        keyed.pause(&"a", 1, 5);
        keyed.done(&"b");
        assert_eq!((keyed.start(4), keyed.next_due()), (None, Some(5)));
        assert_eq!((keyed.start(5), keyed.next_due()), (Some(("a", 1)), None));
        keyed.done(&"a");
        assert_eq!(keyed.start(5), Some(("a", 2)));
        keyed.done(&"a");
        assert_eq!((keyed.start(5), keyed.len()), (None, 0));
    }
}
