use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::Metadata;
use std::time::SystemTime;

use foldhash::fast::RandomState;

use super::quiet::Quiet;

/// What is known of the files of a directory, and the rule by which what somebody has found out about one is taken in.
///
/// Several find things out at once, and nobody keeps others waiting for the disk: who asks about a file, looks at it
/// and tells what was found may be late. So a finding counts only if nobody has written anything of that file between
/// the question and the answer; else it is to be found out anew. What is written of a file is thus always as if the
/// file had been looked at under the lock: none that is new is lost to an older look, and none that is gone comes back.
#[derive(Debug)]
pub(in crate::memory) struct Known<T> {
    live: HashMap<OsString, Entry<T>, RandomState>,
    settled: HashMap<OsString, Entry<T>, RandomState>,
    /// Counts the questions and the answers.
    now: u64,
    /// When one was taken out last.
    removed: u64,
    /// If whatever has a name is known.
    pub(super) quiet: Option<Quiet>,
}

#[derive(Debug)]
struct Entry<T> {
    version: Version,
    /// `None` if it cannot be read.
    content: Option<Box<T>>,
    /// When this was written.
    written: u64,
    /// When its name was seen last.
    seen: u64,
}

/// What a file is told by: it grows with every change, or is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// It could not be looked at: whatever is seen next is new.
    Unsure,
    Of {
        bytes: u64,
        modified: Option<SystemTime>,
    },
}

/// A file that is to be looked at.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) name: OsString,
    /// What is known of it, if something is.
    pub(super) before: Option<Version>,
}

/// What was found out about a file.
#[derive(Debug)]
pub(super) enum Finding<T> {
    /// It is not there.
    Gone,
    /// It is as it was.
    Same,
    /// It could not be looked at: what is known of it stays.
    Unseen,
    /// It could not be read just now.
    Unread,
    /// It is this; `None` if it cannot be read as long as it stays as it is.
    Is(Version, Option<Box<T>>),
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        let (live, settled) = (HashMap::default(), HashMap::default());
        Self { live, settled, now: 0, removed: 0, quiet: None }
    }
}

impl<T> Known<T> {
    /// A moment after all before.
    pub(super) fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }

    /// What is to be found out about files that were seen to be there, and the moment of the question. What is settled
    /// is not looked at again, unless all is.
    pub(super) fn ask(&mut self, names: Vec<OsString>, is_all: bool) -> (u64, Vec<Question>) {
        let now = self.tick();
        let ask = |name: OsString| {
            let (entry, is_settled) = match self.settled.get_mut(&name) {
                Some(entry) => (Some(entry), true),
                None => (self.live.get_mut(&name), false),
            };
            let before = entry.map(|entry| {
                entry.seen = now;
                entry.version
            });
            (is_all || !is_settled).then_some(Question { name, before })
        };
        (now, names.into_iter().filter_map(ask).collect())
    }

    /// Takes in what was found out since it was `asked`; answers about which files it is to be found out anew.
    pub(super) fn take_in(
        &mut self,
        asked: u64,
        found: Vec<(OsString, Finding<T>)>,
        is_settled: impl Fn(&T) -> bool,
    ) -> Vec<OsString> {
        let now = self.tick();
        let mut disputed = Vec::new();
        for (name, finding) in found {
            let known = self.entry(&name).map(|entry| (entry.written, entry.version));
            if known.map_or(self.removed, |(written, _)| written) <= asked {
                self.write(now, name, finding, &is_settled);
            } else if !finding.says(known.map(|(_, version)| version)) {
                disputed.push(name);
            }
        }
        disputed
    }

    fn write(
        &mut self,
        now: u64,
        name: OsString,
        finding: Finding<T>,
        is_settled: impl Fn(&T) -> bool,
    ) {
        let (version, content) = match finding {
            Finding::Same => return,
            Finding::Gone => return self.remove(&name),
            Finding::Unseen => match self.entry(&name) {
                Some(entry) => {
                    (entry.version, entry.written) = (Version::Unsure, now);
                    return;
                }
                None => (Version::Unsure, None),
            },
            Finding::Unread => (Version::Unsure, None),
            Finding::Is(version, content) => (version, content),
        };
        self.live.remove(&name);
        self.settled.remove(&name);
        let is_settled = content.as_deref().is_some_and(is_settled);
        let entries = if is_settled { &mut self.settled } else { &mut self.live };
        entries.insert(name, Entry { version, content, written: now, seen: now });
    }

    fn entry(&mut self, name: &OsStr) -> Option<&mut Entry<T>> {
        self.live.get_mut(name).or_else(|| self.settled.get_mut(name))
    }

    fn remove(&mut self, name: &OsStr) {
        if self.live.remove(name).or_else(|| self.settled.remove(name)).is_some() {
            self.removed = self.now;
        }
    }

    /// Forgets a file, also what somebody is finding out about it: the next who sees its name looks at it.
    #[cfg(feature = "http")]
    pub(super) fn forget(&mut self, name: &OsStr) {
        self.remove(name);
        self.removed = self.tick();
        self.quiet = None;
    }

    /// All names were read, and what they stand for was found out, since `begun`.
    pub(super) fn fall_quiet(&mut self, quiet: Option<Quiet>, begun: u64) {
        self.quiet = quiet.filter(|_| self.removed < begun);
    }

    /// Those whose names nobody has seen since then.
    pub(super) fn unseen_since(&self, then: u64) -> Vec<OsString> {
        let all = self.live.iter().chain(&self.settled);
        all.filter(|(_, entry)| entry.seen < then).map(|(name, _)| name.clone()).collect()
    }

    pub(super) fn live_names(&self) -> Vec<OsString> {
        self.live.keys().cloned().collect()
    }

    /// Those that can be read, but for the settled ones.
    #[cfg(feature = "http")]
    pub(in crate::memory) fn live(&self) -> impl Iterator<Item = &T> {
        self.live.values().filter_map(|entry| entry.content.as_deref())
    }

    /// Those that can be read.
    pub(in crate::memory) fn all(&self) -> impl Iterator<Item = &T> {
        let all = self.live.values().chain(self.settled.values());
        all.filter_map(|entry| entry.content.as_deref())
    }
}

impl<T> Finding<T> {
    /// Whether it adds nothing to what is known.
    fn says(&self, known: Option<Version>) -> bool {
        match self {
            Self::Gone => known.is_none(),
            Self::Is(version, _) => known == Some(*version),
            Self::Same | Self::Unseen | Self::Unread => false,
        }
    }
}

impl Version {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self::Of { bytes: metadata.len(), modified: metadata.modified().ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a file holds is which of its changes somebody has seen.
    type Seen = u64;

    fn version(change: Seen) -> Version {
        Version::Of { bytes: change, modified: None }
    }

    fn is(change: Seen) -> Finding<Seen> {
        Finding::Is(version(change), Some(Box::new(change)))
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "it is asked so of what is larger")]
    fn is_settled(change: &Seen) -> bool {
        change % 3 == 0
    }

    fn ask(known: &mut Known<Seen>, name: &str) -> u64 {
        known.ask(vec![name.into()], true).0
    }

    /// Whether it counts.
    fn tell(known: &mut Known<Seen>, asked: u64, name: &str, finding: Finding<Seen>) -> bool {
        known.take_in(asked, vec![(name.into(), finding)], is_settled).is_empty()
    }

    fn all(known: &Known<Seen>) -> Vec<Seen> {
        let mut all: Vec<_> = known.all().copied().collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn an_older_look_undoes_no_newer_one() {
        let mut known = Known::default();
        let (early, late) = (ask(&mut known, "a"), ask(&mut known, "a"));
        assert!(tell(&mut known, late, "a", is(2)));
        assert!(!tell(&mut known, early, "a", is(1)));
        assert!(!tell(&mut known, early, "a", Finding::Gone));
        assert!(tell(&mut known, early, "a", is(2)), "they agree");
        assert_eq!(all(&known), [2]);
    }

    #[test]
    fn what_is_gone_does_not_come_back() {
        let mut known = Known::default();
        let early = ask(&mut known, "a");
        for finding in [is(3), Finding::Gone] {
            let asked = ask(&mut known, "a");
            assert!(tell(&mut known, asked, "a", finding));
        }
        assert!(!tell(&mut known, early, "a", is(3)));
        assert!(all(&known).is_empty());
    }

    #[cfg(feature = "http")]
    #[test]
    fn what_is_forgotten_is_looked_at_anew_also_by_who_is_at_it() {
        let mut known = Known::default();
        let asked = ask(&mut known, "a");
        known.forget("a".as_ref());
        assert!(!tell(&mut known, asked, "a", is(3)));
        let (asked, questions) = known.ask(vec!["a".into()], false);
        assert_eq!(questions.len(), 1);
        assert!(tell(&mut known, asked, "a", is(3)));
        assert_eq!(known.ask(vec!["a".into()], false).1.len(), 0, "it is settled");
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_directory_is_not_quiet_if_a_file_was_forgotten_while_it_was_read() {
        use std::fs::{self, File};
        use std::time::Duration;

        let directory =
            std::env::temp_dir().join(format!("strangler-fig-quiet-{}", fastrand::u64(..)));
        fs::create_dir(&directory).unwrap();
        let opened = File::open(&directory).unwrap();
        opened.set_modified(SystemTime::now() - Duration::from_secs(3_600)).unwrap();
        let quiet = Quiet::of(&directory);
        fs::remove_dir(&directory).unwrap();
        assert!(quiet.is_some());
        let mut known = Known::<Seen>::default();
        let begun = known.tick();
        known.forget("a".as_ref());
        known.fall_quiet(quiet, begun);
        assert!(known.quiet.is_none());
        let begun = known.tick();
        known.fall_quiet(quiet, begun);
        assert!(known.quiet.is_some());
    }

    #[test]
    fn what_cannot_be_looked_at_stays_and_is_read_again_when_it_can() {
        let mut known = Known::default();
        let asked = ask(&mut known, "a");
        tell(&mut known, asked, "a", is(1));
        let (asked, _) = known.ask(vec!["a".into(), "b".into()], true);
        let found = ["a", "b"].map(|name| (name.into(), Finding::Unseen));
        known.take_in(asked, found.into(), is_settled);
        assert_eq!(all(&known), [1]);
        let (_, questions) = known.ask(vec!["a".into(), "b".into()], true);
        assert!(
            questions.iter().all(|question| question.before == Some(Version::Unsure)),
            "{questions:?}"
        );
    }

    #[test]
    fn names_that_nobody_has_seen_since_are_told() {
        let mut known = Known::default();
        for name in ["a", "b", "c"] {
            let asked = ask(&mut known, name);
            tell(&mut known, asked, name, is(3));
        }
        let then = known.tick();
        ask(&mut known, "a");
        known.ask(vec!["b".into()], false);
        assert_eq!(known.unseen_since(then), ["c"]);
    }

    /// Somebody who looks at a file: has asked, and has looked.
    type Looking = (u64, Option<(u64, Option<Seen>)>);

    #[test]
    fn in_whatever_order_they_ask_look_and_tell_what_is_known_never_grows_older() {
        let mut random = fastrand::Rng::with_seed(11);
        let (mut known, mut refused) = (Known::default(), 0);
        let (mut file, mut looking) = (None::<Seen>, Vec::<Looking>::new());
        let mut newest = 0;
        for moment in 1..100_000 {
            match random.u8(0..8) {
                0 => file = (file.is_none() || random.bool()).then_some(moment),
                1 if looking.len() < 5 => looking.push((ask(&mut known, "a"), None)),
                2..=4 if !looking.is_empty() => {
                    let who = random.usize(0..looking.len());
                    looking[who].1.get_or_insert((moment, file));
                }
                5..=7 if !looking.is_empty() => {
                    let who = random.usize(0..looking.len());
                    let (asked, Some((looked, found))) = looking[who] else { continue };
                    looking.swap_remove(who);
                    let before = all(&known);
                    if !tell(&mut known, asked, "a", found.map_or(Finding::Gone, is)) {
                        refused += 1;
                        continue;
                    }
                    assert_eq!(all(&known), Vec::from_iter(found), "at {moment}");
                    if before != all(&known) {
                        assert!(looked > newest, "what was seen at {newest} was newer");
                        newest = looked;
                    }
                }
                _ => {}
            }
        }
        assert!(refused > 1_000, "{refused} were refused");
    }
}
