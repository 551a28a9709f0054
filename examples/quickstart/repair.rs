use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::error::StoreError;
use strangler_fig::repository::Joined;
use tokio::time::sleep;

use crate::airports::Migrating;
use crate::traffic::Traffic;

const BATCH: usize = 16;
const PAUSE: Duration = Duration::from_millis(20);

/// Joins the keys that a node has noted because the stores may differ. What
/// cannot be joined now is noted again.
pub async fn repair(airports: Migrating, traffic: Arc<Traffic>) {
    let mut returned = BTreeSet::new();
    while !traffic.is_over() {
        for found in airports.sink().take(BATCH) {
            if !returned.remove(&found.key) {
                traffic.report.count(|stage| stage.seen += 1);
            }
            // `found.hold` forbids the first `Cutover` until it is dropped.
            if airports.join(&found.key).await.is_ok_and(|joined| joined != Joined::Stuck) {
                traffic.report.count(|stage| stage.repaired += 1);
            } else {
                returned.insert(found.key.clone());
                airports.sink().note(found.key, found.reason, found.hold);
            }
        }
        sleep(PAUSE).await;
    }
}

/// Joins all that is left: what a node knows goes with it.
pub async fn repair_rest(airports: &Migrating) -> Result<(), StoreError> {
    while let Some(found) = airports.sink().take(1).pop() {
        let joined = airports.join(&found.key).await;
        if joined.as_ref().is_ok_and(|joined| *joined != Joined::Stuck) {
            continue;
        }
        airports.sink().note(found.key, found.reason, found.hold);
        joined?;
        return Err(StoreError::unavailable(
            "a write of a key that waits for repair is still on its way",
        ));
    }
    Ok(())
}
