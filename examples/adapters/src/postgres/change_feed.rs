//! The changes of a table that other code writes to, by logical decoding.
//!
//! The server decodes its log for a slot; `pgoutput` writes what [`pgoutput`](super::pgoutput) reads, here through SQL:
//! peeked at until it was carried over, and only then the slot is advanced. Transactions come whole and in the order of
//! their commits, so that a place in the log is mark enough; memory holds the largest of them.
//!
//! Every change is a hint: a replicator reads the row again. What went through the crate is left out: sessions of
//! [`PostgresDatabase::marked`] have a trigger write a message into their transactions. One in which other triggers have
//! changed rows of the table, beside what was asked for, is told all the same.
//!
//! A table that was swapped for another is in no publication, and one whose replica identity leaves out the key does not
//! tell which rows are gone: the feed looks at both whenever it is asked, and says `Rejected`.
//!
//! A slot that nobody follows keeps the log, until the disk is full or `max_slot_wal_keep_size` is reached: then it is
//! lost, as after a `TRUNCATE`, and the feed says `Rejected`. Remove it, install it again, and begin with a
//! backfill and a full check.
//! What is decoded is what was flushed. A commit with `synchronous_commit = off` is told once it was, which may take three
//! times `wal_writer_delay`, 0.6 s as it is by default; until then neither `is_last` nor the lag know of it.
//! [`close`](PostgresChangeFeed::close) flushes. Those that a crash of the server takes back were never told.
//! After a crash of the server the slot may stand where it stood at the last checkpoint: changes come again.

use std::num::NonZeroUsize;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{ChangeFeed, ChangePage, FeedLag, FeedMark, LagSource};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::PgLsn;

use super::PostgresDatabase;
use super::database::Params;
use super::error::{CLOSED, is_code};
use super::pgoutput::{BESIDE, OWN, Transaction, transactions};
use crate::customer::Customer;
use crate::effect::Effect;

const PEEK: &str = "\
    SELECT data FROM pg_logical_slot_peek_binary_changes(
        $1, NULL, $2, 'proto_version', '1', 'publication_names', $3, 'messages', 'true')";
const ADVANCE: &str = "SELECT pg_replication_slot_advance($1, $2)";
const STANDS: &str = "\
    SELECT confirmed_flush_lsn, coalesce(wal_status = 'lost', false)
    FROM pg_replication_slots WHERE slot_name = $1";
/// Whether the publication tells every change of the table, and the replica identity the key.
const ATTACHED: &str = "\
    SELECT
        EXISTS (
            SELECT FROM pg_publication AS p JOIN pg_publication_rel AS r ON r.prpubid = p.oid
            WHERE p.pubname = $1 AND r.prrelid = c.oid
                AND p.pubinsert AND p.pubupdate AND p.pubdelete AND p.pubtruncate),
        c.relreplident = 'f' OR EXISTS (
            SELECT FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
            WHERE i.indrelid = c.oid AND a.attname = 'id'
                AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END)
    FROM pg_class AS c WHERE c.oid = to_regclass('plain_customer')";
/// Up to where a peek that comes later sees everything: not the end of what was written, which is not flushed yet.
const HEAD: &str = "SELECT pg_current_wal_flush_lsn()";
/// A commit that is awaited, and with it all before it, whatever the session does otherwise.
const FLUSH: &str = "\
    SELECT set_config('synchronous_commit', 'local', true)
    FROM pg_logical_emit_message(true, 'strangler_fig', '')";
/// Microseconds since 2000.
const NOW: &str = "SELECT (extract(epoch FROM clock_timestamp() - timestamptz '2000-01-01 00:00+00') * 1000000)::bigint";
/// Messages for each change at most asked for: of a transaction of one, its beginning and its end.
const MESSAGES: usize = 3;
const CHANGES_MAX: usize = 100_000;
/// How often, and how long, a busy slot is waited for.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// The changes of `plain_customer`, of a server with `wal_level = logical`.
#[derive(Debug, Clone)]
pub struct PostgresChangeFeed {
    database: PostgresDatabase,
    slot: String,
}

impl PostgresChangeFeed {
    /// The feed in `database` by the slot of this name: lower-case letters, digits and `_`, and unique on the server. The
    /// publication has the same name, so that feeds of one database do not meet.
    #[must_use]
    pub fn new(database: PostgresDatabase, slot: impl Into<String>) -> Self {
        Self { database, slot: slot.into() }
    }

    /// Makes trigger, publication and slot; what is there stays. When it answers, every change is told that is committed
    /// later: a slot begins where no transaction is open that has begun before.
    ///
    /// # Errors
    ///
    /// `Rejected` if the server does not decode its log, if the replica identity of the table is without its key, or if
    /// only half of the feed is there, so that changes were missed: [`remove`](Self::remove) it, and begin
    /// with a backfill and a full check.
    /// `Unavailable` or `Unknown`, if a transaction stays open: again.
    pub async fn install(&self) -> Result<(), StoreError> {
        let marks = format!(
            "CREATE OR REPLACE FUNCTION strangler_fig_own() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 IF current_setting('strangler.fig', true) = '1' THEN
                     PERFORM pg_logical_emit_message(
                         true, CASE WHEN pg_trigger_depth() > 1 THEN '{BESIDE}' ELSE '{OWN}' END, '');
                 END IF;
                 RETURN NULL;
             END $$"
        );
        self.run(&marks, &[]).await?;
        let trigger = "\
            CREATE OR REPLACE TRIGGER strangler_fig_own
            AFTER INSERT OR UPDATE OR DELETE ON plain_customer
            FOR EACH STATEMENT EXECUTE FUNCTION strangler_fig_own()";
        self.run(trigger, &[]).await?;
        // Before the slot: what is decoded is looked up in the catalogue of that moment.
        let is_there = !self.run(STANDS, &[&self.slot]).await?.is_empty();
        let known = "SELECT 1 FROM pg_publication WHERE pubname = $1";
        if !is_there && self.run(known, &[&self.slot]).await?.is_empty() {
            let sql = format!("CREATE PUBLICATION {} FOR TABLE plain_customer", self.publication());
            self.run(&sql, &[]).await?;
        }
        self.attached().await?;
        if !is_there {
            let slot = "SELECT pg_create_logical_replication_slot($1, 'pgoutput')";
            self.run(slot, &[&self.slot]).await?;
        }
        Ok(())
    }

    /// Switches the writers outside off: from now on the server refuses what they write, and says so. When it answers,
    /// their last transaction has ended and was flushed, and once [`lag`](LagSource::lag) shows nothing, nothing more will
    /// come.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Unknown`, if a transaction stays open: again.
    pub async fn close(&self) -> Result<(), StoreError> {
        let refuses = format!(
            "CREATE OR REPLACE FUNCTION strangler_fig_closed() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF current_setting('strangler.fig', true) IS DISTINCT FROM '1' THEN
                    RAISE check_violation USING MESSAGE = '{CLOSED}';
                END IF;
                RETURN NULL;
            END $$"
        );
        self.run(&refuses, &[]).await?;
        let trigger = "\
            CREATE OR REPLACE TRIGGER strangler_fig_closed
            BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON plain_customer
            FOR EACH STATEMENT EXECUTE FUNCTION strangler_fig_closed()";
        self.run(trigger, &[]).await?;
        self.run(FLUSH, &[]).await.map(drop)
    }

    /// Lets writers outside write again.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Unknown`: again.
    pub async fn open(&self) -> Result<(), StoreError> {
        self.run("DROP TRIGGER IF EXISTS strangler_fig_closed ON plain_customer", &[])
            .await
            .map(drop)
    }

    /// Takes slot, publication and trigger away, and what is unsettled with them. Whoever is closed out stays so.
    ///
    /// # Errors
    ///
    /// `Unavailable` or `Unknown`: again.
    pub async fn remove(&self) -> Result<(), StoreError> {
        if !self.run(STANDS, &[&self.slot]).await?.is_empty() {
            self.run("SELECT pg_drop_replication_slot($1)", &[&self.slot]).await?;
        }
        self.run(&format!("DROP PUBLICATION IF EXISTS {}", self.publication()), &[]).await?;
        self.run("DROP TRIGGER IF EXISTS strangler_fig_own ON plain_customer", &[]).await.map(drop)
    }

    async fn run(
        &self,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        self.database.query(Effect::Possible, sql, params).await
    }

    /// A statement on the slot, which one session has at a time: another waits a while.
    async fn patiently(
        &self,
        effect: Effect,
        sql: &str,
        params: Params<'_>,
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        for _ in 0..ATTEMPTS {
            match self.database.query(effect, sql, params).await {
                Err(error) if is_busy(&error) => tokio::time::sleep(PAUSE).await,
                answer => return answer,
            }
        }
        Err(StoreError::unavailable("another session has the slot"))
    }

    /// As a definition names it, which knows no parameters.
    fn publication(&self) -> String {
        format!("\"{}\"", self.slot.replace('"', "\"\""))
    }

    /// Whether changes of the table come to the slot, and with their keys.
    async fn attached(&self) -> Result<(), StoreError> {
        let rows = self.database.query(Effect::None, ATTACHED, &[&self.slot]).await?;
        let row = rows.first().ok_or_else(|| StoreError::rejected("the table is not there"))?;
        for (at, missing) in [
            (0, "the table is not in the publication, or not with every kind of change"),
            (1, "the key is not in the replica identity of the table"),
        ] {
            if !row.try_get::<_, bool>(at).map_err(StoreError::rejected)? {
                return Err(StoreError::rejected(missing));
            }
        }
        Ok(())
    }

    /// Where the slot stands, if it is there and of use.
    async fn stands(&self) -> Result<u64, StoreError> {
        let rows = self.database.query(Effect::None, STANDS, &[&self.slot]).await?;
        let row = rows.first().ok_or_else(|| StoreError::rejected("the slot is not there"))?;
        let stands: Option<PgLsn> = row.try_get(0).map_err(StoreError::rejected)?;
        match (stands, row.try_get(1).map_err(StoreError::rejected)?) {
            (Some(stands), false) => Ok(stands.into()),
            _ => Err(StoreError::rejected("the slot was lost: the log is gone")),
        }
    }

    async fn advance(&self, to: u64) -> Result<(), StoreError> {
        if self.stands().await? < to {
            self.patiently(Effect::Possible, ADVANCE, &[&self.slot, &PgLsn::from(to)]).await?;
        }
        Ok(())
    }

    /// Unsettled transactions of others, as many as hold `limit` changes or one, and whether these are all.
    ///
    /// Where there are none, the slot is moved up to what was looked through: to it nothing is to come from there.
    async fn unsettled(&self, limit: usize) -> Result<(Vec<Transaction>, bool), StoreError> {
        let found = self.looked_through(limit).await;
        // Last: what is detached then may have missed changes, whatever it has told.
        self.attached().await?;
        found
    }

    async fn looked_through(&self, limit: usize) -> Result<(Vec<Transaction>, bool), StoreError> {
        let asked = limit.min(CHANGES_MAX) * MESSAGES;
        loop {
            self.stands().await?;
            let head = self.database.query(Effect::None, HEAD, &[]).await?;
            let head: PgLsn = head[0].try_get(0).map_err(StoreError::rejected)?;
            let most = i32::try_from(asked).unwrap_or(i32::MAX);
            let rows = self.patiently(Effect::None, PEEK, &[&self.slot, &most, &self.slot]).await?;
            let messages = rows.iter().map(|row| row.try_get::<_, &[u8]>(0));
            let messages: Vec<&[u8]> =
                messages.collect::<Result<_, _>>().map_err(StoreError::rejected)?;
            let is_all = messages.len() < asked;
            let found = transactions(messages).map_err(|it| StoreError::rejected(it.0))?;
            let last = found.last().map(|last| last.end);
            let others: Vec<_> = found.into_iter().filter(concerns).collect();
            if others.iter().any(|it| it.is_truncated) {
                return Err(StoreError::rejected("the table was emptied by TRUNCATE"));
            }
            match (others.is_empty(), last) {
                (false, _) => {
                    let (page, is_whole) = within(others, limit);
                    return Ok((page, is_all && is_whole));
                }
                (true, _) if is_all => {
                    self.advance(last.unwrap_or(head.into())).await?;
                    return Ok((Vec::new(), true));
                }
                (true, Some(last)) => self.advance(last).await?,
                (true, None) => return Err(StoreError::rejected("messages of no transaction")),
            }
        }
    }
}

/// Whether others have changed something by it.
fn concerns(transaction: &Transaction) -> bool {
    let is_others = !transaction.is_own || transaction.is_beside;
    is_others && (transaction.is_truncated || !transaction.changes.is_empty())
}

/// The first of them that hold `limit` changes, or one; and whether that is all.
fn within(mut found: Vec<Transaction>, limit: usize) -> (Vec<Transaction>, bool) {
    let (mut changes, before) = (0, found.len());
    let fits = found.iter().take_while(|it| {
        changes += it.changes.len();
        changes <= limit
    });
    let fits = fits.count().max(1);
    found.truncate(fits);
    (found, fits >= before)
}

#[async_trait]
impl LagSource for PostgresChangeFeed {
    async fn lag(&self) -> Result<FeedLag, StoreError> {
        let (found, _) = self.unsettled(1).await?;
        let Some(first) = found.first() else { return Ok(FeedLag::new(None, None)) };
        let rows = self.database.query(Effect::None, NOW, &[]).await?;
        let now: i64 = rows[0].try_get(0).map_err(StoreError::rejected)?;
        let waited = u64::try_from(now - first.committed).unwrap_or(0);
        Ok(FeedLag::new(Some(Duration::from_micros(waited)), None))
    }
}

#[async_trait]
impl ChangeFeed for PostgresChangeFeed {
    type Key = Vec<u8>;
    type Entity = Customer;

    async fn changes(
        &self,
        limit: NonZeroUsize,
    ) -> Result<ChangePage<Vec<u8>, Customer>, StoreError> {
        let (found, is_last) = self.unsettled(limit.get()).await?;
        let mark = found.last().map_or_else(Vec::new, |last| last.end.to_be_bytes().to_vec());
        let changes = found.into_iter().flat_map(|it| it.changes).collect();
        Ok(ChangePage::new(changes, FeedMark(mark), is_last))
    }

    async fn settle(&self, mark: &FeedMark) -> Result<(), StoreError> {
        if mark.0.is_empty() {
            return Ok(());
        }
        let to = mark.0.as_slice().try_into().map_err(StoreError::rejected)?;
        self.advance(u64::from_be_bytes(to)).await
    }
}

/// Whether another session has the slot.
fn is_busy(error: &StoreError) -> bool {
    is_code(error, &SqlState::OBJECT_IN_USE)
}

#[cfg(test)]
mod tests {
    use strangler_fig::event::Changed;

    use super::*;

    #[test]
    fn a_page_is_whole_transactions_and_one_at_least() {
        let of = |changes: usize| Transaction {
            changes: vec![Changed::Hint(vec![1]); changes],
            ..Transaction::default()
        };
        let page = |limit| {
            let (page, is_whole) = within(vec![of(2), of(3), of(1)], limit);
            (page.len(), is_whole)
        };
        assert_eq!([page(1), page(2), page(5)], [(1, false), (1, false), (2, false)]);
        assert_eq!([page(6), page(99)], [(3, true), (3, true)]);
    }
}
