//! What sagas write down. Each write but a renewal is one round trip, and the
//! server's clock counts: whether a claim is the newest, and a position free, is
//! judged where it is written.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use mysql_async::{Row, Value};
use serde_json::json;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::phase::NodeId;
use strangler_fig::saga::{
    Created, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId,
    SagaJournal, SagaOutcome, SagaStatus,
};

use super::MariadbDatabase;
use super::row::{columns, text};
use super::saga_row::{span, stored, taken};
use crate::effect::Effect;
use crate::saga::{Page, Reported, documents, entry, id, not_over, passed_by};

/// The tables of headers and entries.
pub const SAGA_JOURNAL_SCHEMA: &str = include_str!("saga_journal.sql");

// Of two at once the second waits, finds the saga, and changes nothing.
const CREATE: &str = "\
    INSERT INTO saga
        (id, definition, input, parent, status, length, changed, holder, held_until)
    VALUES (?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6), ?, UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND)
    ON DUPLICATE KEY UPDATE id = VALUES(id)";
// Assigned from left to right, each seeing what was assigned before: the holder
// comes last. Time goes on in any case, so that an append changes its row, and
// counts, also when nothing else differs.
const APPEND: &str = "\
    UPDATE saga
    SET status = ?, outcome = ?, length = length + ?,
        changed = GREATEST(UTC_TIMESTAMP(6), changed + INTERVAL 1 MICROSECOND),
        held_until = IF(? AND holder IS NOT NULL,
            UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND, NULL),
        holder = IF(held_until IS NULL, NULL, holder)
    WHERE id = ? AND epoch = ? AND length = ? AND NOT is_purged";
const CLAIM: &str = "\
    UPDATE saga
    SET epoch = LAST_INSERT_ID(epoch + 1),
        holder = ?, held_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
    WHERE id = ? AND NOT is_purged
        AND (holder IS NULL OR holder = ? OR held_until <= UTC_TIMESTAMP(6))";
// As a table, whose ids need no escapes: the statement is prepared once, however
// many the claims.
macro_rules! claims {
    () => {
        "JSON_TABLE(?, '$[*]' COLUMNS (
            saga VARCHAR(250) CHARACTER SET ascii COLLATE ascii_bin PATH '$[0]',
            epoch BIGINT PATH '$[1]'
        )) AS claim JOIN saga ON saga.id = claim.saga AND saga.epoch = claim.epoch "
    };
}

const RENEW: &str = concat!(
    "UPDATE ",
    claims!(),
    "SET saga.held_until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND
    WHERE saga.holder IS NOT NULL"
);
// An update returns no rows. But who holds a claim now has held it since it was
// made, so it was renewed before.
const RENEWED: &str = concat!("SELECT saga.id FROM ", claims!(), "WHERE saga.holder IS NOT NULL");
const RELEASE: &str = "\
    UPDATE saga SET holder = NULL, held_until = NULL WHERE id = ? AND epoch = ?";
const PURGE: &str = "\
    BEGIN NOT ATOMIC
        DECLARE is_over BOOLEAN DEFAULT FALSE;
        DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
        START TRANSACTION;
        SELECT NOT is_open INTO is_over FROM saga WHERE id = ? FOR UPDATE;
        IF is_over THEN
            UPDATE saga SET is_purged = TRUE WHERE id = ?;
            DELETE FROM saga_entry WHERE saga = ?;
            COMMIT;
            SELECT 1;
        ELSE
            ROLLBACK;
        END IF;
    END";

macro_rules! header {
    ($outcome:literal) => {
        concat!(
            "SELECT id, definition, input, parent, status, length, epoch, is_purged, ",
            $outcome,
            ", IF(held_until > UTC_TIMESTAMP(6), holder, NULL),
            TIMESTAMPDIFF(MICROSECOND, changed, UTC_TIMESTAMP(6))"
        )
    };
}

// One statement is of one moment. The header comes with each entry, its outcome
// once. Told an order, the server would put all of it into a temporary table.
const LOAD: &str = concat!(
    header!("IF(position > 0, NULL, outcome)"),
    ", position, document FROM saga LEFT JOIN saga_entry ON saga_entry.saga = saga.id
    WHERE saga.id = ?"
);
const FIND: &str = concat!(header!("outcome"), ", NULL, NULL FROM saga WHERE id = ?");
const LIST: &str = concat!(header!("outcome"), ", NULL, NULL FROM saga WHERE id > ?");

/// A journal of sagas in two tables.
#[derive(Debug, Clone)]
pub struct MariadbSagaJournal {
    database: MariadbDatabase,
    reported: Reported,
}

impl MariadbSagaJournal {
    /// A statement takes 65,535 values, and an entry is three.
    const ENTRIES_MAX: usize = 20_000;

    /// The journal in `database`.
    #[must_use]
    pub fn new(database: MariadbDatabase) -> Self {
        Self { database, reported: Reported::default() }
    }

    /// Changes a header and adds entries from `position` on, if the change
    /// changes anything; answers whether it did.
    async fn write(
        &self,
        change: &str,
        mut params: Vec<Value>,
        (saga, position): (&SagaId, i64),
        entries: &[SagaEntry],
    ) -> Result<bool, StoreError> {
        if entries.len() > Self::ENTRIES_MAX {
            return Err(StoreError::rejected("too many entries at once"));
        }
        for (number, document) in (position..).zip(documents(entries)) {
            params.extend([saga.as_str().into(), number.into(), document.into()]);
        }
        let rows = self.database.transact(&written(change, entries.len()), params).await?;
        Ok(!rows.is_empty())
    }

    async fn read(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        self.database.query(Effect::None, sql, params).await
    }
}

/// A transaction in one round trip, answering a row if the change was one.
fn written(change: &str, entries: usize) -> String {
    let insert = match entries {
        0 => String::new(),
        _ => format!(
            "INSERT INTO saga_entry (saga, position, document) VALUES (?, ?, ?){};",
            ", (?, ?, ?)".repeat(entries - 1)
        ),
    };
    format!(
        "BEGIN NOT ATOMIC
            DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
            START TRANSACTION;
            {change};
            IF ROW_COUNT() = 1 THEN {insert} COMMIT; SELECT 1; ELSE ROLLBACK; END IF;
        END"
    )
}

#[async_trait]
impl SagaJournal for MariadbSagaJournal {
    async fn create(
        &self,
        saga: &NewSaga,
        entries: &[SagaEntry],
        runner: &NodeId,
        term: Duration,
    ) -> Result<Created, StoreError> {
        let params = vec![
            saga.id.as_str().into(),
            saga.definition.to_string().into(),
            saga.input.to_be_bytes().into(),
            saga.parent.as_ref().map(SagaId::as_str).into(),
            SagaStatus::Running.name().into(),
            entries.len().into(),
            runner.to_string().into(),
            span(term),
        ];
        if self.write(CREATE, params, (&saga.id, 0), entries).await? {
            return Ok(Created::New(SagaClaim { saga: saga.id.clone(), epoch: 1 }));
        }
        let found = self.read(FIND, vec![saga.id.as_str().into()]).await?.pop();
        let found = found.ok_or_else(|| StoreError::unavailable("the saga was deleted"))?;
        Ok(Created::Found(Box::new(stored(found)?.columns.header()?)))
    }

    async fn append(
        &self,
        claim: &SagaClaim,
        append: &SagaAppend<'_>,
        term: Duration,
    ) -> Result<(), StoreError> {
        let Ok(position) = i64::try_from(append.position) else {
            return Err(passed_by());
        };
        let params = vec![
            append.status.name().into(),
            append.outcome.map(SagaOutcome::to_document).into(),
            append.entries.len().into(),
            append.status.is_active().into(),
            span(term),
            claim.saga.as_str().into(),
            claim.epoch.into(),
            position.into(),
        ];
        if !self.write(APPEND, params, (&claim.saga, position), append.entries).await? {
            return Err(passed_by());
        }
        Ok(())
    }

    async fn load(
        &self,
        saga: &SagaId,
    ) -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError> {
        let rows = self.read(LOAD, vec![saga.as_str().into()]).await?;
        let mut rows = rows.into_iter().map(stored).collect::<Result<Vec<_>, _>>()?;
        rows.sort_by_key(|row| row.position);
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let documents = rows.iter().filter_map(|row| row.document.as_deref());
        let entries = documents.map(entry).collect::<Result<_, _>>()?;
        Ok(Some((first.columns.header()?, entries)))
    }

    async fn claim(
        &self,
        saga: &SagaId,
        runner: &NodeId,
        term: Duration,
    ) -> Result<Option<SagaClaim>, StoreError> {
        let runner = Value::from(runner.to_string());
        let params = vec![runner.clone(), span(term), saga.as_str().into(), runner];
        let epoch = self.database.execute_numbered(CLAIM, params).await?;
        Ok(epoch.map(|epoch| SagaClaim { saga: saga.clone(), epoch }))
    }

    async fn renew(&self, claims: &[SagaClaim], term: Duration) -> Result<Vec<SagaId>, StoreError> {
        // Two runners that both believe in their claims take the rows in one order.
        let claims: BTreeMap<_, _> = claims.iter().map(|it| (it.saga.as_str(), it.epoch)).collect();
        let claims: Vec<_> = claims.into_iter().map(|(saga, epoch)| json!([saga, epoch])).collect();
        let claims = Value::from(json!(claims).to_string());
        self.database.execute(RENEW, vec![claims.clone(), span(term)]).await?;
        let rows = self.read(RENEWED, vec![claims]).await?;
        let ids = rows.into_iter().map(|row| {
            let [saga] = columns(row)?;
            id(&text(saga)?)
        });
        ids.collect()
    }

    async fn release(&self, claim: &SagaClaim) -> Result<(), StoreError> {
        let params = vec![claim.saga.as_str().into(), claim.epoch.into()];
        self.database.execute(RELEASE, params).await.map(drop)
    }

    async fn list(
        &self,
        filter: &SagaFilter,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError> {
        let (taken, values) = taken(filter);
        let sql = format!("{LIST}{taken} ORDER BY id LIMIT ?");
        let mut page = Page::new(&self.reported, after, limit);
        while let Some((after, missing)) = page.missing() {
            let mut params = vec![Value::from(after)];
            params.extend(values.iter().cloned());
            params.push(missing.into());
            let rows = self.read(&sql, params).await?.into_iter().map(stored);
            let rows = rows.map(|row| Ok(row?.columns)).collect::<Result<Vec<_>, StoreError>>()?;
            page.add(rows.into_iter());
        }
        Ok(page.into_headers())
    }

    async fn purge(&self, saga: &SagaId) -> Result<(), StoreError> {
        let params = vec![Value::from(saga.as_str()); 3];
        if self.database.transact(PURGE, params).await?.is_empty() {
            return Err(not_over());
        }
        Ok(())
    }
}
