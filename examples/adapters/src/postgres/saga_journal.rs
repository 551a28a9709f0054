//! What sagas write down. Each call but a purge is one statement or a part of one,
//! and the server's clock counts: whether a claim is the newest, and a position free,
//! is judged where it is written.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::phase::NodeId;
use strangler_fig::repository::Access;
use strangler_fig::saga::{
    Created, NewSaga, SagaAppend, SagaClaim, SagaEntry, SagaFilter, SagaHeader, SagaId,
    SagaJournal, SagaOutcome, SagaStatus,
};
use tokio_postgres::Row;

use super::database::Params;
use super::group_commit::GroupCommit;
use super::number::{span, unsigned};
use super::saga_writes::{Append, Appends, Create, Creates};
use super::{PostgresDatabase, PostgresTransaction};
use crate::effect::Effect;
use crate::saga::{
    Among, Columns, Page, Reported, documents, entry, id, not_over, passed_by, statuses,
};

/// The tables of headers and entries.
pub const SAGA_JOURNAL_SCHEMA: &str = include_str!("saga_journal.sql");

const CLAIM: &str = "\
    UPDATE saga
    SET epoch = epoch + 1, holder = $2,
        held_until = clock_timestamp() + $3::bigint * interval '1 us'
    WHERE id = $1 AND NOT is_purged
        AND (holder IS NULL OR holder = $2 OR held_until <= clock_timestamp())
    RETURNING epoch";
const RENEW: &str = "\
    UPDATE saga SET held_until = clock_timestamp() + $3::bigint * interval '1 us'
    FROM unnest($1::text[], $2::bigint[]) AS claim (saga, epoch)
    WHERE saga.id = claim.saga AND saga.epoch = claim.epoch AND saga.holder IS NOT NULL
    RETURNING saga.id";
const RELEASE: &str = "\
    UPDATE saga SET holder = NULL, held_until = NULL WHERE id = $1 AND epoch = $2";
const PURGE: &str = "\
    UPDATE saga SET is_purged = true WHERE id = $1 AND status = ANY ($2) RETURNING id";
const REMOVE: &str = "DELETE FROM saga_entry WHERE saga = $1";

macro_rules! header {
    () => {
        "SELECT id, definition, input, parent, status, outcome, length, epoch,
            CASE WHEN held_until > clock_timestamp() THEN holder END,
            (1000000 * extract(epoch FROM clock_timestamp() - changed))::bigint, is_purged"
    };
}

// One statement is of one moment.
const LOAD: &str = concat!(
    header!(),
    ", ARRAY(SELECT document FROM saga_entry WHERE saga = $1 ORDER BY position)
    FROM saga WHERE id = $1"
);
const FIND: &str = concat!(header!(), " FROM saga WHERE id = $1");

macro_rules! page {
    ($only:literal) => {
        concat!(
            header!(),
            " FROM saga WHERE id > $1 AND ",
            $only,
            "(cardinality($2::text[]) = 0 OR status = ANY ($2))
                AND (cardinality($3::text[]) = 0 OR definition = ANY ($3))
                AND (NOT $4 OR holder IS NULL OR held_until <= clock_timestamp())
                AND (NOT $5 OR NOT is_purged)
                AND ($6 = 0::bigint OR changed <= clock_timestamp() - $6 * interval '1 us')
            ORDER BY id LIMIT $7"
        )
    };
}

const LIST: &str = page!("");
// As the index says it, so that it is used.
const LIST_OPEN: &str = page!("status IN ('running', 'unwinding', 'parked') AND ");
const LIST_KEPT: &str =
    page!("status IN ('committed', 'rolled_back', 'given_up') AND NOT is_purged AND ");

/// A journal of sagas in two tables.
#[derive(Debug, Clone)]
pub struct PostgresSagaJournal {
    database: PostgresDatabase,
    creates: Arc<GroupCommit<Creates>>,
    appends: Arc<GroupCommit<Appends>>,
    reported: Reported,
}

impl PostgresSagaJournal {
    /// The journal in `database`.
    #[must_use]
    pub fn new(database: PostgresDatabase) -> Self {
        let creates = GroupCommit::new(Creates(database.clone()));
        let appends = GroupCommit::new(Appends(database.clone()));
        Self { database, creates, appends, reported: Reported::default() }
    }

    async fn change(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        self.database.query(Effect::Possible, sql, params).await
    }
}

#[async_trait]
impl SagaJournal for PostgresSagaJournal {
    async fn create(
        &self,
        saga: &NewSaga,
        entries: &[SagaEntry],
        runner: &NodeId,
        term: Duration,
    ) -> Result<Created, StoreError> {
        let create = Create {
            saga: saga.id.as_str().to_owned(),
            definition: saga.definition.to_string(),
            input: saga.input.to_be_bytes(),
            parent: saga.parent.as_ref().map(|parent| parent.as_str().to_owned()),
            documents: documents(entries),
            holder: runner.to_string(),
            term: span(term),
        };
        if let Some(epoch) = self.creates.call(create).await? {
            return Ok(Created::New(SagaClaim { saga: saga.id.clone(), epoch }));
        }
        let rows = self.database.query(Effect::None, FIND, &[&saga.id.as_str()]).await?;
        let found = rows.first().ok_or_else(|| StoreError::unavailable("the saga was deleted"))?;
        Ok(Created::Found(Box::new(header(found)?)))
    }

    async fn append(
        &self,
        claim: &SagaClaim,
        append: &SagaAppend<'_>,
        term: Duration,
    ) -> Result<(), StoreError> {
        let append = Append {
            saga: claim.saga.as_str().to_owned(),
            epoch: sought(claim.epoch),
            position: sought(append.position),
            documents: documents(append.entries),
            status: append.status.name(),
            outcome: append.outcome.map(SagaOutcome::to_document),
            goes_on: append.status.is_active(),
            term: span(term),
        };
        self.appends.call(append).await?.map(drop).ok_or_else(passed_by)
    }

    async fn load(
        &self,
        saga: &SagaId,
    ) -> Result<Option<(SagaHeader, Vec<SagaEntry>)>, StoreError> {
        let rows = self.database.query(Effect::None, LOAD, &[&saga.as_str()]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let documents: Vec<&str> = row.try_get(11).map_err(StoreError::rejected)?;
        let entries = documents.into_iter().map(entry).collect::<Result<_, _>>()?;
        Ok(Some((header(row)?, entries)))
    }

    async fn claim(
        &self,
        saga: &SagaId,
        runner: &NodeId,
        term: Duration,
    ) -> Result<Option<SagaClaim>, StoreError> {
        let params: Params = &[&saga.as_str(), &runner.to_string(), &span(term)];
        let rows = self.change(CLAIM, params).await?;
        rows.first().map(|row| claim(saga, row)).transpose()
    }

    async fn renew(&self, claims: &[SagaClaim], term: Duration) -> Result<Vec<SagaId>, StoreError> {
        let sagas: Vec<_> = claims.iter().map(|claim| claim.saga.as_str()).collect();
        let epochs: Vec<_> = claims.iter().map(|claim| sought(claim.epoch)).collect();
        let rows = self.change(RENEW, &[&sagas, &epochs, &span(term)]).await?;
        rows.iter().map(|row| id(row.try_get(0).map_err(StoreError::unknown)?)).collect()
    }

    async fn release(&self, claim: &SagaClaim) -> Result<(), StoreError> {
        let params: Params = &[&claim.saga.as_str(), &sought(claim.epoch)];
        self.change(RELEASE, params).await.map(drop)
    }

    async fn list(
        &self,
        filter: &SagaFilter,
        after: Option<&SagaId>,
        limit: NonZeroUsize,
    ) -> Result<Vec<SagaHeader>, StoreError> {
        let statuses: Vec<_> = filter.statuses.iter().map(|status| status.name()).collect();
        let definitions: Vec<_> = filter.definitions.iter().map(ToString::to_string).collect();
        let (is_free, is_unpurged) = (filter.is_free, filter.is_unpurged);
        let idle = span(filter.idle_min);
        let sql = match Among::of(filter) {
            Among::All => LIST,
            Among::Open => LIST_OPEN,
            Among::Kept => LIST_KEPT,
        };
        let mut page = Page::new(&self.reported, after, limit);
        while let Some((after, missing)) = page.missing() {
            let params: Params =
                &[&after, &statuses, &definitions, &is_free, &is_unpurged, &idle, &missing];
            let rows = self.database.query(Effect::None, sql, params).await?;
            let rows: Result<Vec<_>, _> = rows.iter().map(columns).collect();
            page.add(rows.map_err(StoreError::rejected)?.into_iter());
        }
        Ok(page.into_headers())
    }

    async fn purge(&self, saga: &SagaId) -> Result<(), StoreError> {
        // Not one statement: that would not see, nor remove, entries of an append
        // that it had to wait for.
        let mut open = PostgresTransaction::begin(&self.database, Access::Write).await?;
        let over = statuses(SagaStatus::is_over);
        if open.query(PURGE, &[&saga.as_str(), &over]).await?.is_empty() {
            return Err(not_over());
        }
        open.query(REMOVE, &[&saga.as_str()]).await?;
        open.commit().await
    }
}

/// What no column can hold is found nowhere.
fn sought(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn claim(saga: &SagaId, row: &Row) -> Result<SagaClaim, StoreError> {
    let epoch = unsigned(row, 0).map_err(StoreError::unknown)?;
    Ok(SagaClaim { saga: saga.clone(), epoch })
}

fn header(row: &Row) -> Result<SagaHeader, StoreError> {
    columns(row).map_err(StoreError::rejected)?.header()
}

fn columns(row: &Row) -> Result<Columns, tokio_postgres::Error> {
    Ok(Columns {
        id: row.try_get(0)?,
        definition: row.try_get(1)?,
        input: row.try_get(2)?,
        parent: row.try_get(3)?,
        status: row.try_get(4)?,
        outcome: row.try_get(5)?,
        length: row.try_get(6)?,
        epoch: row.try_get(7)?,
        holder: row.try_get(8)?,
        idle: row.try_get(9)?,
        is_purged: row.try_get(10)?,
    })
}
