use std::time::Duration;

use tokio::time::sleep;
use tokio_postgres::{Client, Error, NoTls};
use tracing::warn;

use crate::Failed;

const PAUSE: Duration = Duration::from_millis(500);

/// Of several that are started together one makes the tables, and the others wait for it.
const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('tables'))";

/// Makes those of these tables that are not in the PostgreSQL at `url`; waits for the server.
///
/// # Errors
///
/// The server has answered, and refuses.
pub async fn made(url: &str, tables: &[(&str, &str)]) -> Result<(), Failed> {
    loop {
        match tokio_postgres::connect(url, NoTls).await {
            Ok((mut client, connection)) => {
                tokio::spawn(connection);
                return Ok(make(&mut client, tables).await?);
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
    ["28", "3D", "42"].iter().any(|class| code.starts_with(class))
}

async fn make(client: &mut Client, tables: &[(&str, &str)]) -> Result<(), Error> {
    let open = client.transaction().await?;
    open.batch_execute(LOCK).await?;
    for (table, definition) in tables {
        let found = open.query_one("SELECT to_regclass($1) IS NOT NULL", &[table]).await?;
        if !found.get::<_, bool>(0) {
            open.batch_execute(definition).await?;
        }
    }
    open.commit().await
}
