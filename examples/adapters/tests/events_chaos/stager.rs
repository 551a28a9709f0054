//! The service whose transactions stage messages.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::database::Database;
use crate::script::Batch;

const PATIENCE: Duration = Duration::from_mins(3);

/// Makes a transaction again until it is known to be done.
pub(crate) async fn stage(database: &Database, batch: &Batch) {
    let until = Instant::now() + PATIENCE;
    while let Err(error) = database.stage(batch).await {
        assert!(Instant::now() < until, "{} cannot be staged: {error}", batch.name);
        sleep(Duration::from_millis(100)).await;
    }
}

/// One after the other, each `pause` behind the last, and no more messages than `allowed`.
pub(crate) async fn stage_all(
    database: Database,
    batches: Vec<Batch>,
    mut allowed: watch::Receiver<usize>,
    pause: Duration,
) {
    let mut count = 0;
    for batch in batches {
        // Nobody says any more what is allowed: everything is.
        let _ = allowed.wait_for(|allowed| *allowed > count).await;
        stage(&database, &batch).await;
        count += if batch.is_kept { batch.messages.len() } else { 0 };
        sleep(pause).await;
    }
}
