//! A relay that has nothing to do.

use std::sync::Arc;
use std::time::Duration;

use adapters::postgres::{PostgresDatabase, PostgresOutboxStore};
use strangler_fig::event::OutboxRelay;
use tokio::runtime::Runtime;
use tokio::time::sleep;

use super::broker;
use super::relaying::{DATABASE, emptied, node, removed};
use crate::error::Failure;
use crate::servers::Servers;

/// Until it has claimed what there is.
const SETTLING: Duration = Duration::from_secs(5);
const WATCHED: Duration = Duration::from_mins(1);
/// The server counts what a connection has done when it comes to rest.
const COUNTED: Duration = Duration::from_secs(2);

/// Transactions a second that the server counts, each of one query, while a relay of the defaults is idle; or one whose
/// store `listens`, so that it looks by itself but once a minute.
pub(crate) fn transactions_a_second(
    servers: &Servers,
    runtime: &Runtime,
    listens: bool,
) -> Result<f64, Failure> {
    emptied(servers)?;
    let url = servers.database(DATABASE);
    let relaying = runtime.block_on(async {
        let mut store = PostgresOutboxStore::new(PostgresDatabase::new(&url)?);
        if listens {
            store = store.listening(&url)?;
        }
        let bus = Arc::new(broker::bus("strangler_bench_idle"));
        let relay = OutboxRelay::new(Arc::new(store), bus, node()?);
        Ok::<_, Failure>(tokio::spawn(async move { relay.run(std::future::pending()).await }))
    })?;
    runtime.block_on(async { sleep(SETTLING).await });
    let before = transactions(servers)?;
    runtime.block_on(async { sleep(WATCHED).await });
    relaying.abort();
    runtime.block_on(async { sleep(COUNTED).await });
    let made = transactions(servers)? - before;
    removed(servers)?;
    println!("idle: {made} transactions in {} s", WATCHED.as_secs());
    #[expect(clippy::cast_precision_loss, reason = "figures are for people")]
    Ok(made as f64 / WATCHED.as_secs_f64())
}

fn transactions(servers: &Servers) -> Result<i64, Failure> {
    let sql = format!(
        "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = '{DATABASE}'"
    );
    Ok(servers.sql(None, &sql)?.parse()?)
}
