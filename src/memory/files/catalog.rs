use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::known::{Finding, Known, Question, Version};
use super::quiet::Quiet;
use super::rounds::Rounds;

/// How many files are looked at between two short times with the lock.
const FILES: usize = 512;

/// What a catalog keeps of a file.
pub(in crate::memory) trait Summary: Sized {
    type Error;
    /// What the files' names end with.
    const ENDING: &'static str;

    /// What the file of this name holds, if it is there.
    fn glance(directory: &Path, name: &Path) -> Result<Option<Self>, Self::Error>;

    /// Nothing will change the file but a purge.
    fn is_settled(&self) -> bool;

    /// The names in the directory could not be read.
    fn failed(directory: &Path, source: io::Error) -> Self::Error;

    /// A file could not be looked at, for the first time if `is_news`. An error holds up all others.
    fn unseen(
        directory: &Path,
        name: &Path,
        why: io::Error,
        is_news: bool,
    ) -> Result<(), Self::Error>;

    /// A file could not be read, for the first time if `is_news`; answers whether that stays so as long as the file
    /// stays as it is. An error holds up all others.
    fn unread(why: Self::Error, is_news: bool) -> Result<bool, Self::Error>;
}

/// Which files a look is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::memory) enum Which {
    /// Those that are not settled; a settled one costs its name, and no more than that once the directory is quiet.
    #[cfg(feature = "http")]
    Live,
    All,
}

/// What is known of the files in a directory, so that a look reads only files that have changed since the
/// one before, and reports one that cannot be read only once.
///
/// Looks of one kind that are wanted at once are one. No lock is kept while the disk is asked, but that of a kind's
/// own: a look at what is live waits for none at all.
#[derive(Debug)]
pub(in crate::memory) struct Catalog<T> {
    known: Mutex<Known<T>>,
    /// Of looks at what is live, and at all.
    rounds: [Rounds; 2],
    stat: fn(&Path) -> io::Result<Metadata>,
}

impl<T> Default for Catalog<T> {
    fn default() -> Self {
        let (known, rounds) = (Mutex::default(), Default::default());
        Self { known, rounds, stat: |path| fs::symlink_metadata(path) }
    }
}

impl Which {
    const fn is_all(self) -> bool {
        matches!(self, Self::All)
    }
}

impl<T: Summary> Catalog<T> {
    /// What `look` makes of the files in a directory, each as it was at some moment after this call.
    pub(in crate::memory) fn look<A>(
        &self,
        directory: &Path,
        which: Which,
        look: impl FnOnce(&Known<T>) -> A,
    ) -> Result<A, T::Error> {
        let rounds = &self.rounds[usize::from(which.is_all())];
        rounds.wait(rounds.next(), || self.walk(directory, which))?;
        Ok(look(&self.known()))
    }

    /// Forgets what is known of a file: whoever sees its name again looks at it again.
    #[cfg(feature = "http")]
    pub(in crate::memory) fn forget(&self, name: &std::ffi::OsStr) {
        self.known().forget(name);
    }

    /// Looks at what is there now. Where that fails half-way, what is known stays, of then or of now.
    fn walk(&self, directory: &Path, which: Which) -> Result<(), T::Error> {
        let quiet = self.known().quiet;
        if !which.is_all() && quiet.is_some_and(|quiet| quiet.lasts(directory)) {
            let live = self.known().live_names();
            return self.find_out_all(directory, live.into_iter().map(Ok), which);
        }
        let (quiet, begun) = (Quiet::of(directory), self.known().tick());
        let failed = |source| T::failed(directory, source);
        let names = fs::read_dir(directory).map_err(failed)?.filter_map(|entry| {
            let name = entry.map(|entry| entry.file_name()).map_err(failed);
            let is_one = |name: &OsString| name.as_encoded_bytes().ends_with(T::ENDING.as_bytes());
            name.map(|name| is_one(&name).then_some(name)).transpose()
        });
        self.find_out_all(directory, names, which)?;
        self.find_out_gone(directory, begun)?;
        self.known().fall_quiet(quiet, begun);
        Ok(())
    }

    /// Looks for those whose names were not seen: one that was replaced meanwhile may have been passed by.
    fn find_out_gone(&self, directory: &Path, begun: u64) -> Result<(), T::Error> {
        let unseen = self.known().unseen_since(begun);
        self.find_out_all(directory, unseen.into_iter().map(Ok), Which::All)
    }

    fn find_out_all(
        &self,
        directory: &Path,
        names: impl Iterator<Item = Result<OsString, T::Error>>,
        which: Which,
    ) -> Result<(), T::Error> {
        let mut names = names.peekable();
        while names.peek().is_some() {
            let some = names.by_ref().take(FILES).collect::<Result<_, _>>()?;
            let disputed = self.find_out(directory, some, which)?;
            // One by one there is hardly time for others.
            for name in disputed {
                let mut one = vec![name];
                while !one.is_empty() {
                    one = self.find_out(directory, one, which)?;
                }
            }
        }
        Ok(())
    }

    /// Answers what is to be found out anew.
    fn find_out(
        &self,
        directory: &Path,
        names: Vec<OsString>,
        which: Which,
    ) -> Result<Vec<OsString>, T::Error> {
        let (asked, questions) = self.known().ask(names, which.is_all());
        let answer = |question| {
            let found = self.found(directory, &question)?;
            Ok((question.name, found))
        };
        let found = questions.into_iter().map(answer).collect::<Result<_, _>>()?;
        Ok(self.known().take_in(asked, found, T::is_settled))
    }

    fn found(&self, directory: &Path, question: &Question) -> Result<Finding<T>, T::Error> {
        let name = question.name.as_ref();
        let is_news = question.before != Some(Version::Unsure);
        let version = match (self.stat)(&directory.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Finding::Gone),
            Err(error) => {
                return T::unseen(directory, name, error, is_news).map(|()| Finding::Unseen);
            }
            Ok(metadata) => Version::of(&metadata),
        };
        if question.before == Some(version) {
            return Ok(Finding::Same);
        }
        match T::glance(directory, name) {
            Ok(Some(content)) => Ok(Finding::Is(version, Some(Box::new(content)))),
            Ok(None) => Ok(Finding::Gone),
            Err(error) => {
                let is_damaged = T::unread(error, is_news)?;
                Ok(if is_damaged { Finding::Is(version, None) } else { Finding::Unread })
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known<T>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::path::PathBuf;

    use super::*;

    thread_local! {
        /// How many files this thread was told for the first time that it cannot use.
        static NEWS: Cell<usize> = const { Cell::new(0) };
    }

    /// A file's whole text, which is settled if it says so.
    #[derive(Debug)]
    struct Text(String);

    impl Summary for Text {
        type Error = io::Error;
        const ENDING: &'static str = ".text";

        fn glance(directory: &Path, name: &Path) -> Result<Option<Self>, io::Error> {
            fs::read_to_string(directory.join(name)).map(|text| Some(Self(text)))
        }

        fn is_settled(&self) -> bool {
            self.0.starts_with("settled")
        }

        fn failed(_: &Path, source: io::Error) -> io::Error {
            source
        }

        fn unseen(_: &Path, _: &Path, why: io::Error, is_news: bool) -> Result<(), io::Error> {
            NEWS.set(NEWS.get() + usize::from(is_news));
            if why.kind() == io::ErrorKind::PermissionDenied { Ok(()) } else { Err(why) }
        }

        fn unread(_: io::Error, is_news: bool) -> Result<bool, io::Error> {
            NEWS.set(NEWS.get() + usize::from(is_news));
            Ok(false)
        }
    }

    /// A directory of its own, removed at the end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(test: &str, names: &[&str]) -> Self {
            let own = format!("strangler-fig-catalog-{}-{test}", std::process::id());
            let scratch = Self(std::env::temp_dir().join(own));
            fs::create_dir_all(&scratch.0).unwrap();
            for name in names {
                scratch.write(name, name);
            }
            scratch
        }

        fn write(&self, name: &str, text: &str) {
            fs::write(self.0.join(name).with_extension("text"), text).unwrap();
        }

        fn all(&self, catalog: &Catalog<Text>) -> Result<String, io::Error> {
            catalog.look(&self.0, Which::All, |known| {
                let mut all: Vec<_> = known.all().map(|text| text.0.clone()).collect();
                all.sort_unstable();
                all.join(" ")
            })
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn refuses_b(path: &Path) -> io::Result<Metadata> {
        let is_b = path.file_name().unwrap().to_string_lossy().starts_with('b');
        if is_b { Err(io::ErrorKind::PermissionDenied.into()) } else { fs::symlink_metadata(path) }
    }

    #[test]
    fn a_file_that_cannot_be_looked_at_is_not_lost_and_holds_up_no_other() {
        let scratch = Scratch::new("unseen", &["a", "b"]);
        let mut catalog = Catalog::default();
        assert_eq!(scratch.all(&catalog).unwrap(), "a b");
        catalog.stat = refuses_b;
        for (name, text) in [("a", "a2"), ("b", "b2"), ("bb", "bb"), ("c", "c")] {
            scratch.write(name, text);
        }
        for _ in 0..3 {
            assert_eq!(scratch.all(&catalog).unwrap(), "a2 b c");
        }
        assert_eq!(NEWS.get(), 2, "each is told once");
        catalog.stat = |path| fs::symlink_metadata(path);
        assert_eq!(scratch.all(&catalog).unwrap(), "a2 b2 bb c");
    }

    #[test]
    fn what_vanishes_between_its_name_and_the_look_at_it_is_no_failure() {
        fn removes_b(path: &Path) -> io::Result<Metadata> {
            if path.ends_with("b.text") {
                fs::remove_file(path)?;
            }
            fs::symlink_metadata(path)
        }
        let scratch = Scratch::new("vanishes", &["a", "b", "c"]);
        let catalog = Catalog { stat: removes_b, ..Catalog::default() };
        assert_eq!(scratch.all(&catalog).unwrap(), "a c");
        assert_eq!(NEWS.get(), 0);
    }

    #[test]
    fn a_look_that_fails_loses_nothing_that_is_known() {
        let scratch = Scratch::new("fails", &["a", "b"]);
        let mut catalog = Catalog::default();
        assert_eq!(scratch.all(&catalog).unwrap(), "a b");
        catalog.stat = |_| Err(io::ErrorKind::OutOfMemory.into());
        assert!(scratch.all(&catalog).is_err());
        assert_eq!(catalog.known().all().count(), 2);
    }

    #[test]
    fn a_name_that_a_walk_has_passed_by_is_looked_for_before_it_is_forgotten() {
        let scratch = Scratch::new("passed-by", &["a", "b", "c"]);
        let catalog = Catalog::<Text>::default();
        assert_eq!(scratch.all(&catalog).unwrap(), "a b c");
        fs::remove_file(scratch.0.join("b.text")).unwrap();
        let begun = catalog.known().tick();
        catalog.find_out_gone(&scratch.0, begun).unwrap();
        assert_eq!(catalog.known().all().count(), 2);
    }

    #[cfg(feature = "http")]
    #[test]
    fn a_look_at_what_is_live_waits_for_no_look_at_all() {
        use std::sync::Barrier;

        static GATE: Barrier = Barrier::new(2);
        let scratch = Scratch::new("waits", &["a", "settled"]);
        let mut catalog = Catalog::default();
        assert_eq!(scratch.all(&catalog).unwrap(), "a settled");
        catalog.stat = |path| {
            if path.ends_with("settled.text") {
                GATE.wait();
                GATE.wait();
            }
            fs::symlink_metadata(path)
        };
        std::thread::scope(|threads| {
            let all = threads.spawn(|| scratch.all(&catalog));
            GATE.wait();
            scratch.write("b", "b");
            let live = || catalog.look(&scratch.0, Which::Live, |known| known.live().count());
            let (told, hears) = std::sync::mpsc::channel();
            threads.spawn(move || told.send(live().unwrap()));
            let live = hears.recv_timeout(std::time::Duration::from_secs(30));
            GATE.wait();
            assert_eq!(live, Ok(2));
            assert_eq!(all.join().unwrap().unwrap(), "a b settled");
        });
    }
}
