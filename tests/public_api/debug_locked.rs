//! `Debug` waits for no lock: what is shown by whoever has it says that it is locked.

use std::cell::RefCell;
use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use strangler_fig::event::{ChangeFeed, Changed};
use strangler_fig::key::{Key, KeyError};
use strangler_fig::memory::{InMemoryChangeFeed, InMemoryInbox, in_memory_mail, in_memory_tables};
use strangler_fig::phase::{MigrationState, PhaseTracker, Side};
use strangler_fig::repository::{DivergenceReason, DivergenceSink, StampedRepository, Unstamped};
use strangler_fig::stamp::{Record, StampClock};

/// How it is shown by another thread, which is not to be kept waiting.
fn shown<T: Debug + Send + Sync + 'static>(it: &Arc<T>) -> String {
    let (tell, told) = mpsc::channel();
    let it = Arc::clone(it);
    thread::spawn(move || tell.send(format!("{it:?}")));
    told.recv_timeout(Duration::from_secs(10)).expect("it waits for the lock")
}

type Look = Box<dyn Fn() -> String>;

thread_local! {
    static LOOK: RefCell<Option<Look>> = const { RefCell::new(None) };
    static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// A key that looks at what copies it: under its lock, too.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Looker;

impl Clone for Looker {
    fn clone(&self) -> Self {
        let seen = LOOK.with_borrow(|look| look.as_ref().map(|look| look()));
        SEEN.with_borrow_mut(|all| all.extend(seen));
        Self
    }
}

impl Key for Looker {
    fn encode(&self, _: &mut Vec<u8>) {}

    fn decode(_: &mut &[u8]) -> Result<Self, KeyError> {
        Ok(Self)
    }
}

/// From now on copies of a [`Looker`] look at it.
fn look_at<T: Debug + Send + Sync + 'static>(it: T) -> Arc<T> {
    let it = Arc::new(it);
    let looked_at = Arc::clone(&it);
    LOOK.set(Some(Box::new(move || shown(&looked_at))));
    it
}

/// Whether what was looked at has said so at one of the looks.
fn has_said(words: &str) -> bool {
    SEEN.with_borrow(|all| all.iter().any(|seen| seen.contains(words)))
}

#[test]
fn a_sink_is_shown_while_it_takes_a_note() {
    let sink = look_at(DivergenceSink::new(NonZeroUsize::MIN));
    assert!(sink.note(Looker, DivergenceReason::Mismatch, None));
    assert!(has_said("keys: <locked>, notes: <locked>, overflowed: <locked>"));
    assert!(shown(&sink).contains("keys: 1, notes: 1, overflowed: false"));
}

#[tokio::test]
async fn a_side_without_stamps_is_shown_while_it_remembers_one() {
    let (rows, _) = in_memory_tables(|(): &()| Looker);
    let tracker = PhaseTracker::detached(MigrationState::new("rows".parse().unwrap()));
    let stamps = StampClock::new().unwrap();
    let side = look_at(Unstamped::new(rows, Side::Legacy, tracker, &stamps));
    side.apply(&Looker, &Record::live(stamps.now(), ())).await.unwrap();
    assert!(has_said("remembered: 0, in_doubt: <locked>"));
    assert!(has_said("remembered: <locked>, in_doubt: 0"));
    assert!(shown(&side).contains("remembered: 1, in_doubt: 0"));
}

#[tokio::test]
async fn a_feed_is_shown_while_it_is_read() {
    let feed = look_at(InMemoryChangeFeed::<Looker, ()>::default());
    feed.hint(Looker);
    let page = feed.changes(NonZeroUsize::MIN).await.unwrap();
    assert!(matches!(page.changes[..], [Changed::Hint(Looker)]));
    assert!(has_said("unsettled: <locked>"));
    assert!(shown(&feed).contains("unsettled: 1"));
}

#[test]
fn an_outbox_and_its_inbox_are_shown_while_a_transaction_commits() {
    let (outbox, inbox) = in_memory_mail();
    let mail: Arc<(_, InMemoryInbox)> = Arc::new((outbox, inbox));
    let seen = Arc::new(Mutex::new(String::new()));
    let mut transaction = mail.0.begin();
    let (to_show, to_tell) = (Arc::clone(&mail), Arc::clone(&seen));
    transaction.on_commit(move || *to_tell.lock().unwrap() = shown(&to_show));
    transaction.commit().unwrap();
    let while_locked = seen.lock().unwrap().clone();
    assert_eq!(while_locked.matches("rows: <locked>, seen: <locked>").count(), 2, "{while_locked}");
    assert_eq!(shown(&mail).matches("seen: 0").count(), 2);
}
