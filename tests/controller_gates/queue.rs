//! Whether no key is known to differ.

use std::sync::Arc;

use strangler_fig::controller::RepairQueueEmpty;
use strangler_fig::memory::InMemoryRepairQueue;
use strangler_fig::phase::NodeRole;
use strangler_fig::reconcile::RepairQueue;

use super::support::{World, closed, node, note, open, park};

fn gate(queue: &Arc<InMemoryRepairQueue>) -> RepairQueueEmpty {
    RepairQueueEmpty::new(queue.clone())
}

#[tokio::test(start_paused = true)]
async fn an_empty_queue_of_a_fleet_without_backlog_is_open() {
    let reading = World::of(2).read(&gate(&Arc::default())).await;
    let saw = "0 keys wait, 0 are parked; 2 of 2 nodes hold a lease, none knows of more";
    assert_eq!(open(&reading), saw);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_waits_is_taken_or_parked_closes_it_until_it_is_repaired() {
    let (queue, world) = (Arc::<InMemoryRepairQueue>::default(), World::of(1));
    note(&*queue, &[1], "mismatch").await;
    assert_eq!(closed(&world.read(&gate(&queue)).await), "1 keys wait, 0 are parked");

    let one = std::num::NonZeroUsize::MIN;
    let taken = queue.take(one, std::time::Duration::from_secs(1)).await.unwrap();
    assert_eq!(closed(&world.read(&gate(&queue)).await), "1 keys wait, 0 are parked");
    queue.finish(&taken[0]).await.unwrap();
    open(&world.read(&gate(&queue)).await);

    note(&*queue, &[2], "mismatch").await;
    park(&*queue, "gave up").await;
    assert_eq!(closed(&world.read(&gate(&queue)).await), "0 keys wait, 1 are parked");
}

#[tokio::test(start_paused = true)]
async fn a_node_with_keys_of_its_own_is_named() {
    let world = World::of(3).with_backlog(1, 4, false);
    let reading = world.read(&gate(&Arc::default())).await;
    assert!(closed(&reading).contains("node-2"), "{reading}");
    assert!(reading.saw.ends_with("knows of 4 keys that are not in the queue yet"), "{reading}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_s_keys_count_too() {
    let mut world = World::of(1);
    world.leases.push(node(2).with_role(NodeRole::Worker));
    let world = world.with_backlog(1, 1, false);
    assert!(closed(&world.read(&gate(&Arc::default())).await).contains("node-2"));
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_was_full_closes_it_though_no_key_is_left() {
    let world = World::of(3).with_backlog(0, 9, false).with_backlog(2, 0, true);
    let reading = world.read(&gate(&Arc::default())).await;
    assert!(closed(&reading).contains("a sink of node node-3"), "{reading}");
}

#[tokio::test(start_paused = true)]
async fn nodes_that_are_not_there_cannot_tell() {
    let mut world = World::of(3);
    world.leases.pop();
    let reading = world.read(&gate(&Arc::default())).await;
    assert!(closed(&reading).ends_with("2 of 3 nodes hold a lease: the others are not known"));
}
