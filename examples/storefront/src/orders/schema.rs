use std::time::Duration;

use tokio::time::sleep;
use tokio_postgres::{Client, Error, NoTls};
use tracing::warn;

use crate::Failed;

/// How long to wait before a server that is away is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Of several that are started together one makes the tables, and the others wait for it.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('tables'))";
const IS_MADE: &str = "SELECT to_regclass('saga_barrier') IS NOT NULL";

/// Makes the tables of a service in the database at `url`, all or none, if they are not there; waits for the server.
pub(super) async fn made(url: &str, schema: &str) -> Result<(), Failed> {
    loop {
        match tokio_postgres::connect(url, NoTls).await {
            Ok((mut client, connection)) => {
                tokio::spawn(connection);
                return Ok(make(&mut client, schema).await?);
            }
            // It has answered: no such database, or not for us.
            Err(error) if error.as_db_error().is_some_and(|it| is_refusal(it.code().code())) => {
                return Err(error.into());
            }
            Err(error) => warn!(%error, "the database is away"),
        }
        sleep(PAUSE).await;
    }
}

/// Neither the server's start, nor its end, nor its lack of room.
fn is_refusal(code: &str) -> bool {
    code.starts_with("28") || code.starts_with("3D") || code.starts_with("42")
}

async fn make(client: &mut Client, schema: &str) -> Result<(), Error> {
    let open = client.transaction().await?;
    open.batch_execute(LOCK).await?;
    if !open.query_one(IS_MADE, &[]).await?.get::<_, bool>(0) {
        open.batch_execute(schema).await?;
    }
    open.commit().await
}
