//! Decides whether a history is linearizable.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::num::NonZeroUsize;

use super::log::History;
use super::operation::Operation;
use super::timeline::Timeline;
use super::verdict::Verdict;
use super::violation::Violation;
use super::walk::{BadRead, Walk};

/// How many possible values a violation names.
const EXPECTED_MAX: usize = 8;

/// Decides whether a history is linearizable: whether every operation can have
/// taken effect at one instant between its invocation and its response.
///
/// Keys are independent, so each is checked on its own. A read at whose
/// response no order is left is counted and dropped, and the walk goes on as
/// if it had not been.
///
/// # How
///
/// The checker walks the events of a key in ticket order and keeps every
/// *configuration* that explains the responses so far: the value the record
/// holds, and which open operations have taken effect (Wing and Gong 1993;
/// Lowe 2017, *Testing for linearizability*). Naively there are as many as
/// there are subsets of the open operations. These reductions keep them few.
///
/// 1. **Just in time.** An order stays valid if operations take effect later,
///    in the same order, as long as each does so by its response. So effects
///    need to be placed only at responses, and only if the operation that
///    responds has not taken effect yet.
/// 2. **Hiding.** Of the writes placed at one response, all but the last are
///    overwritten at once. Only the last is placed; the others stay open, and
///    may be *hidden* later: placed just before the current value was, if they
///    were invoked before that. The choice, hidden or placed now, is made when
///    the write responds, or a read of its value does. To be hidden just before
///    the youngest placement is best: all later reads that were served by an
///    older one are served there as well.
/// 3. **Eager reads.** A read changes nothing, so it is served as soon as its
///    value is current while it is open, or is hidden while it is open.
/// 4. **The most urgent write.** If a read needs some write of its value,
///    take the open one that responds first: any order in which another was
///    taken is as good with the two exchanged. Unknown writes never respond,
///    so they come last, and among them the oldest comes first. Unknown deletes
///    are thus never told apart: only their number counts.
/// 5. **Unknown writes only for reads.** An unknown write that serves no read
///    is as good as one that never happened, so it is never placed; one that no
///    read returned costs nothing. Once an unknown write has taken effect in
///    every configuration (for a unique value: at the first response of a read
///    of it) it is closed like an acknowledged one.
/// 6. **Dominance.** Of two configurations with the same value, one is dropped
///    if the other has taken no write that it has not, serves every open read
///    that it does, and placed its value no earlier. Whatever the first goes on
///    to do, the other can do too: a write taken only by the first was invoked
///    before its value was placed, so the other can hide it.
///
/// # Example
///
/// ```
/// use strangler_fig::testkit::history::{HistoryChecker, HistoryRecorder};
///
/// let recorder = HistoryRecorder::<u64, String>::new();
/// recorder.final_read(7, Some("never written".into()));
/// let verdict = HistoryChecker::default().check(&recorder.history());
/// assert_eq!(verdict.invented, 1);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct HistoryChecker {
    configurations_max: NonZeroUsize,
}

impl Default for HistoryChecker {
    /// At most 100,000 configurations.
    fn default() -> Self {
        let configurations_max = NonZeroUsize::new(100_000).expect("it is not zero");
        Self { configurations_max }
    }
}

impl HistoryChecker {
    /// Gives a key up as undecided when more than this many configurations are
    /// possible at one of its events.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use strangler_fig::testkit::history::{HistoryChecker, HistoryRecorder};
    ///
    /// let recorder = HistoryRecorder::new();
    /// let [one, two] = [1, 2].map(|value| recorder.invoke_write("fig", Some(value)));
    /// one.ok(); // the record holds 1, or already 2
    /// two.ok();
    ///
    /// let hasty = HistoryChecker::default().with_configurations_max(NonZeroUsize::MIN);
    /// assert_eq!(hasty.check(&recorder.history()).undecided_keys, 1);
    /// assert!(HistoryChecker::default().check(&recorder.history()).is_linearizable());
    /// ```
    #[must_use]
    pub fn with_configurations_max(self, configurations_max: NonZeroUsize) -> Self {
        Self { configurations_max }
    }

    /// Checks every key of `history`.
    #[must_use]
    pub fn check<K, V>(&self, history: &History<K, V>) -> Verdict<K, V>
    where
        K: Ord + Clone + Debug,
        V: Eq + Hash + Clone + Debug,
    {
        let mut initial = BTreeMap::new();
        for (key, value) in history.initial() {
            initial.entry(key).or_insert(value.as_ref());
        }
        let mut verdict = Verdict::nothing_yet();
        for (key, operations) in by_key(history.operations()) {
            let before = initial.get(key).copied().flatten();
            self.check_key(before, &operations, &mut verdict);
        }
        verdict
    }

    fn check_key<K: Clone, V: Eq + Hash + Clone>(
        self,
        initial: Option<&V>,
        operations: &[&Operation<K, V>],
        verdict: &mut Verdict<K, V>,
    ) {
        verdict.keys += 1;
        for operation in operations {
            verdict.count(operation);
        }
        let timeline = Timeline::new(initial, operations);
        let mut walk = Walk::new(&timeline);
        for event in &timeline.events {
            if let Some(bad) = walk.step(*event) {
                verdict.blame(bad.kind, || violation(bad, &walk, &timeline));
            }
            if walk.width() > self.configurations_max.get() {
                verdict.undecided_keys += 1;
                return;
            }
        }
    }
}

/// Checks every key of `history`, with the default limit.
///
/// ```
/// use strangler_fig::testkit::history::{HistoryRecorder, check};
///
/// let recorder = HistoryRecorder::<&str, u32>::new();
/// recorder.invoke_write("fig", Some(1)).ok();
/// recorder.invoke_read("fig").read(Some(1));
/// assert!(check(&recorder.history()).is_linearizable());
/// ```
#[must_use]
pub fn check<K, V>(history: &History<K, V>) -> Verdict<K, V>
where
    K: Ord + Clone + Debug,
    V: Eq + Hash + Clone + Debug,
{
    HistoryChecker::default().check(history)
}

fn by_key<K: Ord, V>(operations: &[Operation<K, V>]) -> BTreeMap<&K, Vec<&Operation<K, V>>> {
    let mut by_key: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for operation in operations {
        by_key.entry(&operation.key).or_default().push(operation);
    }
    by_key
}

fn violation<K: Clone, V: Clone>(
    bad: BadRead,
    walk: &Walk<'_, '_, K, V>,
    timeline: &Timeline<'_, K, V>,
) -> Violation<K, V> {
    let entry = &timeline.entries[bad.id];
    let expected = walk.possible(entry.responded).take(EXPECTED_MAX);
    Violation {
        kind: bad.kind,
        read: entry.operation.clone(),
        expected: expected.map(Option::<&V>::cloned).collect(),
    }
}
