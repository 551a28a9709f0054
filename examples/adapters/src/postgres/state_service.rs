//! The state of migrations. Each call is one statement: the row lock it takes
//! is what sets writers of one revision, renewals and evictions apart.

use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::phase::{
    MigrationName, MigrationState, MigrationStateService, NodeId, NodeLease, Revision, Versioned,
};
use tokio_postgres::Row;

use super::PostgresDatabase;
use super::database::Params;
use super::number::{Decoded, signed, unsigned};
use crate::document;
use crate::effect::Effect;

/// The tables of states and leases.
pub const STATE_SCHEMA: &str = include_str!("state_service.sql");

const DURABILITY: &str = "SELECT current_setting('fsync'), current_setting('synchronous_commit')";
const CREATE: &str = "\
    INSERT INTO migration_state (name, revision, document) VALUES ($1, 1, $2)
    ON CONFLICT DO NOTHING RETURNING revision";
const CURRENT: &str = "SELECT revision, document FROM migration_state WHERE name = $1";
const REPLACE: &str = "\
    UPDATE migration_state SET revision = revision + 1, document = $3
    WHERE name = $1 AND revision = $2 RETURNING revision";
// Who waited for the row's lock judges what is there then: an eviction stays, and so does a
// later renewal.
const RENEW: &str = "\
    INSERT INTO migration_lease AS held (migration, node, document, renewal)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (migration, node)
    DO UPDATE SET renewal = GREATEST(held.renewal, excluded.renewal), document = CASE
        WHEN held.renewal > excluded.renewal THEN held.document ELSE excluded.document END
    WHERE held.document IS NOT NULL RETURNING node";
const RELEASE: &str = "\
    DELETE FROM migration_lease WHERE migration = $1 AND node = $2 AND document IS NOT NULL";
const LEASES: &str = "\
    SELECT node, document FROM migration_lease
    WHERE migration = $1 AND document IS NOT NULL ORDER BY node";
const EVICT: &str = "\
    INSERT INTO migration_lease AS held (migration, node, document) VALUES ($1, $2, NULL)
    ON CONFLICT (migration, node) DO UPDATE SET document = NULL
    WHERE held.document IS NULL OR held.renewal = $3 RETURNING node";

/// The state of migrations in two tables.
///
/// What it acknowledged is on the server's disk. Where a standby may be
/// promoted, it is there too only if `synchronous_standby_names` names it: a
/// standby that follows later than the acknowledgement must not take over.
#[derive(Debug, Clone)]
pub struct PostgresStateService {
    database: PostgresDatabase,
}

impl PostgresStateService {
    /// The service in `database`, once its server has said that it keeps what
    /// it acknowledges. It is not asked again: who turns `fsync` off later
    /// breaks the contract.
    ///
    /// # Errors
    ///
    /// `Rejected` if the server does not flush: the message names the setting.
    /// `Unavailable`.
    pub async fn open(database: PostgresDatabase) -> Result<Self, StoreError> {
        let rows = database.query(Effect::None, DURABILITY, &[]).await?;
        let row = rows.first().ok_or_else(|| StoreError::unavailable("the server is silent"))?;
        for (at, setting) in ["fsync", "synchronous_commit"].into_iter().enumerate() {
            let value: &str = row.try_get(at).map_err(StoreError::unavailable)?;
            if value == "off" {
                let lost = format!("the server has {setting} = off: a crash loses what it said");
                return Err(StoreError::rejected(lost));
            }
        }
        Ok(Self { database })
    }

    async fn change(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        self.database.query(Effect::Possible, sql, params).await
    }
}

#[async_trait]
impl MigrationStateService for PostgresStateService {
    async fn create(&self, state: &MigrationState) -> Result<Revision, StoreError> {
        let params: Params = &[&state.name().as_str(), &state.to_document()];
        let rows = self.change(CREATE, params).await?;
        let row = rows.first().ok_or_else(|| StoreError::conflict("the migration exists"))?;
        revision(row).map_err(StoreError::unknown)
    }

    async fn current(&self, name: &MigrationName) -> Result<Option<Versioned>, StoreError> {
        let rows = self.database.query(Effect::None, CURRENT, &[&name.as_str()]).await?;
        rows.first().map(|row| versioned(row, name)).transpose()
    }

    async fn compare_and_set(
        &self,
        expected: Revision,
        next: &MigrationState,
    ) -> Result<Revision, StoreError> {
        let other = || StoreError::conflict(format!("the state is not at revision {}", expected.0));
        // No state has a revision that the column cannot hold.
        let held = i64::try_from(expected.0).map_err(|_| other())?;
        let params: Params = &[&next.name().as_str(), &held, &next.to_document()];
        let rows = self.change(REPLACE, params).await?;
        revision(rows.first().ok_or_else(other)?).map_err(StoreError::unknown)
    }

    async fn renew_lease(&self, name: &MigrationName, lease: &NodeLease) -> Result<(), StoreError> {
        let (key, document) = (lease.node.to_string(), lease.to_document());
        let params: Params = &[&name.as_str(), &key, &document, &signed(lease.renewal)?];
        if self.change(RENEW, params).await?.is_empty() {
            return Err(StoreError::conflict(format!("node {key} was evicted")));
        }
        Ok(())
    }

    async fn release_lease(&self, name: &MigrationName, node: &NodeId) -> Result<(), StoreError> {
        self.change(RELEASE, &[&name.as_str(), &node.to_string()]).await.map(drop)
    }

    async fn leases(&self, name: &MigrationName) -> Result<Vec<NodeLease>, StoreError> {
        let rows = self.database.query(Effect::None, LEASES, &[&name.as_str()]).await?;
        rows.iter().map(lease).collect()
    }

    async fn evict(&self, name: &MigrationName, seen: &NodeLease) -> Result<(), StoreError> {
        let (key, renewal) = (seen.node.to_string(), signed(seen.renewal)?);
        if self.change(EVICT, &[&name.as_str(), &key, &renewal]).await?.is_empty() {
            return Err(StoreError::conflict(format!("node {key} has renewed its lease")));
        }
        Ok(())
    }
}

fn revision(row: &Row) -> Decoded<Revision> {
    Ok(Revision(unsigned(row, 0)?))
}

fn versioned(row: &Row, name: &MigrationName) -> Result<Versioned, StoreError> {
    let revision = revision(row).map_err(StoreError::rejected)?;
    let text: &str = row.try_get(1).map_err(StoreError::rejected)?;
    Ok(Versioned { revision, state: document::state(text, name)? })
}

fn lease(row: &Row) -> Result<NodeLease, StoreError> {
    let key: &str = row.try_get(0).map_err(StoreError::rejected)?;
    let text: &str = row.try_get(1).map_err(StoreError::rejected)?;
    document::lease(text, key)
}
