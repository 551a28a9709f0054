use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, OwnedMutexGuard};
use tokio::time::{Instant, timeout};

use super::inbox::Seen;
use super::outbox_lanes::Lanes;
use super::outbox_rows::Rows;
use super::{InMemoryInbox, InMemoryOutbox};
use crate::error::StoreError;
use crate::event::{EventKey, Message, OutboxPosition};
use crate::observe::Glimpse;

/// How long a transaction waits for another that stages the same key: long enough for any that goes on, and two that
/// wait for each other part again.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// How many lanes an outbox has.
const LANES: u16 = 16;

/// An outbox and an inbox in one store, so that a transaction may take an event, have its effect, and stage what follows
/// from it.
///
/// ```
/// use strangler_fig::event::{Arrival, EventEnvelope, EventPayload, Inbox, Outbox, OutboxStore};
/// use strangler_fig::memory::in_memory_mail;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (outbox, inbox) = in_memory_mail();
/// let [source, paid, shipped, order] = ["/shop", "order.paid", "order.shipped", "order-4711"];
/// let event = |id: &str, kind: &str| -> Result<_, strangler_fig::event::TextError> {
///     let payload = EventPayload::default();
///     Ok(EventEnvelope::new(id.parse()?, source.parse()?, kind.parse()?, order.parse()?, payload))
/// };
///
/// let mut transaction = outbox.begin();
/// let first = inbox.admit(&mut transaction, &"shipping".parse()?, &event("1", paid)?).await?;
/// assert_eq!(first, Arrival::First);
/// let message = event("2", shipped)?.to("orders".parse()?);
/// outbox.stage(&mut transaction, &[message]).await?;
/// transaction.commit()?;
/// assert_eq!(outbox.depth().await?.pending, 1);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn in_memory_mail() -> (InMemoryOutbox, InMemoryInbox) {
    let mail = Arc::new(Mail::default());
    (InMemoryOutbox(Arc::clone(&mail)), InMemoryInbox(mail))
}

/// What both halves share.
pub(super) struct Mail {
    state: Mutex<MailState>,
    locks: Mutex<HashMap<Lock, Weak<tokio::sync::Mutex<()>>>>,
    /// Told when there is something to be sent.
    pub(super) staged: Notify,
}

pub(super) struct MailState {
    pub(super) rows: Rows,
    pub(super) lanes: Lanes,
    pub(super) seen: HashMap<Seen, Instant>,
}

/// What a transaction keeps others from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Lock {
    /// Staging a key.
    Key(EventKey),
    /// Admitting an event.
    Event(Seen),
}

/// How many there are only.
impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("rows", &Glimpse::of(&self.state, |state| state.rows.counts()))
            .field("seen", &Glimpse::of(&self.state, |state| state.seen.len()))
            .finish_non_exhaustive()
    }
}

impl Default for Mail {
    fn default() -> Self {
        let lanes = Lanes::new(LANES);
        let state = MailState { rows: Rows::new(lanes.count()), lanes, seen: HashMap::new() };
        Self { state: Mutex::new(state), locks: Mutex::default(), staged: Notify::new() }
    }
}

impl Mail {
    pub(super) fn lock(&self) -> MutexGuard<'_, MailState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever waits for something to be sent, and whoever is about to.
    pub(super) fn tell(&self) {
        self.staged.notify_waiters();
        self.staged.notify_one();
    }

    /// The lock of this name, which is there as long as somebody wants it.
    fn lock_named(&self, name: &Lock) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = locks.get(name).and_then(Weak::upgrade) {
            return found;
        }
        if locks.len() > 64 {
            locks.retain(|_, lock| lock.strong_count() > 0);
        }
        let made = Arc::default();
        locks.insert(name.clone(), Arc::downgrade(&made));
        made
    }

    pub(super) fn begin(self: &Arc<Self>) -> InMemoryMailTransaction {
        InMemoryMailTransaction {
            mail: Arc::clone(self),
            is_broken: false,
            staged: Vec::new(),
            seen: HashSet::new(),
            effects: Vec::new(),
            held: BTreeMap::new(),
        }
    }
}

/// A transaction on what [`in_memory_mail`] has made. What was done in it is gone if it is dropped.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use strangler_fig::memory::InMemoryInbox;
///
/// let orders = Arc::new(AtomicU32::new(0));
/// let [counted, lost] = [(); 2].map(|()| {
///     let (orders, mut transaction) = (Arc::clone(&orders), InMemoryInbox::default().begin());
///     transaction.on_commit(move || {
///         orders.fetch_add(1, Ordering::Relaxed);
///     });
///     transaction
/// });
/// counted.commit()?;
/// drop(lost);
/// assert_eq!(orders.load(Ordering::Relaxed), 1);
/// # Ok::<(), strangler_fig::error::StoreError>(())
/// ```
pub struct InMemoryMailTransaction {
    mail: Arc<Mail>,
    /// A call in it is not over, was dropped, or has failed.
    is_broken: bool,
    staged: Vec<(OutboxPosition, Message, Instant)>,
    seen: HashSet<Seen>,
    effects: Vec<Box<dyn FnOnce() + Send>>,
    held: BTreeMap<Lock, OwnedMutexGuard<()>>,
}

impl InMemoryMailTransaction {
    /// Does something when, and only if, it commits, in the same moment: the effect of an event, on data of your own.
    /// It must not ask the outbox or the inbox for anything. One that panics ends the commit, and nothing is staged or seen;
    /// what those before it have done is theirs to undo.
    pub fn on_commit(&mut self, effect: impl FnOnce() + Send + 'static) {
        self.effects.push(Box::new(effect));
    }

    /// Makes what was done in it visible, all at once.
    ///
    /// # Errors
    ///
    /// `Conflict` if a call in it has failed or was dropped: nothing was done.
    ///
    /// # Panics
    ///
    /// If an effect does.
    pub fn commit(self) -> Result<(), StoreError> {
        self.check()?;
        let mut state = self.mail.lock();
        // Nobody sees what they do before the rest, for nobody else has the state.
        for effect in self.effects {
            effect();
        }
        let has_staged = !self.staged.is_empty();
        for (position, message, staged) in self.staged {
            state.rows.insert(position, message, staged);
        }
        let now = Instant::now();
        state.seen.extend(self.seen.into_iter().map(|seen| (seen, now)));
        drop(state);
        drop(self.held);
        if has_staged {
            self.mail.tell();
        }
        Ok(())
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.is_broken {
            let why = "a call in this transaction has failed, or was dropped";
            return Err(StoreError::conflict(why));
        }
        Ok(())
    }

    /// Takes locks to the end of the transaction, in their order.
    pub(super) async fn hold(
        &mut self,
        mail: &Arc<Mail>,
        wanted: BTreeSet<Lock>,
    ) -> Result<(), StoreError> {
        self.check()?;
        if !Arc::ptr_eq(mail, &self.mail) {
            return Err(StoreError::rejected("the transaction is one of another store"));
        }
        self.is_broken = true;
        for name in wanted {
            if self.held.contains_key(&name) {
                continue;
            }
            let lock = mail.lock_named(&name).lock_owned();
            let held = timeout(LOCK_WAIT, lock).await.map_err(|_| {
                StoreError::unavailable("another transaction is at it, and does not end")
            })?;
            self.held.insert(name, held);
        }
        self.is_broken = false;
        Ok(())
    }

    /// Notes messages, whose keys it holds.
    pub(super) fn stage(&mut self, messages: &[Message]) {
        let now = Instant::now();
        let mut state = self.mail.lock();
        for message in messages {
            self.staged.push((state.rows.next_position(), message.clone(), now));
        }
    }

    /// Notes an event, which it holds; answers whether it is the first time.
    pub(super) fn see(&mut self, seen: Seen) -> bool {
        !self.mail.lock().seen.contains_key(&seen) && self.seen.insert(seen)
    }
}

impl fmt::Debug for InMemoryMailTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMemoryMailTransaction").finish_non_exhaustive()
    }
}
