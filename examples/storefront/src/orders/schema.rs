use std::time::Duration;

use tokio::time::sleep;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, Error, NoTls};
use tracing::warn;

use crate::Failed;

/// How long to wait before a server that is away is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Of several that are started together one makes the tables, and the others wait for it.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('tables'))";
const IS_MADE: &str = "SELECT to_regclass('saga_barrier') IS NOT NULL";

/// Makes the tables of a service in the database at `url`, all or none, if they are not there; waits for the server.
pub(super) async fn made(url: &str, schema: &str) -> Result<(), Failed> {
    let config: Config = url.parse()?;
    while let Err(error) = make(&config, schema).await {
        let said = said(&error);
        if is_refusal(&error) {
            return Err(said);
        }
        warn!(error = said, "the database is away");
        sleep(PAUSE).await;
    }
    Ok(())
}

/// What the server has said, where it has.
fn said(error: &Error) -> Failed {
    error.as_db_error().map_or_else(|| error.to_string().into(), |it| it.to_string().into())
}

/// Whether it is no such database, or not for us; neither the server's start, nor its end, nor its lack of room.
fn is_refusal(error: &Error) -> bool {
    let code = error.code().map_or("", SqlState::code);
    ["28", "3D", "42"].iter().any(|class| code.starts_with(class))
}

async fn make(config: &Config, schema: &str) -> Result<(), Error> {
    let (mut client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    let open = client.transaction().await?;
    open.batch_execute(LOCK).await?;
    if !open.query_one(IS_MADE, &[]).await?.get::<_, bool>(0) {
        open.batch_execute(schema).await?;
    }
    open.commit().await
}
