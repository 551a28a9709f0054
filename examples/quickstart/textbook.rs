//! The control: the textbook's migration, under the same load, judged by the
//! same verdict.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::error::StoreError;
use strangler_fig::repository::Repository;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::airport::Airport;
use crate::airports::Airports;
use crate::blind::BlindAirports;
use crate::naive::{NaiveFlag, NaivePhase, NaiveRepository};
use crate::node::{NODES, poll_interval};
use crate::options::Options;
use crate::report::Report;
use crate::stores::{Stores, contents};
use crate::traffic::Traffic;
use crate::verdict::Ending;
use crate::worker::call_all;

/// Monolith, backfill under dual writes, cutover.
pub async fn migrate(
    options: &Options,
    airports: Vec<Airport>,
    report: &Arc<Report>,
) -> Result<Ending, Box<dyn Error>> {
    let stores = Stores::open(&airports).await?;
    let modern = BlindAirports::open(&stores.scratch.file("modern.db"))?;
    let mut rng = Rng::with_seed(options.seed);
    let traffic = Arc::new(Traffic::new(airports, Arc::clone(report), &mut rng));

    let flag = Arc::new(NaiveFlag::default());
    let (mut tasks, mut nodes) = (JoinSet::new(), Vec::new());
    for number in 1..=NODES {
        let copy = Arc::new(NaiveFlag::default());
        let (legacy, modern) = (stores.legacy.clone(), modern.clone());
        let node = NaiveRepository::new(legacy, modern, Arc::clone(&copy), rng.fork());
        let node: Arc<dyn Airports> = Arc::new(node);
        let interval = poll_interval(number, options.duration);
        tasks.spawn(follow(Arc::clone(&flag), copy, interval, Arc::clone(&traffic), rng.fork()));
        nodes.push(node);
    }
    call_all(&nodes, &traffic, &mut rng, &mut tasks);

    report.enter("MONOLITH");
    sleep(options.duration / 4).await;
    flag.set(NaivePhase::DualWrite);
    report.enter("DUAL_WRITE");
    backfill(&stores, &modern).await?;
    sleep(options.duration / 2).await;
    flag.set(NaivePhase::CutOver);
    report.enter("CUTOVER");
    sleep(options.duration / 4).await;

    traffic.end();
    tasks.join_all().await;
    report.close();
    stores.at_rest().await?;
    traffic.read_all(&nodes).await?;
    take_back(&stores).await?;
    Ok(Ending::of(&traffic, stores.different().await?))
}

/// A node sees the flag when it looks.
async fn follow(
    flag: Arc<NaiveFlag>,
    copy: Arc<NaiveFlag>,
    interval: Duration,
    traffic: Arc<Traffic>,
    mut rng: Rng,
) {
    while !traffic.is_over() {
        sleep(interval.mul_f64(0.5 + rng.f64())).await;
        copy.set(flag.get());
    }
}

/// Copies the old rows over whatever is there.
async fn backfill(stores: &Stores, modern: &BlindAirports) -> Result<(), StoreError> {
    for (_, airport) in contents(&stores.legacy.clone().stamped()).await? {
        modern.save(airport).await?;
    }
    Ok(())
}

/// What the last sweep is to the crate: the old store takes what the new one
/// has, so that the two are compared as fairly as they can be.
async fn take_back(stores: &Stores) -> Result<(), StoreError> {
    let modern = contents(&stores.modern).await?;
    for (key, _) in contents(&stores.legacy.clone().stamped()).await? {
        if !modern.contains_key(&key) {
            stores.legacy.delete(&key).await?;
        }
    }
    stores.legacy.save_all(modern.into_values().collect()).await
}
