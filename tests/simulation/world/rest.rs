//! What must hold when everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use strangler_fig::phase::Standing;
use strangler_fig::reconcile::RepairQueue;
use strangler_fig::stamp::StampScope;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::database::Row;
use super::life::Life;
use super::operator::{checker, retire};
use super::weather::Weather;
use super::world::{KEYS, OWN_KEYS, World};

/// No caller is more patient; and some for whom he waits.
const LONGEST_CALL: Duration = Duration::from_secs(180);

/// The last stage, with nobody moving; then rest. `helpers` are the tasks around the nodes.
pub(crate) async fn rest(world: &Arc<World>, helpers: Vec<JoinHandle<()>>) -> Result<(), String> {
    let is_tame = last_stage(world).await?;
    for helper in helpers {
        helper.abort();
        if let Err(error) = helper.await
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
    }
    let lives = world.serving();
    if lives.len() != world.plan.nodes as usize {
        return Err(format!("{} of {} nodes serve", lives.len(), world.plan.nodes));
    }
    let ends = async {
        for life in &lives {
            life.process.end();
        }
        for life in &lives {
            life.process.ended().await;
            life.rows.drained().await;
        }
    };
    timeout(LONGEST_CALL, ends).await.map_err(|_| "the work of a node has no end".to_owned())?;
    landed(world).await?;
    if world.modern.scope() == StampScope::Process {
        read_all(world, &lives).await?;
        write_again(world, &lives[0]).await?;
    }
    repaired(world, &lives).await?;
    if !is_tame {
        checked(world, &lives[0]).await?;
        repaired(world, &lives).await?;
    }
    equal(world).await?;
    if !world.plan.is_single() {
        // Of stamps that were forgotten a check can say nothing.
        verified(&lives[0]).await?;
    }
    read_all(world, &lives).await?;
    for life in &lives {
        retire(world, life).await?;
    }
    world.serving.lock().unwrap().fill(None);
    Ok(())
}

/// Traffic on where the migration has ended. Whether the notes of the processes alone must
/// make the stores equal after it.
async fn last_stage(world: &Arc<World>) -> Result<bool, String> {
    let ended_before = world.ended.lock().unwrap().len();
    if world.plan.tame {
        // Nothing of what came before is under way, everybody works by the last phase, and
        // what differs then is noted.
        landed(world).await?;
        adopted(world).await?;
        let lives = world.serving();
        checked(world, lives.first().ok_or("nobody serves")?).await?;
        world.network.unheal();
        world.network.turn(Weather::Tame);
    } else {
        world.network.turn(Weather::Foul);
    }
    sleep(Duration::from_secs(8)).await;
    world.network.turn(Weather::Fair);
    loop {
        let followed = all_follow(world);
        sleep(Duration::from_secs(3)).await;
        if followed && all_follow(world) {
            break;
        }
    }
    Ok(world.plan.tame && world.ended.lock().unwrap().len() == ended_before)
}

/// Every node works by the phase the migration has ended in.
async fn adopted(world: &World) -> Result<(), String> {
    let epoch = world.state().await.steered().epoch;
    for _ in 0..600 {
        let has_adopted = |life: &Arc<Life>| life.rows.tracker().state().steered().epoch == epoch;
        if all_follow(world) && world.serving().iter().all(has_adopted) {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    Err(format!("not every node came to epoch {epoch}"))
}

fn all_follow(world: &World) -> bool {
    let follows = |life: &Arc<Life>| {
        let standing = life.rows.tracker().health().standing;
        standing == Standing::Following && !life.process.is_cut_off()
    };
    let lives = world.serving();
    lives.len() == world.plan.nodes as usize && lives.iter().all(follows)
}

/// Nothing hangs any more from now on, and nothing is under way.
pub(crate) async fn landed(world: &World) -> Result<(), String> {
    world.network.heal();
    sleep(Duration::from_secs(1)).await;
    for _ in 0..600 {
        if world.network.under_way() == 0 {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    Err(format!("{} calls are still under way", world.network.under_way()))
}

/// A repair leaves a key alone whose modern side has forgotten its stamp while legacy is
/// ahead: only a write settles it.
pub(crate) async fn write_again(world: &World, life: &Life) -> Result<(), String> {
    let ended = world.ended.lock().unwrap().clone();
    let calls = !life.process.is_ending();
    let nobody_owns =
        |key: &u32| !calls || *key < KEYS || ended.contains(&u64::from(*key - OWN_KEYS));
    let records = [world.legacy.records().await, world.modern.records().await].concat();
    let keys: BTreeSet<u32> = records.into_iter().map(|(key, _)| key).chain(0..KEYS).collect();
    for key in keys.into_iter().filter(nobody_owns) {
        write_until_done(world, life, key).await?;
    }
    Ok(())
}

/// A call that is slow holds its key up, where stamps are kept in memory.
async fn write_until_done(world: &World, life: &Life, key: u32) -> Result<(), String> {
    let mut last = None;
    for _ in 0..100 {
        let row = (key, world.next_value());
        let pending = world.recorder.invoke_write(key, Some(row));
        match life.rows.save(row).await {
            Ok(()) => {
                pending.ok();
                world.own.lock().unwrap().entry(key).and_modify(|value| *value = row.1);
                return Ok(());
            }
            Err(error) => last = Some(error.with_causes()),
        }
        sleep(Duration::from_millis(500)).await;
    }
    Err(format!("{key} is not written at rest: {last:?}"))
}

/// Every key that anybody has noted is joined.
async fn repaired(world: &World, lives: &[Arc<Life>]) -> Result<(), String> {
    for _ in 0..100 {
        for life in lives {
            let reconciler = life.reconciler(world.repairs.clone());
            let drained =
                timeout(Duration::from_secs(60), reconciler.drain(std::future::pending()));
            drained
                .await
                .map_err(|_| "the repair queue is never drained".to_owned())?
                .map_err(|error| format!("the repair queue is not drained: {error}"))?;
        }
        let depth = world.repairs.depth().await.unwrap();
        let sinks = lives.iter().all(|life| life.rows.sink().is_empty());
        if depth.is_empty() && sinks {
            return Ok(());
        }
        sleep(Duration::from_millis(500)).await;
    }
    let limit = NonZeroUsize::new(8).unwrap();
    let (waiting, parked) =
        (world.repairs.waiting(None, limit).await, world.repairs.parked(None, limit).await);
    Err(format!("the repair queue holds {waiting:?} and {parked:?}"))
}

/// A full check that notes what differs.
async fn checked(world: &World, life: &Life) -> Result<(), String> {
    let checker = checker(life).with_repair_queue(world.repairs.clone());
    let report = timeout(Duration::from_secs(120), checker.full(std::future::pending()));
    let report = report.await.map_err(|_| "a full check does not end".to_owned())?;
    if report.failed > 0 { Err(format!("a full check failed: {report:?}")) } else { Ok(()) }
}

async fn verified(life: &Life) -> Result<(), String> {
    let report = checker(life).full(std::future::pending()).await;
    if report.is_consistent() { Ok(()) } else { Err(format!("at rest, a check says {report:?}")) }
}

async fn equal(world: &World) -> Result<(), String> {
    let scopes = [world.legacy.scope(), world.modern.scope()];
    let (legacy, modern) = (world.legacy.records().await, world.modern.records().await);
    let is_equal = if scopes.contains(&StampScope::Process) {
        let rows = |records: &[(u32, strangler_fig::stamp::Record<Row>)]| {
            let rows = records.iter().filter_map(|(key, record)| Some((*key, record.value?)));
            rows.collect::<BTreeMap<u32, Row>>()
        };
        rows(&legacy) == rows(&modern)
    } else {
        legacy == modern
    };
    if is_equal {
        return Ok(());
    }
    let differ: Vec<_> = legacy.iter().filter(|record| !modern.contains(record)).collect();
    let from: Vec<_> = modern.iter().filter(|record| !legacy.contains(record)).collect();
    Err(format!("at rest, legacy holds {differ:?}, modern {from:?}"))
}

/// What a node finds, which may have to wait for a breaker to close, or a slow call to end.
async fn found(life: &Life, key: u32) -> Result<Option<Row>, String> {
    let mut last = None;
    for _ in 0..100 {
        match life.rows.find(&key).await {
            Ok(row) => return Ok(row),
            Err(error) => last = Some(error.with_causes()),
        }
        sleep(Duration::from_millis(500)).await;
    }
    Err(format!("{key} is not read at rest: {last:?}"))
}

/// Every node reads every key once more.
async fn read_all(world: &World, lives: &[Arc<Life>]) -> Result<(), String> {
    for key in 0..KEYS {
        for life in lives {
            world.recorder.final_read(key, found(life, key).await?);
        }
    }
    let own = world.own.lock().unwrap().clone();
    for (key, value) in own {
        let row = found(&lives[0], key).await?;
        if row.is_none_or(|row| row.1 < value) {
            return Err(format!("{value} of {key} was acknowledged; at rest there is {row:?}"));
        }
    }
    if world.missed.load(Ordering::SeqCst) > 0 {
        return Err("a query missed a write that was acknowledged before it".to_owned());
    }
    Ok(())
}
