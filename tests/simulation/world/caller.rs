//! Who calls the repository: impatient, and told to stop before the process is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::testkit::history::PendingWrite;
use tokio::time::{sleep, timeout};

use super::database::{Adapter, Row};
use super::life::Life;
use super::world::{HOT_KEYS, KEYS, OWN_KEYS, World};

/// Calls one after the other until the process is to end.
pub(crate) async fn work(world: Arc<World>, life: Arc<Life>, mut rng: Rng) {
    while !life.process.is_ending() {
        let key = if rng.u8(0..12) == 0 { rng.u32(HOT_KEYS..KEYS) } else { rng.u32(0..HOT_KEYS) };
        // Some give up soon, wherever the call is.
        let patience = Duration::from_millis(match rng.u8(0..10) {
            0 => rng.u64(1..40),
            1 => 200,
            2..6 => 60_000,
            _ => 8_000,
        });
        match rng.u8(0..20) {
            0..8 => find(&world, &life, key, patience).await,
            8..12 => find_many(&world, &life, key, patience).await,
            12..16 => save(&world, &life, key, patience).await,
            16..19 => delete(&world, &life, key, patience).await,
            _ => save_many(&world, &life, key, patience).await,
        }
        sleep(Duration::from_millis(rng.u64(0..160))).await;
    }
}

async fn find(world: &World, life: &Life, key: u32, patience: Duration) {
    let pending = world.recorder.invoke_read(key);
    if let Ok(Ok(row)) = timeout(patience, life.rows.find(&key)).await {
        finds(world, life, key, row);
        pending.read(row);
    }
}

async fn find_many(world: &World, life: &Life, key: u32, patience: Duration) {
    let keys = [key, (key + 1) % KEYS];
    let pending = keys.map(|key| world.recorder.invoke_read(key));
    let Ok(found) = timeout(patience, life.rows.find_many(&keys)).await else { return };
    for ((pending, found), key) in pending.into_iter().zip(found).zip(keys) {
        if let Ok(row) = found {
            finds(world, life, key, row);
            pending.read(row);
        }
    }
}

fn finds(world: &World, life: &Life, key: u32, row: Option<Row>) {
    let value = row.map_or(0, |row| row.1);
    world.network.trace.event(life.node(), "caller", "finds", key.into(), value);
}

async fn save(world: &World, life: &Life, key: u32, patience: Duration) {
    let row = (key, world.next_value());
    world.network.trace.event(life.node(), "caller", "saves", key.into(), row.1);
    let pending = world.recorder.invoke_write(key, Some(row));
    let saved = timeout(patience, life.rows.save(row)).await;
    end(world, life, pending, row, saved.ok());
}

async fn save_many(world: &World, life: &Life, key: u32, patience: Duration) {
    let rows = [key, (key + 1) % KEYS].map(|key| (key, world.next_value()));
    let pending = rows.map(|row| world.recorder.invoke_write(row.0, Some(row)));
    let saved = timeout(patience, life.rows.save_many(rows.to_vec())).await;
    let mut saved = saved.into_iter().flatten();
    for (pending, row) in pending.into_iter().zip(rows) {
        end(world, life, pending, row, saved.next());
    }
}

async fn delete(world: &World, life: &Life, key: u32, patience: Duration) {
    world.network.trace.event(life.node(), "caller", "deletes", key.into(), 0);
    let pending = world.recorder.invoke_write(key, None);
    let deleted = timeout(patience, life.rows.delete(&key)).await;
    end(world, life, pending, (key, 0), deleted.ok());
}

/// A query must show whatever anybody, on whatever node, was told was done before it.
pub(crate) async fn ask(world: Arc<World>, life: Arc<Life>, mut rng: Rng) {
    let key = OWN_KEYS + u32::try_from(life.node()).unwrap();
    while !life.process.is_ending() {
        sleep(Duration::from_millis(rng.u64(0..1_500))).await;
        let row = (key, world.next_value());
        let saved = timeout(Duration::from_secs(8), life.rows.save(row)).await;
        if matches!(saved, Ok(Ok(()))) {
            world.own.lock().unwrap().insert(row.0, row.1);
        }
        let done = world.own.lock().unwrap().clone();
        let all = |side: Arc<Adapter>| async move { side.list().await };
        let rows = timeout(Duration::from_secs(8), life.rows.query(all, all)).await;
        let Ok(Ok(rows)) = rows else { continue };
        world.network.trace.count("query answered");
        let shown: BTreeMap<u32, u64> = rows.into_iter().collect();
        let missed = done.iter().find(|(key, value)| shown.get(key).is_none_or(|it| it < value));
        if let Some((key, value)) = missed {
            let shown = shown.get(key);
            let what = format_args!("a query missed {value} of {key}, and showed {shown:?}");
            world.network.trace.say(life.node(), what);
            world.missed.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn end(
    world: &World,
    life: &Life,
    pending: PendingWrite<u32, Row>,
    row: Row,
    ended: Option<Result<(), StoreError>>,
) {
    let tell = |what| world.network.trace.event(life.node(), "caller", what, row.0.into(), row.1);
    match ended {
        Some(Ok(())) => {
            tell("written");
            pending.ok();
        }
        Some(Err(error)) if error.kind() != StoreErrorKind::Unknown => {
            tell("refused");
            pending.failed();
        }
        _ => {
            tell("in doubt");
            pending.unknown();
        }
    }
}
