//! Several calls as one: a row and its stamp change together.

use std::collections::HashSet;

use mysql_async::{Row, Value};
use strangler_fig::error::StoreError;
use strangler_fig::repository::Access;
use tokio::runtime::Handle;

use super::MariadbDatabase;
use super::database::Lease;
use crate::effect::Effect;

// A row to lock, made if there is none. Not `SELECT … FOR UPDATE`: where there
// is no row it keeps nobody waiting, and two writers end in a deadlock.
const LOCK: &str = "\
    INSERT INTO plain_customer_stamp (id) VALUES (?) ON DUPLICATE KEY UPDATE id = VALUES(id)";

/// An open transaction; dropping it rolls it back.
#[derive(Debug)]
pub struct MariadbTransaction {
    /// There until it is over.
    lease: Option<Lease>,
    access: Access,
    /// A call failed or was dropped: there is nothing left to commit. The server
    /// would take a `COMMIT` then, of what was done before.
    is_spoiled: bool,
    locked: HashSet<Vec<u8>>,
}

impl MariadbTransaction {
    pub(super) async fn begin(
        database: &MariadbDatabase,
        access: Access,
    ) -> Result<Self, StoreError> {
        let mut lease = database.lease().await?;
        let begin = match access {
            Access::Read => {
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
                 START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
            }
            // Each key is locked before it is looked at, so what was seen of it
            // stays so; and who waited for it sees what it waited for.
            Access::Write => "START TRANSACTION",
        };
        lease.command(Effect::None, begin).await?;
        Ok(Self { lease: Some(lease), access, is_spoiled: false, locked: HashSet::new() })
    }

    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        if self.is_spoiled {
            return Err(StoreError::unavailable("a call of the transaction failed before"));
        }
        let mut lease = self.lease.take().expect("only a commit takes it");
        let committed = lease.command(Effect::Possible, "COMMIT").await;
        if committed.is_err() {
            // It may be open still.
            lease.close();
        }
        committed
    }

    pub(super) async fn query(
        &mut self,
        sql: &str,
        params: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        self.is_spoiled = true;
        let lease = self.lease.as_mut().expect("only a commit takes it");
        let rows = lease.query(Effect::None, sql, params).await?;
        self.is_spoiled = false;
        Ok(rows)
    }

    /// The first writer to come keeps the others of `key` waiting to the end of
    /// its transaction; a reader waits for nobody.
    pub(super) async fn lock(&mut self, key: &[u8]) -> Result<(), StoreError> {
        if self.access == Access::Write && !self.locked.contains(key) {
            self.query(LOCK, vec![key.into()]).await?;
            self.locked.insert(key.to_vec());
        }
        Ok(())
    }
}

impl Drop for MariadbTransaction {
    fn drop(&mut self) {
        // A connection in the middle of a call is closed, which rolls back too.
        let Some(lease) = self.lease.take().filter(|lease| !lease.is_busy()) else {
            return;
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(lease.roll_back())),
            Err(_) => lease.close(),
        }
    }
}
