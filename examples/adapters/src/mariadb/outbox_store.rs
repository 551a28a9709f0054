//! What relays ask of an outbox. Each call is one round trip, and the server's clock counts: whether a claim is the
//! newest, and its term not over, is judged where it is used.

use std::num::{NonZeroU16, NonZeroUsize};
use std::time::Duration;

use mysql_async::{Row, Value};
use serde_json::json;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    FetchLimit, Lane, LaneClaim, LaneClaims, OutboxDepth, OutboxPosition, OutboxRow, OutboxStore,
    ParkedRow, RowEnd,
};
use strangler_fig::phase::NodeId;

use super::MariadbDatabase;
use super::row::{bytes, columns, integer, optional, text};
use super::saga_row::span;
use crate::effect::Effect;
use crate::event_row::{Ends, Fetched, Given, LANES, age, sought};

// All lanes are locked at once: so of two claims the later one waits, and sees what the earlier one has left. A term that
// is over is like none, also one of its own.
const CLAIM: &str = "\
    BEGIN NOT ATOMIC
        DECLARE missing INT;
        DECLARE term_end DATETIME(6);
        DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
        START TRANSACTION;
        SELECT COUNT(*) INTO missing FROM outbox_lane FOR UPDATE;
        SET term_end = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND;
        INSERT INTO outbox_relay (relay, until) VALUES (?, term_end)
            ON DUPLICATE KEY UPDATE until = term_end;
        SELECT CAST(? AS SIGNED) - COUNT(*) INTO missing FROM outbox_lane
            WHERE relay = ? AND until > UTC_TIMESTAMP(6);
        UPDATE outbox_lane SET until = term_end WHERE relay = ? AND until > UTC_TIMESTAMP(6);
        IF missing > 0 THEN
            UPDATE outbox_lane SET epoch = epoch + 1, relay = ?, until = term_end
                WHERE relay IS NULL OR until <= UTC_TIMESTAMP(6) ORDER BY lane LIMIT missing;
        END IF;
        SELECT lane, epoch, others
        FROM (
            SELECT COUNT(*) AS others FROM outbox_relay
            WHERE until > UTC_TIMESTAMP(6) AND relay <> ?
        ) AS counted LEFT JOIN outbox_lane ON relay = ? AND until = term_end
        ORDER BY lane;
        COMMIT;
    END";
const RELEASE: &str = "\
    UPDATE JSON_TABLE(?, '$[*]' COLUMNS (lane INT PATH '$[0]', epoch BIGINT PATH '$[1]')) AS claim
        JOIN outbox_lane AS it ON it.lane = claim.lane AND it.epoch = claim.epoch
    SET it.relay = NULL, it.until = NULL";
// Under the claim to its end: whoever claims the lane meanwhile waits, and sees what was settled. Rows are found by their
// positions: a lane may have a million. What is put off, or parked, was settled before.
macro_rules! settle {
    ($sent:literal, $set:literal) => {
        concat!(
            "BEGIN NOT ATOMIC
                DECLARE is_held BOOLEAN DEFAULT FALSE;
                DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
                START TRANSACTION;
                SELECT COUNT(*) > 0 INTO is_held FROM outbox_lane WHERE lane = ? AND epoch = ?
                    LOCK IN SHARE MODE;
                IF is_held THEN ",
            $sent,
            " JSON_TABLE(?, '$[*]' COLUMNS (position BIGINT PATH '$')) AS part
                        STRAIGHT_JOIN outbox AS it FORCE INDEX (PRIMARY)
                            ON it.position = part.position ",
            $set,
            " WHERE it.lane = ? AND it.is_pending
                        AND (it.due IS NULL OR it.due <= UTC_TIMESTAMP(6));
                    UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
                        position BIGINT PATH '$[0]',
                        delay BIGINT PATH '$[1]',
                        is_refusal INT PATH '$[2]',
                        error TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PATH '$[3]'
                    )) AS part STRAIGHT_JOIN outbox AS it FORCE INDEX (PRIMARY)
                        ON it.position = part.position
                    SET it.attempts = it.attempts + IF(part.delay < 0, 0, 1),
                        it.refusals = it.refusals + part.is_refusal,
                        it.due = IF(part.delay < 0, NULL,
                            UTC_TIMESTAMP(6) + INTERVAL part.delay MICROSECOND),
                        it.is_parked = part.delay < 0, it.error = part.error
                    WHERE it.lane = ? AND it.is_pending
                        AND (it.due IS NULL OR it.due <= UTC_TIMESTAMP(6));
                    COMMIT;
                    SELECT 1;
                ELSE
                    ROLLBACK;
                END IF;
            END"
        )
    };
}
const SETTLE: &str = settle!("UPDATE", "SET it.sent = UTC_TIMESTAMP(6)");
const SETTLE_AND_REMOVE: &str = settle!("DELETE it FROM", "");
const PARKED: &str = "\
    SELECT position, event_key, topic, event, COALESCE(error, ''),
        TIMESTAMPDIFF(MICROSECOND, staged, UTC_TIMESTAMP(6)),
        (SELECT COUNT(*) FROM outbox AS it
            WHERE it.lane = parked.lane AND it.is_pending AND it.position > parked.position
                AND it.event_key = parked.event_key)
    FROM outbox AS parked WHERE is_parked = TRUE AND position > ? ORDER BY position LIMIT ?";
const RETRY: &str = "\
    UPDATE outbox SET is_parked = FALSE, attempts = 0, refusals = 0, due = NULL, error = NULL
    WHERE position = ? AND is_parked";
const DISCARD: &str = "DELETE FROM outbox WHERE position = ? AND is_parked";
// Locks that nobody has taken for long, and relays that are long gone, go with it; each by itself.
const PURGE: &str = "\
    BEGIN NOT ATOMIC
        DECLARE count BIGINT;
        DELETE FROM outbox WHERE sent <= UTC_TIMESTAMP(6) - INTERVAL ? MICROSECOND
            ORDER BY sent LIMIT ?;
        SET count = ROW_COUNT();
        DELETE FROM outbox_key WHERE event_key IN (
            SELECT event_key FROM (
                SELECT event_key FROM outbox_key WHERE used < UTC_TIMESTAMP(6) - INTERVAL 1 DAY
                LIMIT ? FOR UPDATE SKIP LOCKED
            ) AS unused
        );
        DELETE FROM outbox_relay WHERE until < UTC_TIMESTAMP(6) - INTERVAL 1 DAY;
        SELECT count;
    END";
const DEPTH: &str = "\
    SELECT
        (SELECT COUNT(*) FROM outbox WHERE is_pending),
        (SELECT COUNT(*) FROM outbox WHERE is_parked = TRUE),
        (SELECT TIMESTAMPDIFF(MICROSECOND, MIN(staged), UTC_TIMESTAMP(6)) FROM outbox WHERE is_pending)";

/// The table `outbox`, as relays see it.
#[derive(Debug, Clone)]
pub struct MariadbOutboxStore {
    database: MariadbDatabase,
    keeps_sent: Option<Duration>,
}

impl MariadbOutboxStore {
    /// The outbox in `database`. It removes rows when they are sent.
    #[must_use]
    pub fn new(database: MariadbDatabase) -> Self {
        Self { database, keeps_sent: None }
    }

    /// The same, but rows that were sent stay for so long at least, until they are [purged](OutboxStore::purge).
    #[must_use]
    pub const fn keeping_sent(mut self, retention: Duration) -> Self {
        self.keeps_sent = Some(retention);
        self
    }

    async fn read(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.database.query(Effect::None, sql, params).await
    }
}

/// Rows of so many lanes: of each as many as are wanted at most, of which the oldest come. What blocks a key is found once,
/// and not for each row.
fn fetch(lanes: usize) -> String {
    let of_one = "\
        (SELECT it.position, LENGTH(it.event) AS size
        FROM outbox AS it FORCE INDEX (outbox_pending)
            LEFT JOIN blocked ON blocked.event_key = it.event_key
        WHERE it.lane = ? AND it.is_pending = TRUE
            AND (it.due IS NULL OR it.due <= UTC_TIMESTAMP(6))
            AND EXISTS (SELECT 1 FROM outbox_lane AS claim
                WHERE claim.lane = ? AND claim.epoch = ? AND claim.until > UTC_TIMESTAMP(6))
            AND (blocked.first IS NULL OR it.position < blocked.first)
        ORDER BY it.position LIMIT ?)";
    format!(
        "WITH blocked AS (
            SELECT event_key, MIN(position) AS first FROM outbox
            WHERE is_blocking = TRUE AND (is_parked OR due > UTC_TIMESTAMP(6))
            GROUP BY event_key
        )
        SELECT it.position, it.lane, it.event_key, it.topic, it.event, it.attempts,
            it.refusals,
            TIMESTAMPDIFF(MICROSECOND, it.staged, UTC_TIMESTAMP(6))
        FROM (
            SELECT position, SUM(size) OVER (ORDER BY position) - size AS size_before
            FROM ({all} ORDER BY position LIMIT ?) AS ready
        ) AS sized STRAIGHT_JOIN outbox AS it FORCE INDEX (PRIMARY) ON it.position = sized.position
        WHERE sized.size_before < ? ORDER BY it.position",
        all = vec![of_one; lanes].join(" UNION ALL "),
    )
}

#[async_trait]
impl OutboxStore for MariadbOutboxStore {
    async fn claim(
        &self,
        relay: &NodeId,
        wanted: NonZeroU16,
        term: Duration,
    ) -> Result<LaneClaims, StoreError> {
        let relay = Value::from(relay.to_string());
        let mut params = vec![span(term), relay.clone(), wanted.get().into()];
        params.extend(vec![relay; 5]);
        claims(self.database.transact(CLAIM, params).await?)
    }

    async fn release(&self, claims: &[LaneClaim]) -> Result<(), StoreError> {
        let claims: Vec<_> =
            claims.iter().map(|claim| json!([claim.lane.0, sought(claim.epoch)])).collect();
        self.database.execute(RELEASE, vec![json!(claims).to_string().into()]).await.map(drop)
    }

    async fn fetch(
        &self,
        claims: &[LaneClaim],
        limit: FetchLimit,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        let mut claims = claims.to_vec();
        claims.sort_unstable();
        claims.dedup();
        if claims.is_empty() {
            return Ok(Vec::new());
        }
        let rows = Value::from(limit.rows.get());
        let of_one = |claim: &LaneClaim| {
            let lane = Value::from(claim.lane.0);
            [lane.clone(), lane, sought(claim.epoch).into(), rows.clone()]
        };
        let mut params: Vec<_> = claims.iter().flat_map(of_one).collect();
        params.extend([rows.clone(), limit.bytes.get().into()]);
        let rows = self.read(&fetch(claims.len()), params).await?.into_iter();
        rows.map(|row| Ok(fetched(row)?.row())).collect()
    }

    async fn settle(
        &self,
        claim: &LaneClaim,
        ends: &[(OutboxPosition, RowEnd)],
    ) -> Result<(), StoreError> {
        let Ends { sent, kept } = Ends::of(ends);
        let micros = |delay: Duration| i64::try_from(delay.as_micros()).unwrap_or(i64::MAX);
        let kept = kept.iter().map(|it| {
            let delay = it.delay.map_or(-1, |delay| micros(delay.min(DELAY_MAX)));
            json!([it.position, delay, u8::from(it.is_refusal), it.error])
        });
        let kept: Vec<_> = kept.collect();
        let lane = Value::from(claim.lane.0);
        let params = vec![
            lane.clone(),
            sought(claim.epoch).into(),
            json!(sent).to_string().into(),
            lane.clone(),
            json!(kept).to_string().into(),
            lane,
        ];
        let sql = if self.keeps_sent.is_some() { SETTLE } else { SETTLE_AND_REMOVE };
        if self.database.transact(sql, params).await?.is_empty() {
            return Err(StoreError::conflict("the lane has a newer claim"));
        }
        Ok(())
    }

    async fn parked(
        &self,
        after: Option<OutboxPosition>,
        limit: NonZeroUsize,
    ) -> Result<Vec<ParkedRow>, StoreError> {
        let after = after.map_or(-1, |position| sought(position.0));
        let rows = self.read(PARKED, vec![after.into(), limit.get().into()]).await?.into_iter();
        rows.map(|row| Ok(given(row)?.row())).collect()
    }

    async fn retry(&self, position: OutboxPosition) -> Result<bool, StoreError> {
        Ok(self.database.execute(RETRY, vec![sought(position.0).into()]).await? > 0)
    }

    async fn discard(&self, position: OutboxPosition) -> Result<bool, StoreError> {
        Ok(self.database.execute(DISCARD, vec![sought(position.0).into()]).await? > 0)
    }

    async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError> {
        let limit = Value::from(limit.get());
        let age = age.max(self.keeps_sent.unwrap_or_default());
        let params = vec![span(age), limit.clone(), limit];
        let row = self.database.transact(PURGE, params).await?.pop();
        let [count] = columns(row.ok_or_else(|| StoreError::unknown("a count is a row"))?)?;
        integer(&count)?.try_into().map_err(StoreError::unknown)
    }

    async fn depth(&self) -> Result<OutboxDepth, StoreError> {
        let row = self.read(DEPTH, Vec::new()).await?.pop();
        let row = row.ok_or_else(|| StoreError::unavailable("a count is a row"))?;
        let [pending, parked, oldest] = columns(row)?;
        let count = |value| integer(value)?.try_into().map_err(StoreError::rejected);
        let oldest = optional(oldest, |value| integer(&value))?.map(age);
        Ok(OutboxDepth::new(count(&pending)?, count(&parked)?, oldest))
    }
}

/// Longer than any, and within what a `DATETIME` can be moved by.
const DELAY_MAX: Duration = Duration::from_hours(10 * 365 * 24);

fn claims(rows: Vec<Row>) -> Result<LaneClaims, StoreError> {
    let mut held = Vec::new();
    let mut relays = 1;
    for row in rows {
        let [lane, epoch, others] = columns(row)?;
        relays = integer(&others)?.saturating_add(1);
        if let Some(lane) = optional(lane, |value| integer(&value))? {
            let lane = Lane(lane.try_into().map_err(StoreError::unknown)?);
            let epoch = integer(&epoch)?.try_into().map_err(StoreError::unknown)?;
            held.push(LaneClaim { lane, epoch });
        }
    }
    let relays = relays.try_into().unwrap_or(u16::MAX);
    Ok(LaneClaims {
        held,
        lanes: LANES,
        relays: NonZeroU16::new(relays).unwrap_or(NonZeroU16::MIN),
    })
}

fn fetched(row: Row) -> Result<Fetched, StoreError> {
    let [position, lane, key, topic, event, attempts, refusals, age] = columns(row)?;
    Ok(Fetched {
        position: integer(&position)?,
        lane: integer(&lane)?,
        key: lossy(key)?,
        topic: text(topic)?,
        event: text(event)?,
        attempts: integer(&attempts)?,
        refusals: integer(&refusals)?,
        age: integer(&age)?,
    })
}

fn given(row: Row) -> Result<Given, StoreError> {
    let [position, key, topic, event, reason, age, behind] = columns(row)?;
    Ok(Given {
        position: integer(&position)?,
        key: lossy(key)?,
        topic: text(topic)?,
        event: text(event)?,
        reason: text(reason)?,
        age: integer(&age)?,
        behind: integer(&behind)?,
    })
}

/// A key that is no text was put there by somebody else.
fn lossy(value: Value) -> Result<String, StoreError> {
    Ok(String::from_utf8_lossy(&bytes(value)?).into_owned())
}
