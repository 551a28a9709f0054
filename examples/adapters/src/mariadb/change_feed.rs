//! The changes of a table that other code writes to, by triggers.
//!
//! Triggers note the key of each changed row in a table, in the transaction of the change, so that a change and its note
//! are committed or rolled back together. What was carried over is deleted there, by number. There is no cursor: numbers
//! are drawn before they are committed, and one that goes on after the largest it has seen leaves out what commits late.
//!
//! Sessions of [`MariadbDatabase::marked`] are the crate's own: triggers leave what they write alone. So let nothing but
//! repositories of the crate have such sessions: what a procedure, or a trigger of another table, writes to this one within
//! them is left alone, too. A trigger of this table itself cannot: the server refuses a write to the table it belongs to.
//!
//! Triggers go with their table: a tool that swaps it for a copy takes them away. The feed looks whether they are there
//! whenever it is asked, and says `Rejected` if not: install it again, and begin with a backfill and a full check.
//!
//! No trigger sees `TRUNCATE`, nor what a foreign key deletes by `CASCADE`: not for tables that know such.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use mysql_async::{Row, Value};
use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::{ChangeFeed, ChangePage, Changed, FeedLag, FeedMark, LagSource};
use strangler_fig::key::KeyExt;
use strangler_fig::stamp::{Record, StampClock};

use super::MariadbDatabase;
use super::error::{CLOSED, is_code};
use super::row::{bytes, columns, integer, named, to_stamp};
use crate::customer::Customer;
use crate::effect::Effect;

/// The table of the changes.
pub const CHANGE_FEED_SCHEMA: &str = include_str!("change_feed.sql");

/// One statement is one moment: a row and its stamp change in one transaction.
const RECORDS: &str = "\
    SELECT c.number, c.id AS changed_id, s.stamp AS changed_stamp, p.*
    FROM (SELECT number, id FROM plain_customer_change ORDER BY number LIMIT ?) AS c
    LEFT JOIN plain_customer_stamp AS s ON s.id = c.id
    LEFT JOIN plain_customer AS p ON p.id = c.id
    ORDER BY c.number";
/// The function that stamps.
const STAMP: &str = "strangler_fig_stamp";
const EVENTS: [&str; 3] = ["INSERT", "UPDATE", "DELETE"];
/// What a server says of a table that is not there.
const NO_SUCH_TABLE: u16 = 1146;
/// And of such a trigger.
const NO_SUCH_TRIGGER: u16 = 1360;
/// A row that comes without a stamp, has the smallest.
const NEVER_STAMPED: &str = "NEW.stamp = X'00000000000000000000000000000001'";
/// As bytes: no collation, and no spaces that do not count. An upsert of the crate that is stale changes nothing.
const CHANGED_UNDER_ITS_STAMP: &str = "\
    OLD.stamp = NEW.stamp AND NOT (OLD.id <=> NEW.id
        AND BINARY OLD.name <=> BINARY NEW.name AND BINARY OLD.email <=> BINARY NEW.email
        AND OLD.balance <=> NEW.balance AND OLD.joined <=> NEW.joined AND OLD.visits <=> NEW.visits
        AND OLD.is_active <=> NEW.is_active AND OLD.seal <=> NEW.seal)";
/// Numbers in one statement.
const NUMBERS_MAX: usize = 1_000;

/// The number of a note, the id that it is of, and what is known of the change.
type Captured = (u64, Vec<u8>, Changed<Vec<u8>, Customer>);

/// What triggers do, and what the feed therefore knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeMode {
    /// They note that a row was changed; a replicator reads it again.
    Hints,
    /// They stamp the row too, with what is larger: the time, or the successor of its stamp. For a table whose stamps are
    /// beside it. A writer outside and one through the crate that change one row at once may end in a deadlock, of which
    /// the server rolls one back: they lock row and stamp in opposite orders.
    Records,
    /// Of a table whose stamps are in its rows, `customer`: they stamp what was changed and kept its stamp, as code does that
    /// knows of none, and note it. What raises the stamp went through the crate, so that its sessions need no mark here.
    Stamped,
}

impl ChangeMode {
    /// The table that others write to.
    const fn table(self) -> &'static str {
        match self {
            Self::Hints | Self::Records => "plain_customer",
            Self::Stamped => "customer",
        }
    }

    /// When the trigger for an event comes: a row can be stamped only before it changes.
    fn moment(self, event: &str) -> &'static str {
        if self == Self::Stamped && event == "UPDATE" { "BEFORE" } else { "AFTER" }
    }

    /// Whether the trigger for an event stamps.
    fn stamps(self, event: &str) -> bool {
        match self {
            Self::Hints => false,
            Self::Records => true,
            Self::Stamped => event == "UPDATE",
        }
    }

    /// What is so of a change, in its triggers, if it was made outside.
    fn outside(self, event: &str) -> &'static str {
        match (self, event) {
            (Self::Stamped, "INSERT") => NEVER_STAMPED,
            (Self::Stamped, "UPDATE") => CHANGED_UNDER_ITS_STAMP,
            _ => "@strangler_fig IS NULL",
        }
    }

    fn trigger(self, event: &str) -> String {
        let name = format!("{}_{}_{event}", self.table(), self.moment(event));
        name.to_lowercase()
    }
}

/// The changes of `plain_customer`, or of [`customer`](ChangeMode::Stamped).
#[derive(Debug, Clone)]
pub struct MariadbChangeFeed {
    database: MariadbDatabase,
    mode: ChangeMode,
}

impl MariadbChangeFeed {
    /// The feed in `database`, whose triggers were [installed](Self::install) in this mode.
    #[must_use]
    pub const fn new(database: MariadbDatabase, mode: ChangeMode) -> Self {
        Self { database, mode }
    }

    /// What its triggers do.
    #[must_use]
    pub const fn mode(&self) -> ChangeMode {
        self.mode
    }

    /// Makes the table and the triggers; again, it replaces them. When it answers, every change is noted that is not
    /// committed yet: making a trigger waits for the transactions that have touched the table.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Unknown`, if a transaction stays open: again.
    pub async fn install(&self) -> Result<(), StoreError> {
        self.run(&CHANGE_FEED_SCHEMA.replace(ChangeMode::Hints.table(), self.mode.table())).await?;
        if EVENTS.iter().any(|event| self.mode.stamps(event)) {
            self.run(&stamp_function()?).await?;
        }
        let [new, old] = ["NEW", "OLD"].map(|row| self.note(row));
        // Of a changed key two rows were changed, the old one first.
        let both = format!("IF NOT (OLD.id <=> NEW.id) THEN {old} END IF; {new}");
        for (event, notes) in [("INSERT", &new), ("UPDATE", &both), ("DELETE", &old)] {
            self.run(&self.definition(event, notes)).await?;
        }
        Ok(())
    }

    /// Switches the writers outside off: from now on the server refuses what they write, and says so. When it answers,
    /// their last transaction has ended, and once [`lag`](LagSource::lag) shows nothing, nothing more will come.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Unknown`, if a transaction stays open: again.
    pub async fn close(&self) -> Result<(), StoreError> {
        for event in EVENTS {
            let (table, outside) = (self.mode.table(), self.mode.outside(event));
            // Whatever is stamped before it changes, this comes first.
            let order = match self.mode.moment(event) {
                "BEFORE" if !self.trigger(event).await?.is_empty() => {
                    format!("PRECEDES {}", self.mode.trigger(event))
                }
                _ => String::new(),
            };
            let sql = format!(
                "CREATE OR REPLACE TRIGGER {table}_closed_{name} BEFORE {event} ON {table}
                 FOR EACH ROW {order} IF {outside} THEN
                     SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{CLOSED}';
                 END IF",
                name = event.to_lowercase(),
            );
            self.run(&sql).await?;
        }
        Ok(())
    }

    /// Lets writers outside write again.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Unknown`: again.
    pub async fn open(&self) -> Result<(), StoreError> {
        for event in ["insert", "update", "delete"] {
            let table = self.mode.table();
            self.run(&format!("DROP TRIGGER IF EXISTS {table}_closed_{event}")).await?;
        }
        Ok(())
    }

    /// Takes triggers and table away, and what is unsettled with them. Whoever is closed out stays so.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Unknown`: again.
    pub async fn remove(&self) -> Result<(), StoreError> {
        for event in EVENTS {
            let name = self.mode.trigger(event);
            self.run(&format!("DROP TRIGGER IF EXISTS {name}")).await?;
        }
        self.run(&format!("DROP FUNCTION IF EXISTS {STAMP}")).await?;
        self.run(&format!("DROP TABLE IF EXISTS {}_change", self.mode.table())).await
    }

    /// What a trigger does about `row`, the old one or the new.
    fn note(&self, row: &str) -> String {
        let stamp = match self.mode {
            ChangeMode::Hints | ChangeMode::Stamped => String::new(),
            ChangeMode::Records => format!(
                "INSERT INTO plain_customer_stamp (id, stamp)
                 VALUES ({row}.id, {STAMP}(NULL))
                 ON DUPLICATE KEY UPDATE stamp = {STAMP}(stamp);"
            ),
        };
        format!("{stamp} INSERT INTO {}_change (id) VALUES ({row}.id);", self.mode.table())
    }

    /// The trigger that notes changes of a kind.
    fn definition(&self, event: &str, notes: &str) -> String {
        let (mode, table) = (self.mode, self.mode.table());
        let stamp = match mode.moment(event) {
            "BEFORE" => format!("SET NEW.stamp = {STAMP}(OLD.stamp);"),
            _ => String::new(),
        };
        format!(
            "CREATE OR REPLACE TRIGGER {name} {moment} {event} ON {table}
             FOR EACH ROW IF {outside} THEN {stamp} {notes} END IF",
            name = mode.trigger(event),
            moment = mode.moment(event),
            outside = mode.outside(event),
        )
    }

    /// A definition, which cannot be prepared.
    async fn run(&self, sql: &str) -> Result<(), StoreError> {
        self.database.lease().await?.command(Effect::Possible, sql).await
    }

    async fn rows(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.database.query(Effect::None, sql, params).await.map_err(lost)
    }

    /// Whether the triggers are there that note changes, and on this table. Asked last: if they are not there then, changes
    /// may have been missed, whatever was read before.
    ///
    /// Each is asked for by its name: a query of `information_schema` makes a temporary table on disk every time.
    async fn attached(&self) -> Result<(), StoreError> {
        for event in EVENTS {
            let (does, table) = (self.trigger(event).await?, self.mode.table());
            let moment = self.mode.moment(event);
            if !does.contains(&format!("{moment} {event} ON {table} FOR EACH ROW")) {
                return Err(StoreError::rejected(format!("{table} has no trigger for {event}")));
            }
            if self.mode.stamps(event) && !does.contains(STAMP) {
                return Err(StoreError::rejected(format!("the triggers of {table} do not stamp")));
            }
        }
        Ok(())
    }

    /// The definition of a trigger, in one line and without quotes; nothing, if there is none.
    async fn trigger(&self, event: &str) -> Result<String, StoreError> {
        let sql = format!("SHOW CREATE TRIGGER {}", self.mode.trigger(event));
        let mut rows = match self.rows(&sql, Vec::new()).await {
            Err(error) if is_code(&error, NO_SUCH_TRIGGER) => return Ok(String::new()),
            answer => answer?,
        };
        let missing = || StoreError::rejected("no such column");
        let mut row = rows.pop().ok_or_else(missing)?;
        let does = bytes(row.take("SQL Original Statement").ok_or_else(missing)?)?;
        let does = String::from_utf8_lossy(&does).replace('`', "");
        Ok(does.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    fn changed(&self, row: Row) -> Result<Captured, StoreError> {
        match self.mode {
            ChangeMode::Hints | ChangeMode::Stamped => {
                let [number, id] = columns(row)?;
                let id = bytes(id)?;
                Ok((unsigned(&number)?, id.clone(), Changed::Hint(id)))
            }
            ChangeMode::Records => record(row),
        }
    }
}

/// The row as it is now, with the stamp that its last change got.
fn record(mut row: Row) -> Result<Captured, StoreError> {
    let missing = || StoreError::rejected("no such column");
    let number = unsigned(row.as_ref(0).unwrap_or(&Value::NULL))?;
    let id = bytes(row.take("changed_id").ok_or_else(missing)?)?;
    let stamp: Value = row.take("changed_stamp").ok_or_else(missing)?;
    if stamp == Value::NULL {
        // From before the triggers stamped: it is read again.
        return Ok((number, id.clone(), Changed::Hint(id)));
    }
    let read = to_stamp(stamp).and_then(|stamp| Ok(Record { stamp, value: named(row)? }));
    let changed = match read {
        Ok(record) => Changed::Record(id.clone(), record),
        Err(error) => Changed::Unreadable { key: id.to_bytes(), why: told(&error) },
    };
    Ok((number, id, changed))
}

/// What an error of a row says, without what kind of error it is.
fn told(error: &StoreError) -> String {
    std::error::Error::source(error).unwrap_or(error).to_string()
}

/// A table that is not there is a feed that was lost.
fn lost(error: StoreError) -> StoreError {
    if is_code(&error, NO_SUCH_TABLE) { error.with_kind(StoreErrorKind::Rejected) } else { error }
}

fn unsigned(value: &Value) -> Result<u64, StoreError> {
    match value {
        Value::UInt(number) => Ok(*number),
        other => u64::try_from(integer(other)?).map_err(StoreError::rejected),
    }
}

/// `max(now, successor)`, where the upper half of a stamp counts: 48 bits of milliseconds, and a counter that carries
/// into them. The lower half names who stamped: these triggers.
fn stamp_function() -> Result<String, StoreError> {
    let clock = StampClock::new().map_err(StoreError::unavailable)?;
    let writer = hex::encode(&clock.now().to_bytes()[8..]);
    Ok(format!(
        "CREATE OR REPLACE FUNCTION {STAMP}(old BINARY(16)) RETURNS BINARY(16) NO SQL
         RETURN CONCAT(UNHEX(LPAD(HEX(GREATEST(
             CAST(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)) DIV 1000 AS UNSIGNED) << 16,
             CAST(COALESCE(CONV(HEX(LEFT(old, 8)), 16, 10), 0) AS UNSIGNED) + 1
         )), 16, '0')), X'{writer}')"
    ))
}

#[async_trait]
impl LagSource for MariadbChangeFeed {
    async fn lag(&self) -> Result<FeedLag, StoreError> {
        let sql = format!(
            "SELECT TIMESTAMPDIFF(MICROSECOND, MIN(at), UTC_TIMESTAMP(6)), COUNT(*) FROM {}_change",
            self.mode.table(),
        );
        let mut rows = self.rows(&sql, Vec::new()).await?;
        let row = rows.pop().ok_or_else(|| StoreError::rejected("no answer"))?;
        let [oldest, pending] = columns(row)?;
        let oldest = match oldest {
            Value::NULL => None,
            // Clocks go back at times.
            micros => Some(u64::try_from(integer(&micros)?).unwrap_or(0)),
        };
        let oldest = oldest.map(Duration::from_micros);
        self.attached().await?;
        Ok(FeedLag::new(oldest, Some(unsigned(&pending)?)))
    }
}

#[async_trait]
impl ChangeFeed for MariadbChangeFeed {
    type Key = Vec<u8>;
    type Entity = Customer;

    async fn changes(
        &self,
        limit: NonZeroUsize,
    ) -> Result<ChangePage<Vec<u8>, Customer>, StoreError> {
        let sql = match self.mode {
            ChangeMode::Records => RECORDS.to_owned(),
            mode => {
                let table = mode.table();
                format!("SELECT number, id FROM {table}_change ORDER BY number LIMIT ?")
            }
        };
        let limit = limit.get().min(NUMBERS_MAX);
        let rows = self.rows(&sql, vec![Value::from(limit)]).await?;
        let (mut changes, mut mark, is_last) = (Vec::new(), Vec::new(), rows.len() < limit);
        let mut known = HashSet::new();
        // From the last on: every record is the row as it is now, so one is enough.
        for row in rows.into_iter().rev() {
            let (number, id, change) = self.changed(row)?;
            mark.extend_from_slice(&number.to_be_bytes());
            if known.insert(id) {
                changes.push(change);
            }
        }
        changes.reverse();
        self.attached().await?;
        Ok(ChangePage::new(changes, FeedMark(mark), is_last))
    }

    async fn settle(&self, mark: &FeedMark) -> Result<(), StoreError> {
        let numbers = mark.0.chunks_exact(8);
        if !numbers.remainder().is_empty() {
            return Err(StoreError::rejected("it is no mark of this feed"));
        }
        let numbers: Vec<Value> = numbers
            .map(|number| {
                Value::UInt(number.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)))
            })
            .collect();
        for numbers in numbers.chunks(NUMBERS_MAX) {
            let marks = vec!["?"; numbers.len()].join(", ");
            let table = self.mode.table();
            let sql = format!("DELETE FROM {table}_change WHERE number IN ({marks})");
            self.database.execute(&sql, numbers.to_vec()).await.map_err(lost)?;
        }
        Ok(())
    }
}
