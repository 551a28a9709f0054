use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    EventPayload, Lane, Message, Outbox, OutboxPosition, OutboxStore, RowEnd,
};
use strangler_fig::phase::NodeId;
use strangler_fig::testkit::conformance::OutboxFixture;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, timeout};

use super::outbox_fault::Fault;

pub(crate) const LANES: u16 = 8;

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) position: OutboxPosition,
    pub(crate) lane: Lane,
    pub(crate) message: Message,
    pub(crate) is_spoilt: bool,
    pub(crate) attempts: u32,
    pub(crate) refusals: u32,
    pub(crate) staged: Instant,
    pub(crate) state: RowState,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RowState {
    Due,
    PutOff(Instant),
    Parked(String, Instant),
    Sent(Instant),
    Discarded,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    pub(crate) epoch: u64,
    pub(crate) by: Option<(NodeId, Instant)>,
    /// Who had it last.
    pub(crate) last: Option<NodeId>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) rows: BTreeMap<OutboxPosition, Row>,
    pub(crate) last: u64,
    pub(crate) lanes: Vec<Held>,
    pub(crate) relays: HashMap<NodeId, Instant>,
    pub(crate) fetched: BTreeSet<OutboxPosition>,
    locks: HashMap<String, Arc<tokio::sync::Mutex<()>>>,
}

/// An outbox in memory that breaks the contract in one way.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    pub(crate) fault: Fault,
    state: Arc<Mutex<State>>,
    /// Another handle is that of another process.
    pub(crate) is_first: bool,
}

pub(crate) struct Transaction {
    broken: Broken,
    staged: Vec<Row>,
    /// In an order: so they are let go, and a seed is played the same way.
    held: BTreeMap<String, OwnedMutexGuard<()>>,
    is_committed: bool,
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if self.broken.is(Fault::RollbackKeepsLocks) && !self.is_committed {
            std::mem::take(&mut self.held).into_values().for_each(std::mem::forget);
        }
    }
}

impl Broken {
    pub(crate) fn new(fault: Fault) -> Self {
        let lanes = vec![Held::default(); usize::from(LANES)];
        let state = State { lanes, ..State::default() };
        Self { fault, state: Arc::new(Mutex::new(state)), is_first: true }
    }

    pub(crate) fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn end(&self, term: Duration) -> Instant {
        let is_endless = self.is(Fault::ZeroIsForEver) && term.is_zero();
        Instant::now() + if is_endless { Duration::from_secs(1 << 32) } else { term }
    }

    /// A key, as it is compared.
    pub(crate) fn key(&self, message: &Message) -> String {
        let key = message.event.key.as_str();
        if !self.is(Fault::KeysAreCollated) {
            return key.to_owned();
        }
        key.trim_end().to_lowercase().replace("a\u{301}", "a").replace('\u{e1}', "a")
    }

    fn stored(&self, message: &Message) -> Message {
        let mut message = message.clone();
        let payload = &message.event.payload;
        match (self.fault, payload.as_json(), payload.content_type()) {
            (Fault::JsonIsRewritten, Some(json), _) => {
                let value: serde_json::Value = serde_json::from_str(json.as_str()).unwrap();
                message.event.payload = EventPayload::json(&value).unwrap();
            }
            (Fault::BytesAreText, None, Some(content_type)) => {
                let text = String::from_utf8_lossy(payload.as_bytes().unwrap()).into_owned();
                let cut: String = text.chars().take(1000).collect();
                message.event.payload = EventPayload::bytes(content_type, cut).unwrap();
            }
            (Fault::TopicIsLowered, ..) => {
                message.topic = message.topic.as_str().to_lowercase().parse().unwrap();
            }
            _ => {}
        }
        message
    }

    fn lane(&self, message: &Message, position: u64) -> Lane {
        let lanes = LANES.try_into().unwrap();
        if self.is(Fault::LanesAreDrawn) {
            return Lane(u16::try_from(position % u64::from(LANES)).unwrap());
        }
        Lane::of(&message.event.key, lanes)
    }

    /// Whether what is there is seen by this handle.
    pub(crate) fn sees(&self) -> bool {
        self.is_first || !self.is(Fault::RowsInTheProcess)
    }

    async fn hold(&self, transaction: &mut Transaction, key: String) -> Result<(), StoreError> {
        let key = if self.is(Fault::OneLock) { String::new() } else { key };
        if self.is(Fault::NoKeyLock) || transaction.held.contains_key(&key) {
            return Ok(());
        }
        let lock = Arc::clone(self.lock().locks.entry(key.clone()).or_default());
        let held = timeout(Duration::from_secs(9), lock.lock_owned()).await;
        let held = held.map_err(|_| StoreError::unavailable("it is locked"))?;
        transaction.held.insert(key, held);
        Ok(())
    }
}

#[async_trait]
impl Outbox<Transaction> for Broken {
    async fn stage(
        &self,
        transaction: &mut Transaction,
        messages: &[Message],
    ) -> Result<(), StoreError> {
        let keys: BTreeSet<_> = messages.iter().map(|message| self.key(message)).collect();
        for key in keys {
            self.hold(transaction, key).await?;
        }
        let mut messages: Vec<_> = messages.iter().map(|message| self.stored(message)).collect();
        if self.is(Fault::CallReversed) {
            messages.reverse();
        }
        let mut state = self.lock();
        for message in messages {
            let event = &message.event;
            let is_there = |row: &Row| {
                (&row.message.event.key, &row.message.event.id) == (&event.key, &event.id)
            };
            let mut others = state.rows.values().chain(&transaction.staged);
            if self.is(Fault::EventsAreUnique) && others.any(is_there) {
                continue;
            }
            state.last += 1;
            let row = Row {
                position: OutboxPosition(state.last),
                lane: self.lane(&message, state.last),
                message,
                is_spoilt: false,
                attempts: 0,
                refusals: 0,
                staged: Instant::now(),
                state: RowState::Due,
            };
            if self.is(Fault::WritesAtOnce) {
                state.rows.insert(row.position, row);
            } else {
                transaction.staged.push(row);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl OutboxFixture for Broken {
    type Transaction = Transaction;

    fn outbox(&self) -> Arc<dyn Outbox<Transaction>> {
        Arc::new(self.clone())
    }

    fn store(&self) -> Arc<dyn OutboxStore> {
        Arc::new(self.clone())
    }

    async fn reopened(&self) -> Arc<dyn OutboxStore> {
        Arc::new(Self { is_first: false, ..self.clone() })
    }

    async fn begin(&self) -> Result<Transaction, StoreError> {
        let (broken, held) = (self.clone(), BTreeMap::new());
        Ok(Transaction { broken, staged: Vec::new(), held, is_committed: false })
    }

    async fn commit(&self, mut transaction: Transaction) -> Result<(), StoreError> {
        let staged = std::mem::take(&mut transaction.staged);
        self.lock().rows.extend(staged.into_iter().map(|row| (row.position, row)));
        transaction.is_committed = true;
        Ok(())
    }

    async fn spoil(&self, position: OutboxPosition) -> bool {
        self.lock().rows.get_mut(&position).is_some_and(|row| {
            row.is_spoilt = true;
            true
        })
    }
}

impl Row {
    /// Whether it is neither sent nor gone.
    pub(crate) fn is_there(&self) -> bool {
        !matches!(self.state, RowState::Sent(_) | RowState::Discarded)
    }

    pub(crate) fn is_parked(&self) -> bool {
        matches!(self.state, RowState::Parked(..))
    }

    pub(crate) fn is_put_off(&self, now: Instant) -> bool {
        matches!(self.state, RowState::PutOff(due) if due > now)
    }

    pub(crate) fn end(&mut self, fault: Fault, end: &RowEnd) {
        match end {
            RowEnd::Sent => self.state = RowState::Sent(Instant::now()),
            RowEnd::Retry { delay, .. } | RowEnd::Refused { delay, .. } => {
                let is_refusal = match fault {
                    Fault::RefusedDoesNotCount => false,
                    Fault::RetryIsARefusal => true,
                    _ => matches!(end, RowEnd::Refused { .. }),
                };
                self.refusals += u32::from(is_refusal);
                self.attempts += u32::from(fault != Fault::RetryDoesNotCount);
                let delay = if fault == Fault::RetryIsAtOnce { Duration::ZERO } else { *delay };
                self.state = RowState::PutOff(Instant::now() + delay);
            }
            RowEnd::Parked { reason } => {
                let reason = if fault == Fault::ReasonIsLost { "" } else { reason };
                self.state = RowState::Parked(reason.to_owned(), Instant::now());
            }
        }
    }
}
