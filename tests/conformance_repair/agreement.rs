//! The reference and a second, plain implementation agree after every call of
//! random ones.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::memory::InMemoryRepairQueue;
use strangler_fig::reconcile::{RepairDepth, RepairEntry, RepairNote, RepairQueue};
use tokio::time::advance;

use super::broken::Broken;
use super::fault::Fault;

const STEPS: u32 = 400;

#[derive(Debug, Clone)]
enum Call {
    Note(Vec<RepairNote>),
    Take(NonZeroUsize, Duration),
    Finish(usize),
    Postpone(usize, Duration),
    Park(usize),
    Retry(Vec<u8>),
    Pass(Duration),
}

fn call(rng: &mut fastrand::Rng, taken: usize) -> Call {
    let key = |rng: &mut fastrand::Rng| vec![b'k', rng.u8(0..5)];
    let seconds = |rng: &mut fastrand::Rng| Duration::from_secs(rng.u64(0..5));
    let at = |rng: &mut fastrand::Rng| rng.usize(taken.saturating_sub(6)..taken.max(1));
    match rng.u8(0..14) {
        0..4 => {
            let note = |key| RepairNote { key, reason: "mismatch".to_owned() };
            Call::Note((0..rng.u8(0..3)).map(|_| note(key(rng))).collect())
        }
        4..7 => Call::Take(NonZeroUsize::new(rng.usize(1..4)).unwrap(), seconds(rng)),
        7..9 => Call::Finish(at(rng)),
        9 => Call::Postpone(at(rng), seconds(rng)),
        10 => Call::Park(at(rng)),
        11 => Call::Retry(key(rng)),
        _ => Call::Pass(seconds(rng)),
    }
}

/// Makes a call, and answers the keys it took, or the one that was parked.
async fn make(queue: &dyn RepairQueue, call: &Call, taken: &mut Vec<RepairEntry>) -> Vec<Vec<u8>> {
    let entry = |at: &usize| taken.get(*at).cloned();
    match call {
        Call::Note(notes) => queue.note(notes).await.unwrap(),
        Call::Take(limit, term) => {
            let found = queue.take(*limit, *term).await.unwrap();
            let keys = found.iter().map(|entry| entry.key.clone()).collect();
            taken.extend(found);
            return keys;
        }
        Call::Retry(key) => {
            let was_parked = queue.retry(key).await.unwrap();
            return if was_parked { vec![key.clone()] } else { Vec::new() };
        }
        Call::Pass(_) => {}
        Call::Finish(at) => {
            if let Some(entry) = entry(at) {
                queue.finish(&entry).await.unwrap();
            }
        }
        Call::Postpone(at, delay) => {
            if let Some(entry) = entry(at) {
                queue.postpone(&entry, *delay, "away").await.unwrap();
            }
        }
        Call::Park(at) => {
            if let Some(entry) = entry(at) {
                queue.park(&entry, "given up").await.unwrap();
            }
        }
    }
    Vec::new()
}

async fn shown(queue: &dyn RepairQueue) -> (Vec<RepairEntry>, Vec<RepairEntry>, RepairDepth) {
    let all = NonZeroUsize::MAX;
    let (waiting, parked) = (queue.waiting(None, all).await, queue.parked(None, all).await);
    (waiting.unwrap(), parked.unwrap(), queue.depth().await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn two_implementations_agree_after_every_call() {
    for seed in 0..100 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let (one, other) =
            (InMemoryRepairQueue::default(), Broken::new(Fault::Sound, Arc::default()));
        let (mut one_took, mut other_took) = (Vec::new(), Vec::new());
        for step in 0..STEPS {
            let call = call(&mut rng, one_took.len());
            if let Call::Pass(time) = call {
                advance(time).await;
            }
            let keys = make(&one, &call, &mut one_took).await;
            let same = make(&other, &call, &mut other_took).await;
            assert_eq!(keys, same, "seed {seed}, step {step}: {call:?}");
            let (found, expected) = (shown(&one).await, shown(&other).await);
            assert_eq!(found, expected, "seed {seed}, step {step}: {call:?}");
        }
    }
}
