//! What other processes do.

use std::path::Path;
use std::time::Duration;

use strangler_fig::error::StoreErrorKind;
use strangler_fig::memory::FileSagaJournal;
use strangler_fig::saga::SagaJournal;

use super::other::{keep, say, task};
use super::{TERM, append, create, order, runner};

#[tokio::test]
async fn a_child_does_its_task() {
    let Some((task, directory)) = task() else { return };
    let journal = FileSagaJournal::new(&directory).with_lock_timeout(Duration::from_secs(30));
    match task.as_str() {
        "append for ever" => append_for_ever(&journal).await,
        "append until it is full" => append_until_full(&journal).await,
        "create" => match create(&journal, order()).await {
            Ok(_) => say("created"),
            Err(error) => say(format!("{:?}: {}", error.kind(), error.with_causes())),
        },
        "count to 30" => count_to_thirty(&journal).await,
        "keep the locks" => {
            keep((0..16).map(|digit| Path::new(&directory).join(format!("{digit:x}.lock")))).await;
        }
        _ => panic!("no such task: {task}"),
    }
}

/// Says how many entries there are, each time one was acknowledged.
async fn append_for_ever(journal: &FileSagaJournal) {
    let claim = journal.claim(&order(), &runner("node-1"), TERM).await.unwrap().unwrap();
    let mut length = journal.load(&order()).await.unwrap().unwrap().0.length;
    loop {
        append(journal, &claim, length).await.unwrap();
        length += 1;
        say(length);
    }
}

/// Says how many entries were acknowledged, and why no more.
async fn append_until_full(journal: &FileSagaJournal) {
    let claim = journal.claim(&order(), &runner("node-1"), TERM).await.unwrap().unwrap();
    let mut length = journal.load(&order()).await.unwrap().unwrap().0.length;
    loop {
        if let Err(error) = append(journal, &claim, length).await {
            say(length);
            say(format!("{:?}: {}", error.kind(), error.with_causes()));
            return;
        }
        length += 1;
    }
}

/// Appends thirty entries among others that do so under the same claim.
async fn count_to_thirty(journal: &FileSagaJournal) {
    let mut won = 0;
    while won < 30 {
        let (header, _) = journal.load(&order()).await.unwrap().unwrap();
        let claim = strangler_fig::saga::SagaClaim { saga: order(), epoch: header.epoch };
        match append(journal, &claim, header.length).await {
            Ok(()) => won += 1,
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::Conflict),
        }
    }
    say("done");
}
