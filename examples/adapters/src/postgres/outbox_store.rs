//! What relays ask of an outbox. Each call is one round trip, and the server's clock counts: whether a claim is the
//! newest, and its term not over, is judged where it is used.

use std::num::{NonZeroU16, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    FetchLimit, Lane, LaneClaim, LaneClaims, OutboxDepth, OutboxPosition, OutboxRow, OutboxStore,
    ParkedRow, RowEnd,
};
use strangler_fig::phase::NodeId;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::PostgresDatabase;
use super::database::Params;
use super::number::{Decoded, span, unsigned};
use super::outbox_notify::Listener;
use crate::effect::Effect;
use crate::event_row::{Ends, Fetched, Given, LANES, age, sought};

// What is the relay's and what is nobody's is locked in one order, so that of two at once the later one waits, and sees what
// the earlier one has left. A term that is over is like none, also one of its own.
const CLAIM: &str = "\
    WITH alive AS (
        INSERT INTO outbox_relay (relay, until)
        VALUES ($1, clock_timestamp() + $3::bigint * interval '1 us')
        ON CONFLICT (relay) DO UPDATE SET until = excluded.until
    ), open AS (
        SELECT lane, relay IS NOT NULL AND relay = $1 AND until > clock_timestamp() AS is_own
        FROM outbox_lane
        WHERE relay IS NULL OR relay = $1 OR until <= clock_timestamp()
        ORDER BY lane
        FOR UPDATE
    ), chosen AS (
        SELECT lane, is_own
        FROM (
            SELECT lane, is_own, row_number() OVER (ORDER BY is_own DESC, lane) AS number FROM open
        ) AS ranked
        WHERE is_own OR number <= $2::bigint
    ), held AS (
        UPDATE outbox_lane AS it
        SET relay = $1, until = clock_timestamp() + $3::bigint * interval '1 us',
            epoch = CASE WHEN chosen.is_own THEN it.epoch ELSE it.epoch + 1 END
        FROM chosen WHERE it.lane = chosen.lane
        RETURNING it.lane, it.epoch
    ), others AS (
        SELECT count(*) AS count FROM outbox_relay
        WHERE until > clock_timestamp() AND relay <> $1
    )
    SELECT held.lane, held.epoch, others.count FROM others LEFT JOIN held ON true
    ORDER BY held.lane";
const RELEASE: &str = "\
    WITH ended AS (
        SELECT it.lane FROM outbox_lane AS it
        JOIN unnest($1::integer[], $2::bigint[]) AS claim (lane, epoch)
            ON it.lane = claim.lane AND it.epoch = claim.epoch
        ORDER BY it.lane
        FOR UPDATE OF it
    )
    UPDATE outbox_lane AS it SET relay = NULL, until = NULL FROM ended WHERE it.lane = ended.lane";
// Under the claim to its end: whoever claims the lane meanwhile waits, and sees what was settled. Rows are found by their
// positions, and by nothing else: a lane may have a million, and a plan that was made when it had none is kept. What is put
// off, or parked, was settled before.
macro_rules! settle {
    ($sent:literal) => {
        concat!(
            "WITH held AS (
                SELECT 1 FROM outbox_lane WHERE lane = $1 AND epoch = $2 FOR SHARE
            ), sent AS (",
            $sent,
            " WHERE position = ANY ($3::bigint[]) AND lane + 0 = $1
                    AND (sent IS NULL AND NOT is_parked
                        AND (due IS NULL OR due <= statement_timestamp())) IS TRUE
                    AND (SELECT count(*) FROM held) > 0
            ), kept AS (
                UPDATE outbox AS it
                SET attempts = it.attempts + CASE WHEN part.delay IS NULL THEN 0 ELSE 1 END,
                    refusals = it.refusals + part.is_refusal::integer,
                    due = CASE WHEN part.delay IS NOT NULL
                        THEN clock_timestamp() + part.delay * interval '1 us' END,
                    is_parked = part.delay IS NULL, error = part.error
                FROM unnest($4::bigint[], $5::bigint[], $6::boolean[], $7::text[])
                    AS part (position, delay, is_refusal, error)
                WHERE it.position = ANY ($4) AND it.position = part.position AND it.lane + 0 = $1
                    AND (it.sent IS NULL AND NOT it.is_parked
                        AND (it.due IS NULL OR it.due <= clock_timestamp())) IS TRUE
                    AND (SELECT count(*) FROM held) > 0
            )
            SELECT 1 FROM held"
        )
    };
}
const SETTLE: &str = settle!("UPDATE outbox SET sent = clock_timestamp()");
const SETTLE_AND_REMOVE: &str = settle!("DELETE FROM outbox");
const PARKED: &str = "\
    SELECT position, event_key, topic, event, coalesce(error, ''),
        (extract(epoch FROM clock_timestamp() - staged) * 1000000)::bigint,
        (SELECT count(*) FROM outbox AS it
            WHERE it.lane = parked.lane AND it.event_key = parked.event_key
                AND it.position > parked.position AND it.sent IS NULL AND NOT it.is_parked)
    FROM outbox AS parked WHERE is_parked AND position > $1 ORDER BY position LIMIT $2";
// Whoever listens is told that a key goes on.
const RETRY: &str = "\
    WITH freed AS (
        UPDATE outbox SET is_parked = false, attempts = 0, refusals = 0, due = NULL, error = NULL
        WHERE position = $1 AND is_parked RETURNING 1
    )
    SELECT 1 FROM freed, pg_notify('outbox', '')";
const DISCARD: &str = "\
    WITH gone AS (DELETE FROM outbox WHERE position = $1 AND is_parked RETURNING 1)
    SELECT 1 FROM gone, pg_notify('outbox', '')";
// Locks that nobody has taken for long, and relays that are long gone, go with it.
const PURGE: &str = "\
    WITH gone AS (
        DELETE FROM outbox WHERE position IN (
            SELECT position FROM outbox
            WHERE sent <= clock_timestamp() - $1::bigint * interval '1 us'
            ORDER BY sent LIMIT $2 FOR UPDATE SKIP LOCKED
        ) RETURNING 1
    ), unused AS (
        DELETE FROM outbox_key WHERE event_key IN (
            SELECT event_key FROM outbox_key WHERE used < clock_timestamp() - interval '1 day'
            LIMIT $2 FOR UPDATE SKIP LOCKED
        )
    ), forgotten AS (
        DELETE FROM outbox_relay WHERE relay IN (
            SELECT relay FROM outbox_relay WHERE until < clock_timestamp() - interval '1 day'
            FOR UPDATE SKIP LOCKED
        )
    )
    SELECT count(*) FROM gone";
const DEPTH: &str = "\
    SELECT pending.count, parked.count, pending.oldest
    FROM (
        SELECT count(*) AS count,
            (extract(epoch FROM clock_timestamp() - min(staged)) * 1000000)::bigint AS oldest
        FROM outbox WHERE sent IS NULL AND NOT is_parked
    ) AS pending, (SELECT count(*) AS count FROM outbox WHERE is_parked) AS parked";

/// The table `outbox`, as relays see it.
#[derive(Debug, Clone)]
pub struct PostgresOutboxStore {
    database: PostgresDatabase,
    keeps_sent: Option<Duration>,
    listener: Option<Arc<Listener>>,
}

impl PostgresOutboxStore {
    /// The outbox in `database`. It removes rows when they are sent.
    #[must_use]
    pub fn new(database: PostgresDatabase) -> Self {
        Self { database, keeps_sent: None, listener: None }
    }

    /// The same, but rows that were sent stay for so long at least, until they are [purged](OutboxStore::purge).
    #[must_use]
    pub const fn keeping_sent(mut self, retention: Duration) -> Self {
        self.keeps_sent = Some(retention);
        self
    }

    /// The same, told of commits of [notifying](super::PostgresOutbox::notifying) outboxes in the database at `url`, by
    /// a connection of its own. To be called within a runtime. Relays then look by themselves once a minute only, so
    /// everybody who stages is to notify.
    ///
    /// # Errors
    ///
    /// `Rejected` if it is no URL.
    pub fn listening(mut self, url: &str) -> Result<Self, StoreError> {
        self.listener = Some(Arc::new(Listener::new(url)?));
        Ok(self)
    }

    async fn change(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        self.database.query(Effect::Possible, sql, params).await
    }

    async fn read(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        self.database.query(Effect::None, sql, params).await
    }
}

/// Rows of so many lanes, `rows` at most. Of each lane they are walked along its index, until there are enough of all: a
/// lane with a million rows keeps nobody from the others, nor does one row more than those that come have to be looked at.
/// The limit stands in the text: behind a parameter, or without one for each lane, the server reads all that is pending,
/// and sorts it.
fn fetch(lanes: usize, rows: i64) -> String {
    let of_one = |lane: usize| {
        format!(
            "(SELECT position, lane, event_key, topic, event, attempts, refusals, staged
            FROM outbox AS it
            WHERE lane = ${lane} AND sent IS NULL AND NOT is_parked
                AND (due IS NULL OR due <= statement_timestamp())
                AND EXISTS (SELECT FROM outbox_lane
                    WHERE lane = ${lane} AND epoch = ${epoch} AND until > clock_timestamp())
                AND (NOT EXISTS (SELECT FROM outbox AS other
                    WHERE other.event_key = it.event_key AND other.position < it.position
                        AND other.sent IS NULL AND (other.is_parked OR other.due IS NOT NULL)
                        AND (other.is_parked OR other.due > statement_timestamp()))) IS TRUE
            ORDER BY position LIMIT {rows})",
            epoch = lane + 1,
        )
    };
    let all: Vec<_> = (0..lanes).map(|number| of_one(2 + 2 * number)).collect();
    format!(
        "SELECT position, lane, event_key, topic, event, attempts, refusals,
            (extract(epoch FROM clock_timestamp() - staged) * 1000000)::bigint
        FROM (
            SELECT *, sum(octet_length(event)) OVER (ORDER BY position) - octet_length(event)
                AS before
            FROM (SELECT * FROM ({all}) AS ready ORDER BY position LIMIT {rows}) AS ready
        ) AS ready
        WHERE before < $1 ORDER BY position",
        all = all.join(" UNION ALL "),
    )
}

#[async_trait]
impl OutboxStore for PostgresOutboxStore {
    async fn claim(
        &self,
        relay: &NodeId,
        wanted: NonZeroU16,
        term: Duration,
    ) -> Result<LaneClaims, StoreError> {
        let params: Params = &[&relay.to_string(), &i64::from(wanted.get()), &span(term)];
        let rows = self.change(CLAIM, params).await?;
        claims(&rows).map_err(StoreError::unknown)
    }

    async fn release(&self, claims: &[LaneClaim]) -> Result<(), StoreError> {
        let lanes: Vec<_> = claims.iter().map(|claim| i32::from(claim.lane.0)).collect();
        let epochs: Vec<_> = claims.iter().map(|claim| sought(claim.epoch)).collect();
        self.change(RELEASE, &[&lanes, &epochs]).await.map(drop)
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
        let columns: Vec<_> =
            claims.iter().map(|claim| (i32::from(claim.lane.0), sought(claim.epoch))).collect();
        let bytes = number(limit.bytes);
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![&bytes];
        for (lane, epoch) in &columns {
            params.extend([lane as &(dyn ToSql + Sync), epoch]);
        }
        let rows = self.read(&fetch(columns.len(), number(limit.rows)), &params).await?;
        let rows: Result<Vec<_>, _> = rows.iter().map(fetched).collect();
        Ok(rows.map_err(StoreError::rejected)?.into_iter().map(Fetched::row).collect())
    }

    async fn settle(
        &self,
        claim: &LaneClaim,
        ends: &[(OutboxPosition, RowEnd)],
    ) -> Result<(), StoreError> {
        let Ends { sent, kept } = Ends::of(ends);
        let positions: Vec<_> = kept.iter().map(|it| it.position).collect();
        let delays: Vec<_> = kept.iter().map(|it| it.delay.map(span)).collect();
        let refusals: Vec<_> = kept.iter().map(|it| it.is_refusal).collect();
        let errors: Vec<_> = kept.iter().map(|it| &*it.error).collect();
        let sql = if self.keeps_sent.is_some() { SETTLE } else { SETTLE_AND_REMOVE };
        let (lane, epoch) = (i32::from(claim.lane.0), sought(claim.epoch));
        let params: Params = &[&lane, &epoch, &sent, &positions, &delays, &refusals, &errors];
        let held = self.change(sql, params).await?;
        if held.is_empty() {
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
        let rows = self.read(PARKED, &[&after, &number(limit)]).await?;
        let rows: Result<Vec<_>, _> = rows.iter().map(given).collect();
        Ok(rows.map_err(StoreError::rejected)?.into_iter().map(Given::row).collect())
    }

    async fn retry(&self, position: OutboxPosition) -> Result<bool, StoreError> {
        Ok(!self.change(RETRY, &[&sought(position.0)]).await?.is_empty())
    }

    async fn discard(&self, position: OutboxPosition) -> Result<bool, StoreError> {
        Ok(!self.change(DISCARD, &[&sought(position.0)]).await?.is_empty())
    }

    async fn purge(&self, age: Duration, limit: NonZeroUsize) -> Result<usize, StoreError> {
        let age = age.max(self.keeps_sent.unwrap_or_default());
        let rows = self.change(PURGE, &[&span(age), &number(limit)]).await?;
        let row = rows.first().ok_or_else(|| StoreError::unknown("a count is a row"))?;
        let count = unsigned(row, 0).map_err(StoreError::unknown)?;
        count.try_into().map_err(StoreError::unknown)
    }

    async fn depth(&self) -> Result<OutboxDepth, StoreError> {
        let rows = self.read(DEPTH, &[]).await?;
        let row = rows.first().ok_or_else(|| StoreError::unavailable("a count is a row"))?;
        depth(row).map_err(StoreError::rejected)
    }

    fn notifies(&self) -> bool {
        self.listener.is_some()
    }

    async fn staged(&self) {
        match &self.listener {
            Some(listener) => listener.heard().await,
            None => std::future::pending().await,
        }
    }
}

fn number(limit: NonZeroUsize) -> i64 {
    limit.get().try_into().unwrap_or(i64::MAX)
}

fn claims(rows: &[Row]) -> Decoded<LaneClaims> {
    let mut held = Vec::new();
    let mut relays = 1;
    for row in rows {
        relays = unsigned(row, 2)?.saturating_add(1);
        if let Some(lane) = row.try_get::<_, Option<i32>>(0)? {
            held.push(LaneClaim { lane: Lane(lane.try_into()?), epoch: unsigned(row, 1)? });
        }
    }
    let relays = relays.try_into().unwrap_or(u16::MAX);
    Ok(LaneClaims {
        held,
        lanes: LANES,
        relays: NonZeroU16::new(relays).unwrap_or(NonZeroU16::MIN),
    })
}

fn fetched(row: &Row) -> Result<Fetched, tokio_postgres::Error> {
    Ok(Fetched {
        position: row.try_get(0)?,
        lane: row.try_get::<_, i32>(1)?.into(),
        key: row.try_get(2)?,
        topic: row.try_get(3)?,
        event: row.try_get(4)?,
        attempts: row.try_get::<_, i32>(5)?.into(),
        refusals: row.try_get::<_, i32>(6)?.into(),
        age: row.try_get(7)?,
    })
}

fn given(row: &Row) -> Result<Given, tokio_postgres::Error> {
    Ok(Given {
        position: row.try_get(0)?,
        key: row.try_get(1)?,
        topic: row.try_get(2)?,
        event: row.try_get(3)?,
        reason: row.try_get(4)?,
        age: row.try_get(5)?,
        behind: row.try_get(6)?,
    })
}

fn depth(row: &Row) -> Decoded<OutboxDepth> {
    let oldest = row.try_get::<_, Option<i64>>(2)?.map(age);
    Ok(OutboxDepth::new(unsigned(row, 0)?, unsigned(row, 1)?, oldest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_read_of_a_lane_than_is_asked_for() {
        let sql = fetch(3, 500);
        assert_eq!(sql.matches("LIMIT 500").count(), 4, "{sql}");
        assert!(sql.contains("$7") && !sql.contains("$8"), "{sql}");
    }
}
