//! A node of LaunchDarkly's migrator on the probes' stores.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use launchdarkly_server_sdk::{Context, Migrator, MigratorBuilder, Stage};
use tokio::runtime::Runtime;

use super::store::{Row, Store, Stores};
use crate::launchdarkly::{FLAG, Source, client, context};

pub(crate) const DUAL_WRITE: Stage = Stage::DualWrite;
pub(crate) const SHADOW: Stage = Stage::Shadow;
pub(crate) const LIVE: Stage = Stage::Live;

type Call<'a> = BoxFuture<'a, Result<Option<Row>, String>>;
type Boxed = Box<dyn Fn(&Row) -> Call<'_> + Send + Sync>;

pub(crate) struct Node {
    migrator: Migrator<Row, Option<Row>, Boxed, Boxed, Boxed, Boxed>,
    context: Context,
    stage: Stage,
}

impl Node {
    /// A node in a stage; of the comparisons one in `check_ratio` is made.
    pub(crate) fn new(runtime: &Runtime, stage: Stage, check_ratio: u32, stores: &Stores) -> Self {
        let client = client(runtime, Source::TestData, stage, check_ratio);
        let migrator = MigratorBuilder::new(client)
            .read(reading(&stores.legacy), reading(&stores.modern), Some(PartialEq::eq))
            .write(writing(&stores.legacy), writing(&stores.modern))
            .build()
            .expect("it has what it needs");
        Self { migrator, context: context(), stage }
    }

    pub(crate) async fn read(&mut self, key: u64) -> Result<Option<Row>, String> {
        let (flag, asked) = (FLAG.to_owned(), (key, ""));
        self.migrator.read(&self.context, flag, self.stage, asked).await.result
    }

    pub(crate) async fn write(&mut self, row: Row) -> Result<(), String> {
        let flag = FLAG.to_owned();
        let written = self.migrator.write(&self.context, flag, self.stage, row).await;
        written.authoritative.result.map(|_| ())
    }
}

fn reading(store: &Arc<Store>) -> Boxed {
    let store = Arc::clone(store);
    Box::new(move |row| {
        let store = Arc::clone(&store);
        async move { store.get(row.0).await.map_err(|error| error.to_string()) }.boxed()
    })
}

fn writing(store: &Arc<Store>) -> Boxed {
    let store = Arc::clone(store);
    Box::new(move |row| {
        let store = Arc::clone(&store);
        async move {
            store.put(*row).await;
            Ok(None)
        }
        .boxed()
    })
}
