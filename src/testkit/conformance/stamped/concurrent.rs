//! Calls that overlap.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::join;
use tokio::task::yield_now;

use super::{EntityOf, KeyOf, StampedFixture, Subject};
use crate::repository::{Applied, StampedRepository};
use crate::stamp::{Record, Stamp};
use crate::testkit::conformance::pace::{Answer, Overlap, persist};

/// Races, each on a key that was never written before.
const ROUNDS: u32 = 24;
/// Calls in a race.
const CALLS: u32 = 16;
/// Records that are each read at once.
const STEPS: u32 = 100;
/// Reads of one reader while records are applied; and how many, at most.
const READS: u32 = 200;
const STEPS_MAX: u32 = 4_000;

type Attempt<F> = (Record<EntityOf<F>>, Answer<Applied>);

/// Contract 5: of concurrent saves the largest remains, with its own value.
pub(super) async fn of_concurrent_applies_the_largest_remains<F: StampedFixture>(fixture: &F) {
    for (n, overlap) in (0..ROUNDS).zip(Overlap::alternating()) {
        let subject = Subject::of(fixture, n).await;
        let records = (1..=CALLS).map(|step| subject.live(step)).collect();
        the_largest_remains(&subject, records, overlap).await;
    }
}

/// Contract 5: the same of saves and deletions together.
pub(super) async fn of_concurrent_saves_and_deletes_the_largest_remains<F: StampedFixture>(
    fixture: &F,
) {
    for (n, overlap) in (0..ROUNDS).zip(Overlap::alternating()) {
        let subject = Subject::of(fixture, n).await;
        let record = |step| match (step + n) % 2 {
            0 => subject.live(step),
            _ => subject.tombstone(step),
        };
        the_largest_remains(&subject, (1..=CALLS).map(record).collect(), overlap).await;
    }
}

/// Contracts 3 and 5: of concurrent applies of one stamp one is stored.
pub(super) async fn of_concurrent_applies_of_one_stamp_one_is_stored<F: StampedFixture>(
    fixture: &F,
) {
    for (n, overlap) in (0..ROUNDS).zip(Overlap::alternating()) {
        let subject = Subject::of(fixture, n).await;
        let stamp = subject.stamp(1);
        let record = |step| Record::live(stamp, subject.entity(step));
        let attempts = attempt_all(&subject, (1..=CALLS).map(record).collect(), overlap).await;

        let found = subject.read().await;
        let is_there = attempts.iter().any(|(record, _)| *record == found);
        assert!(is_there, "{found:?} was never applied");
        for (record, answer) in &attempts {
            match answer.value {
                Applied::Stored => assert_eq!(*record, found, "what was stored last"),
                Applied::Stale(met) => assert_eq!(met, stamp, "an equal stamp"),
            }
        }
        let stored = attempts.iter().filter(|(_, answer)| is_stored(*answer));
        let is_doubtful = attempts.iter().any(|(_, answer)| answer.is_doubtful);
        let stored = stored.count();
        assert!(stored == 1 || is_doubtful, "{stored} of one stamp stored");
    }
}

/// Contract 7: what was acknowledged is in every later read, through any
/// connection.
pub(super) async fn every_later_read_sees_an_acknowledged_record<F: StampedFixture>(fixture: &F) {
    let subject = Subject::of(fixture, 0).await;
    for step in 1..=STEPS {
        let record = match step % 3 {
            0 => subject.tombstone(step),
            _ => subject.live(step),
        };
        subject.stores(&record).await;
        let found = subject.other.read(&subject.key).await;
        assert_eq!(found.ok(), Some(record), "read after it was stored");
    }
}

/// Contract 7: one reader never sees a smaller stamp after a larger.
pub(super) async fn reads_never_go_back<F: StampedFixture>(fixture: &F) {
    for (n, overlap) in (0..).zip(Overlap::BOTH) {
        let subject = Subject::of(fixture, n).await;
        for reads in read_under_writes(&subject, overlap).await.1 {
            let stamps: Vec<_> = reads.iter().map(|record| record.stamp).collect();
            assert!(stamps.is_sorted(), "a reader saw {stamps:?}");
        }
    }
}

/// Contract 5: a read shows a value and the stamp it was applied with.
pub(super) async fn a_read_never_mixes_two_records<F: StampedFixture>(fixture: &F) {
    for (n, overlap) in (0..).zip(Overlap::BOTH) {
        let subject = Subject::of(fixture, n).await;
        let before = subject.read().await;
        let (applied, readers) = read_under_writes(&subject, overlap).await;
        let applied: BTreeMap<_, _> =
            applied.into_iter().chain([before]).map(|record| (record.stamp, record)).collect();
        for found in readers.into_iter().flatten() {
            let whole = applied.get(&found.stamp);
            assert_eq!(whole, Some(&found), "a record that was read");
        }
    }
}

async fn the_largest_remains<F: StampedFixture>(
    subject: &Subject<'_, F>,
    records: Vec<Record<EntityOf<F>>>,
    overlap: Overlap,
) {
    let largest = records[records.len() - 1].clone();
    let attempts = attempt_all(subject, records, overlap).await;
    subject.holds(&largest).await;
    every_answer_is_possible(&attempts, largest.stamp);
}

/// The largest was stored; and who was stale met another that was stored.
fn every_answer_is_possible<E: Clone>(attempts: &[(Record<E>, Answer<Applied>)], largest: Stamp) {
    let answers: BTreeMap<Stamp, Answer<Applied>> =
        attempts.iter().map(|(record, answer)| (record.stamp, *answer)).collect();
    let may_be_stored = |stamp: &Stamp| matches!(answers.get(stamp), Some(answer) if is_stored(*answer) || answer.is_doubtful);
    assert!(may_be_stored(&largest), "the largest was not stored");
    for (stamp, answer) in &answers {
        let Applied::Stale(met) = answer.value else {
            continue;
        };
        let is_larger = met > *stamp || (met == *stamp && answer.is_doubtful);
        assert!(is_larger, "{stamp:?} was stale under {met:?}");
        assert!(may_be_stored(&met), "{stamp:?} met {met:?}, never stored");
    }
}

fn is_stored(answer: Answer<Applied>) -> bool {
    answer.value == Applied::Stored
}

/// Applies all at once, in a shuffled order, through both adapters in turn.
async fn attempt_all<F: StampedFixture>(
    subject: &Subject<'_, F>,
    mut records: Vec<Record<EntityOf<F>>>,
    overlap: Overlap,
) -> Vec<Attempt<F>> {
    fastrand::Rng::with_seed(u64::from(subject.n)).shuffle(&mut records);
    let sides = [&subject.repository, &subject.other].into_iter().cycle();
    let calls = records
        .into_iter()
        .zip(sides)
        .map(|(record, side)| attempt::<F>(Arc::clone(side), subject.key.clone(), record));
    overlap.race(calls.collect()).await
}

async fn attempt<F: StampedFixture>(
    side: Arc<F::Repository>,
    key: KeyOf<F>,
    record: Record<EntityOf<F>>,
) -> Attempt<F> {
    let answer = persist(|| side.apply(&key, &record)).await;
    (record, answer)
}

type Records<F> = Vec<Record<EntityOf<F>>>;

/// Records applied one after the other until two readers have seen enough, and
/// what they saw.
async fn read_under_writes<F: StampedFixture>(
    subject: &Subject<'_, F>,
    overlap: Overlap,
) -> (Records<F>, [Records<F>; 2]) {
    let are_done = Arc::new(AtomicBool::new(false));
    let readers = read_twice::<F>(
        [Arc::clone(&subject.repository), Arc::clone(&subject.other)],
        subject.key.clone(),
        Arc::clone(&are_done),
    );
    overlap.both(write_until(subject, &are_done), readers).await
}

async fn write_until<F: StampedFixture>(
    subject: &Subject<'_, F>,
    are_done: &AtomicBool,
) -> Records<F> {
    let mut applied = Vec::new();
    for step in 1..=STEPS_MAX {
        if are_done.load(Ordering::Relaxed) {
            break;
        }
        let record = match step % 3 {
            0 => subject.tombstone(step),
            _ => subject.live(step),
        };
        subject.takes(&record).await;
        applied.push(record);
        yield_now().await;
    }
    applied
}

async fn read_twice<F: StampedFixture>(
    [one, other]: [Arc<F::Repository>; 2],
    key: KeyOf<F>,
    are_done: Arc<AtomicBool>,
) -> [Records<F>; 2] {
    let seen = join!(read_often::<F>(one, &key, 1), read_often::<F>(other, &key, 3));
    are_done.store(true, Ordering::Relaxed);
    seen.into()
}

/// Reads, with a pause after each `burst` of them.
async fn read_often<F: StampedFixture>(
    side: Arc<F::Repository>,
    key: &KeyOf<F>,
    burst: usize,
) -> Records<F> {
    let mut seen: Records<F> = Vec::new();
    for _ in 0..READS {
        seen.push(persist(|| side.read(key)).await.value);
        if seen.len() % burst == 0 {
            yield_now().await;
        }
    }
    seen
}
