use adapters::mariadb::{INBOX_SCHEMA, MariadbOutbox, OUTBOX_SCHEMA};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, IsolationLevel, Opts, OptsBuilder, TxOpts};
use strangler_fig::event::Outbox;

use crate::database::{Outcome, Tally};
use crate::judge::Effect;
use crate::script::Batch;

const TABLES: &str = "
    CREATE TABLE effects (
        place BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
        event_key VARCHAR(100) NOT NULL,
        number BIGINT NOT NULL,
        id VARCHAR(100) NOT NULL
    ) ENGINE = InnoDB;
    CREATE TABLE repeats LIKE effects;
    CREATE TABLE staged (batch VARCHAR(100) NOT NULL PRIMARY KEY) ENGINE = InnoDB;";
// Who comes again waits for the transaction that it knows nothing of.
const MARK: &str = "INSERT IGNORE INTO staged (batch) VALUES (?)";
const TALLY: &str = "
    SELECT (SELECT COUNT(DISTINCT id) FROM effects), (SELECT COUNT(*) FROM outbox),
        (SELECT COUNT(*) FROM outbox WHERE is_parked), (SELECT COUNT(*) FROM repeats)";

async fn connected(url: &str) -> Outcome<Conn> {
    let opts = OptsBuilder::from_opts(Opts::from_url(url)?).prefer_socket(false);
    Ok(Conn::new(opts).await?)
}

pub(crate) async fn prepare(url: &str) -> Outcome<()> {
    let schema = [OUTBOX_SCHEMA, INBOX_SCHEMA, TABLES].concat();
    Ok(connected(url).await?.query_drop(schema).await?)
}

pub(crate) async fn stage(url: &str, batch: &Batch) -> Outcome<()> {
    let mut conn = connected(url).await?;
    let mut options = TxOpts::default();
    options.with_isolation_level(IsolationLevel::ReadCommitted);
    let mut open = conn.start_transaction(options).await?;
    open.exec_drop(MARK, (&batch.name,)).await?;
    if open.affected_rows() == 0 {
        return Ok(open.rollback().await?);
    }
    MariadbOutbox.stage(&mut open, &batch.messages).await?;
    let ended = if batch.is_kept { open.commit().await } else { open.rollback().await };
    Ok(ended?)
}

pub(crate) async fn tally(url: &str) -> Outcome<Tally> {
    let row = connected(url).await?.query_first(TALLY).await?;
    let (effects, unsent, parked, repeats) = row.ok_or("a count is a row")?;
    Ok(Tally { effects, unsent, parked, repeats })
}

pub(crate) async fn effects(url: &str) -> Outcome<Vec<Effect>> {
    let sql = "SELECT event_key, number, id FROM effects ORDER BY place";
    let effect = |(key, number, id)| Effect { key, number, id };
    Ok(connected(url).await?.query_map(sql, effect).await?)
}
