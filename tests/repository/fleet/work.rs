//! What the tasks of a node do, until all is over.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::error::StoreErrorKind;

use super::{HOT_KEYS, KEYS, Node, World};
use crate::chaos::{Chaos, Row};

/// A node adopts when it comes to it.
pub(super) async fn follow(world: Arc<World>, node: Node, mut rng: Rng) {
    while !world.over.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(rng.u64(10..2_500))).await;
        world.wall.advance(Duration::from_millis(rng.u64(0..200)));
        node.tracker().poll().await.unwrap();
    }
}

pub(super) async fn work(world: Arc<World>, node: Node, mut rng: Rng) {
    while !world.over.load(Ordering::SeqCst) {
        let cold = rng.u8(0..100) == 0;
        let key = if cold { rng.u32(HOT_KEYS..KEYS) } else { rng.u32(0..HOT_KEYS) };
        let patience = Duration::from_millis(if rng.u8(0..10) == 0 { 15 } else { 60_000 });
        match rng.u8(0..10) {
            _ if cold && rng.u8(0..10) > 0 => read(&world, &node, key, patience).await,
            0..5 => read(&world, &node, key, patience).await,
            5..8 => {
                let row = (key, world.values.fetch_add(1, Ordering::SeqCst));
                let pending = world.recorder.invoke_write(key, Some(row));
                let saved = tokio::time::timeout(patience, node.save(row)).await;
                end(pending, saved);
            }
            _ => {
                let pending = world.recorder.invoke_write(key, None);
                let deleted = tokio::time::timeout(patience, node.delete(&key)).await;
                end(pending, deleted);
            }
        }
        tokio::time::sleep(Duration::from_millis(rng.u64(0..30))).await;
    }
}

/// A query must show what its own node has written and been told was done.
pub(super) async fn ask(world: Arc<World>, node: Node, key: u32, mut rng: Rng) {
    while !world.over.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(rng.u64(0..400))).await;
        let row = (key, world.values.fetch_add(1, Ordering::SeqCst));
        if node.save(row).await.is_err() {
            continue;
        }
        let all = |side: Arc<Chaos>| async move { side.list().await };
        if node.query(all, all).await.is_ok_and(|rows| !rows.contains(&row)) {
            world.missed.fetch_add(1, Ordering::SeqCst);
        }
    }
}

async fn read(world: &World, node: &Node, key: u32, patience: Duration) {
    let pending = world.recorder.invoke_read(key);
    if let Ok(Ok(row)) = tokio::time::timeout(patience, node.find(&key)).await {
        pending.read(row);
    }
}

fn end<T>(
    pending: strangler_fig::testkit::history::PendingWrite<u32, Row>,
    ended: Result<Result<(), strangler_fig::error::StoreError>, T>,
) {
    match ended {
        Ok(Ok(())) => pending.ok(),
        Ok(Err(error)) if error.kind() != StoreErrorKind::Unknown => pending.failed(),
        Ok(Err(_)) | Err(_) => pending.unknown(),
    }
}

pub(super) async fn repair(world: Arc<World>, node: Node, mut rng: Rng) {
    while !world.over.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(rng.u64(10..300))).await;
        for found in node.sink().take(4) {
            if node.join(&found.key).await.is_err() {
                node.sink().note(found.key, found.reason, found.hold);
            }
        }
    }
}
