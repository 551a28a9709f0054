use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{EventId, Reply, ReplyStore};
use strangler_fig::saga::Payload;
use strangler_fig::testkit::conformance::ReplyStoreFixture;
use tokio::time::Instant;

/// One way to break the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// None.
    Sound,
    /// A later reply replaces the first one.
    LastWins,
    /// Every reply counts as the first.
    AllAreFirst,
    /// No reply counts as the first.
    NoneIsFirst,
    /// What was put is this process's only.
    NotDurable,
    /// It is looked first, and then written.
    LooksThenWrites,
    /// What was read once is remembered, also that there was nothing.
    AnOlderCopy,
    /// Correlations are compared as a careless collation does it.
    CaseIsIgnored,
    /// The same, of spaces at the end.
    SpacesAreIgnored,
    /// The column is a byte too short.
    CutsCorrelations,
    /// A correlation is looked for as a prefix.
    FindsByPrefix,
    /// Outputs are stored as values, and written anew.
    OutputIsAValue,
    /// The column of reasons has no room for spaces at the end.
    ReasonIsTrimmed,
    /// Nothing is ever purged.
    PurgesNothing,
    /// Their age does not matter.
    PurgesTheYoung,
    /// All that are old are purged at once.
    PurgesWithoutLimit,
    /// What was purged is hidden, but the place stays taken.
    PurgesHalf,
}

#[derive(Debug, Clone)]
struct Row {
    since: Instant,
    reply: Reply,
    is_hidden: bool,
}

type Rows = Arc<Mutex<BTreeMap<String, Row>>>;

/// A store in memory that breaks the contract in one way.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    fault: Fault,
    rows: Rows,
    copy: Arc<Mutex<BTreeMap<String, Option<Reply>>>>,
}

impl Broken {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, rows: Arc::default(), copy: Arc::default() }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn key(&self, correlation: &EventId) -> String {
        let text = correlation.as_str();
        match self.fault {
            Fault::CaseIsIgnored => text.to_lowercase(),
            Fault::SpacesAreIgnored => text.trim_end().to_owned(),
            Fault::CutsCorrelations => text.chars().take(255).collect(),
            _ => text.to_owned(),
        }
    }

    fn stored(&self, reply: &Reply) -> Reply {
        match (self.fault, reply) {
            (Fault::OutputIsAValue, Reply::Done(output)) => {
                let value: Result<serde_json::Value, _> = output.read();
                Reply::Done(Payload::of(&value.unwrap_or_default()).unwrap())
            }
            (Fault::ReasonIsTrimmed, Reply::Refused(reason)) => {
                Reply::Refused(reason.trim_end().to_owned())
            }
            _ => reply.clone(),
        }
    }
}

#[async_trait]
impl ReplyStore for Broken {
    async fn put(&self, correlation: &EventId, reply: &Reply) -> Result<bool, StoreError> {
        let key = self.key(correlation);
        let is_first = !self.rows.lock().unwrap().contains_key(&key);
        if self.is(Fault::LooksThenWrites) {
            tokio::task::yield_now().await;
        }
        if is_first || self.is(Fault::LastWins) {
            let reply = self.stored(reply);
            let row = Row { since: Instant::now(), reply, is_hidden: false };
            self.rows.lock().unwrap().insert(key, row);
        }
        Ok(match self.fault {
            Fault::AllAreFirst => true,
            Fault::NoneIsFirst => false,
            _ => is_first,
        })
    }

    async fn get(&self, correlation: &EventId) -> Result<Option<Reply>, StoreError> {
        let key = self.key(correlation);
        let found = {
            let rows = self.rows.lock().unwrap();
            let row = if self.is(Fault::FindsByPrefix) {
                rows.iter().find(|(it, _)| it.starts_with(&key)).map(|(_, row)| row)
            } else {
                rows.get(&key)
            };
            row.filter(|row| !row.is_hidden).map(|row| row.reply.clone())
        };
        if !self.is(Fault::AnOlderCopy) {
            return Ok(found);
        }
        Ok(self.copy.lock().unwrap().entry(key).or_insert(found).clone())
    }

    async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError> {
        let mut rows = self.rows.lock().unwrap();
        let limit = match self.fault {
            Fault::PurgesNothing => 0,
            Fault::PurgesWithoutLimit => usize::MAX,
            _ => limit.get(),
        };
        let is_old = |row: &Row| self.is(Fault::PurgesTheYoung) || row.since.elapsed() >= age;
        let old = rows.iter().filter(|(_, row)| is_old(row) && !row.is_hidden).take(limit);
        let old: Vec<_> = old.map(|(key, _)| key.clone()).collect();
        for key in &old {
            if self.is(Fault::PurgesHalf) {
                rows.entry(key.clone()).and_modify(|row| row.is_hidden = true);
            } else {
                rows.remove(key);
            }
        }
        self.copy.lock().unwrap().clear();
        Ok(old.len())
    }
}

#[async_trait]
impl ReplyStoreFixture for Broken {
    fn replies(&self) -> Arc<dyn ReplyStore> {
        Arc::new(self.clone())
    }

    async fn reopened(&self) -> Arc<dyn ReplyStore> {
        match self.fault {
            Fault::NotDurable => Arc::new(Self::new(self.fault)),
            _ => self.replies(),
        }
    }
}
