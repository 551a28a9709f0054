use tokio_postgres::Client;

use super::rooms::administrator;
use crate::Failed;

/// The first key of its locks; the second is the number of the run.
const CLASS: i32 = 0x57_0e;

/// Held in any database of the server: a lock is one of the database that it was taken in, and so no other run would wait for it.
const CLAIM: &str = "\
    SELECT pg_try_advisory_lock($1, $2) AND NOT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
            AND classid = $1::int::oid AND objid = $2::int::oid AND objsubid = 2)";

/// A run's hold on its number, and so on everything that is named for it: for as long as its session with PostgreSQL lives, from
/// whatever machine.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) number: u32,
    _session: Client,
}

impl Claim {
    /// A hold on this number; none, if somebody has it.
    pub(super) async fn of(url: &str, number: u32) -> Result<Option<Self>, Failed> {
        let session = administrator(url).await?;
        let claimed = session.query_one(CLAIM, &[&CLASS, &i32::try_from(number)?]).await?;
        Ok(claimed.get::<_, bool>(0).then_some(Self { number, _session: session }))
    }

    /// A number of its own: that of this process, if it is to be had, which it is not of another's container.
    pub(super) async fn new(url: &str) -> Result<Self, Failed> {
        let mut number = std::process::id();
        loop {
            if let Some(claim) = Self::of(url, number).await? {
                return Ok(claim);
            }
            number = fastrand::u32(1 << 22..1 << 31);
        }
    }
}
