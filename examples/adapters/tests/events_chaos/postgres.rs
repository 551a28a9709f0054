use adapters::postgres::{INBOX_SCHEMA, OUTBOX_SCHEMA, PostgresOutbox};
use strangler_fig::event::Outbox;
use tokio_postgres::{Client, NoTls};

use crate::database::{Outcome, Tally};
use crate::judge::Effect;
use crate::script::Batch;

const TABLES: &str = "
    CREATE TABLE effects (
        place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        event_key text NOT NULL,
        number bigint NOT NULL,
        id text NOT NULL
    );
    CREATE TABLE repeats (LIKE effects INCLUDING ALL);
    CREATE TABLE staged (batch text PRIMARY KEY);";
// Who comes again waits for the transaction that it knows nothing of.
const MARK: &str = "INSERT INTO staged (batch) VALUES ($1) ON CONFLICT DO NOTHING";
const TALLY: &str = "
    SELECT (SELECT count(DISTINCT id) FROM effects), (SELECT count(*) FROM outbox),
        (SELECT count(*) FROM outbox WHERE is_parked), (SELECT count(*) FROM repeats)";

async fn connected(url: &str) -> Outcome<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

pub(crate) async fn prepare(url: &str) -> Outcome<()> {
    let schema = [OUTBOX_SCHEMA, INBOX_SCHEMA, TABLES].concat();
    Ok(connected(url).await?.batch_execute(&schema).await?)
}

pub(crate) async fn stage(url: &str, batch: &Batch) -> Outcome<()> {
    let mut client = connected(url).await?;
    let mut open = client.transaction().await?;
    if open.execute(MARK, &[&batch.name]).await? == 0 {
        return Ok(());
    }
    PostgresOutbox::default().stage(&mut open, &batch.messages).await?;
    let ended = if batch.is_kept { open.commit().await } else { open.rollback().await };
    Ok(ended?)
}

pub(crate) async fn tally(url: &str) -> Outcome<Tally> {
    let row = connected(url).await?.query_one(TALLY, &[]).await?;
    let number = |column| u64::try_from(row.get::<_, i64>(column));
    let (effects, unsent) = (number(0)?, number(1)?);
    Ok(Tally { effects, unsent, parked: number(2)?, repeats: number(3)? })
}

pub(crate) async fn effects(url: &str) -> Outcome<Vec<Effect>> {
    let sql = "SELECT event_key, number, id FROM effects ORDER BY place";
    let rows = connected(url).await?.query(sql, &[]).await?;
    let effect =
        |row: &tokio_postgres::Row| Effect { key: row.get(0), number: row.get(1), id: row.get(2) };
    Ok(rows.iter().map(effect).collect())
}
