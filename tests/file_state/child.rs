//! What other processes do.

use std::iter;
use std::path::Path;
use std::time::Duration;

use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::{FileStateConfig, FileStateService};
use strangler_fig::phase::{MigrationStateService, Versioned};

use super::other::{keep, say, task};
use super::{airports, lease, moved, renew};

#[tokio::test]
async fn a_child_does_its_task() {
    let Some((task, directory)) = task() else { return };
    let config = FileStateConfig::default().with_lock_timeout(Duration::from_secs(30));
    let service = FileStateService::new(&directory).with_config(config);
    match task.as_str() {
        "write for ever" => write_for_ever(&service).await,
        "count to 40" => count_to_forty(&service).await,
        "keep the lock" => {
            keep(iter::once(Path::new(&directory).join("airports.migration.lock"))).await;
        }
        "renew once" => renew_once(&service).await,
        _ => panic!("no such task: {task}"),
    }
}

/// Says each revision, which is also how many holds the lease has, once both
/// are acknowledged.
async fn write_for_ever(service: &FileStateService) {
    let Versioned { mut revision, mut state } =
        service.current(&airports()).await.unwrap().unwrap();
    loop {
        state = moved(&state, 1);
        revision = service.compare_and_set(revision, &state).await.unwrap();
        let lease = lease("writer", revision.0);
        renew(service, lease).await.unwrap();
        say(revision.0);
    }
}

async fn count_to_forty(service: &FileStateService) {
    let mut won = 0;
    while won < 40 {
        let found = service.current(&airports()).await.unwrap().unwrap();
        let next = moved(&found.state, u128::from(std::process::id()));
        match service.compare_and_set(found.revision, &next).await {
            Ok(_) => won += 1,
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::Conflict),
        }
    }
    say("done");
}

async fn renew_once(service: &FileStateService) {
    match renew(service, lease("writer", 0)).await {
        Ok(()) => say("renewed"),
        Err(error) => say(told(&error)),
    }
}

/// The kind and both causes in one line.
fn told(error: &StoreError) -> String {
    let cause = std::error::Error::source(error).unwrap();
    let below = cause.source().map(ToString::to_string);
    format!("{:?}: {cause}: {}", error.kind(), below.unwrap_or_default())
}
