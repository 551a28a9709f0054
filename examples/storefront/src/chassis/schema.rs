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
const IS_MADE: &str = "SELECT to_regclass($1) IS NOT NULL";

/// Makes what is not there in the PostgreSQL at `url`, all or none: a table each, and the statements that make it, and perhaps
/// more with it. Waits for the server.
///
/// # Errors
///
/// The server has answered, and refuses.
pub async fn made(url: &str, tables: &[(&str, &str)]) -> Result<(), Failed> {
    let config: Config = url.parse()?;
    while let Err(error) = make(&config, tables).await {
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

async fn make(config: &Config, tables: &[(&str, &str)]) -> Result<(), Error> {
    let (mut client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    let open = client.transaction().await?;
    open.batch_execute(LOCK).await?;
    for (table, definition) in tables {
        if !open.query_one(IS_MADE, &[table]).await?.get::<_, bool>(0) {
            open.batch_execute(definition).await?;
        }
    }
    open.commit().await
}
