use std::time::Duration;

use adapters::postgres::PostgresAnswer;
use tokio::time::sleep;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Config, Error, NoTls};
use tracing::warn;

use super::fatal::{chain, with_causes};
use crate::Failed;

/// How long to wait before a server that is away is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// Of several that are started together one makes the tables, and the others wait for it.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('tables'))";
const IS_MADE: &str = "SELECT to_regclass($1) IS NOT NULL";

/// Makes what is not there in the PostgreSQL at `url`, that of `DATABASE_URL`, all or none: a table each, and the statements that make it, and perhaps
/// more with it. Waits for the server.
///
/// # Errors
///
/// The server has answered, and refuses.
pub async fn made(url: &str, tables: &[(&str, &str)]) -> Result<(), Failed> {
    let refused = |error: &Error| format!("DATABASE_URL: {}", with_causes(error));
    let config: Config = url.parse().map_err(|error| refused(&error))?;
    while let Err(error) = make(&config, tables).await {
        if refusal(&error).is_some() {
            return Err(refused(&error).into());
        }
        warn!(error = with_causes(&error), "the database of DATABASE_URL is away");
        sleep(PAUSE).await;
    }
    Ok(())
}

/// With what a server of PostgreSQL has refused, somewhere among the causes: it is no such database, or not for us; neither the
/// server's start, nor its end, nor its lack of room.
pub(crate) fn refusal<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a SqlState> {
    let code = chain(error).find_map(|it| {
        let own = it.downcast_ref::<PostgresAnswer>().map(PostgresAnswer::code);
        own.or_else(|| it.downcast_ref::<DbError>().map(DbError::code))
    })?;
    ["28", "3D", "42"].iter().any(|class| code.code().starts_with(class)).then_some(code)
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
