//! What other processes do.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use fs4::FileExt;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::gateway::dual::{Recorded, RequestJournal};
use strangler_fig::memory::FileRequestJournal;

use super::other::{keep, say, task};
use super::share::{GATES, gate_in};
use super::walk::key_of;
use super::{TERM, doubt, empties, key, node, note, order, record};

#[tokio::test]
async fn a_child_does_its_task() {
    let Some((task, directory)) = task() else { return };
    let journal = FileRequestJournal::new(&directory).with_lock_timeout(Duration::from_secs(300));
    match task.as_str() {
        "record" => match record(&journal, key()).await {
            Ok(_) => say("recorded"),
            Err(error) => say(told(&error)),
        },
        "note for ever" => say(told(&note_on(&journal, say).await)),
        "note until it is full" => {
            let mut noted = 0;
            let error = note_on(&journal, |number| noted = number).await;
            say(noted);
            say(told(&error));
        }
        "purge" => {
            let purged = journal.purge(empties(), NonZeroUsize::MIN).await;
            say(purged.map_or_else(|error| told(&error), |purged| purged.to_string()));
        }
        "record at each gate" => record_at_each_gate(&journal).await,
        "take all" => take_all(&journal).await,
        "keep the locks" => {
            keep((0..16).map(|digit| Path::new(&directory).join(format!("{digit:x}.lock")))).await;
        }
        _ => panic!("no such task: {task}"),
    }
}

fn told(error: &StoreError) -> String {
    format!("{:?}: {}", error.kind(), error.with_causes())
}

/// Notes until that fails; tells how many there are each time one was acknowledged.
async fn note_on(journal: &FileRequestJournal, mut noted: impl FnMut(u32)) -> StoreError {
    let claim = journal.claim(&key(), &node(1), TERM).await.unwrap().unwrap();
    let mut number = journal.load(&key()).await.unwrap().unwrap().notes.len().try_into().unwrap();
    loop {
        if let Err(error) = note(journal, &claim, number, &doubt()).await {
            return error;
        }
        number += 1;
        noted(number);
    }
}

/// Says that it is ready, and waits until a gate opens for all who wait for it.
fn wait_at(gate: usize, directory: &Path) {
    let gate = std::fs::File::open(gate_in(directory, gate)).unwrap();
    say("ready");
    FileExt::lock_shared(&gate).unwrap();
}

/// Says how many requests, one behind each gate, were recorded here, and not by another that does the same.
async fn record_at_each_gate(journal: &FileRequestJournal) {
    let mut won = 0;
    for n in 0..GATES {
        wait_at(n, journal.directory());
        let recorded = journal.record(&order(key_of(n)), &node(1), Duration::ZERO).await.unwrap();
        won += usize::from(matches!(recorded, Recorded::New(_)));
    }
    say(won);
}

/// Says which requests were taken here, as long as there are some.
async fn take_all(journal: &FileRequestJournal) {
    let node = node(std::process::id().into());
    wait_at(0, journal.directory());
    loop {
        let taken = journal.take(&node, NonZeroUsize::new(3).unwrap(), TERM).await;
        match taken {
            Ok(taken) if taken.is_empty() => break,
            Ok(taken) => taken.iter().for_each(|(claim, _)| say(format!("{}", claim.key))),
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::Unavailable),
        }
    }
    say("done");
}
