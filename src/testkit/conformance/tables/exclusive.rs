//! Writers of one key wait for each other.

use std::sync::Arc;

use super::desk::{done, stamp};
use super::{Desk, EntityOf, TablesFixture};
use crate::error::StoreError;
use crate::repository::{Access, Repository, StampStore, TransactionalRepository};
use crate::testkit::conformance::pace::{Overlap, persist};

/// Writers in a race; each takes the next step.
const WRITERS: u32 = 12;
/// Races, each on a key of its own.
const ROUNDS: u32 = 6;

/// What a writer touches first.
#[derive(Clone, Copy)]
enum First {
    Row,
    Stamp,
}

/// `TransactionalRepository` 4: a row that was read for writing is still so
/// when it is written.
pub(super) async fn writers_that_look_at_the_row_first_do_not_overlap<F: TablesFixture>(
    fixture: &F,
) {
    no_step_is_lost(fixture, First::Row, true).await;
}

/// `StampStore` 2: a stamp that was read for writing is still so when it is
/// set.
pub(super) async fn writers_that_look_at_the_stamp_first_do_not_overlap<F: TablesFixture>(
    fixture: &F,
) {
    no_step_is_lost(fixture, First::Stamp, true).await;
}

/// `StampStore` 2: the same when there is no row and no stamp to lock yet.
pub(super) async fn first_writers_of_a_key_do_not_overlap<F: TablesFixture>(fixture: &F) {
    no_step_is_lost(fixture, First::Stamp, false).await;
}

/// Each of several writers reads how far the others are and takes one step
/// more: as many steps as writers, if none overlaps.
async fn no_step_is_lost<F: TablesFixture>(fixture: &F, first: First, is_there: bool) {
    let sides = [Arc::new(Desk::of(fixture)), Arc::new(Desk::other(fixture).await)];
    for (n, overlap) in (0..ROUNDS).zip(Overlap::alternating()) {
        let steps: Vec<_> = (0..=WRITERS).map(|step| fixture.entity(n, step)).collect();
        if is_there {
            done("writing", sides[0].write(&steps[0], stamp(0)).await);
        }
        let steps = Arc::new(steps);
        let writer = |side: &Arc<Desk<F>>| advance(Arc::clone(side), Arc::clone(&steps), first);
        let writers = sides.iter().cycle().take(WRITERS as usize).map(writer);
        let doubtful = overlap.race(writers.collect()).await;
        if doubtful.contains(&true) {
            continue;
        }
        let found = done("reading", sides[0].find(&fixture.key(n)).await);
        let taken = steps.iter().position(|step| found.0.as_ref() == Some(step));
        let expected = Some(WRITERS as usize);
        let expected = if is_there { expected } else { expected.map(|last| last - 1) };
        assert_eq!(taken, expected, "the steps that {WRITERS} writers took");
    }
}

/// One step, in spite of refusals; answers whether it may have been two.
async fn advance<F: TablesFixture>(
    desk: Arc<Desk<F>>,
    steps: Arc<Vec<EntityOf<F>>>,
    first: First,
) -> bool {
    persist(|| try_advance(&desk, &steps, first)).await.is_doubtful
}

async fn try_advance<F: TablesFixture>(
    desk: &Desk<F>,
    steps: &[EntityOf<F>],
    first: First,
) -> Result<(), StoreError> {
    let mut transaction = desk.rows.begin(Access::Write).await?;
    let key = desk.rows.key(&steps[0]);
    if matches!(first, First::Stamp) {
        desk.stamps.stamp(&mut transaction, &key).await?;
    }
    let row = desk.rows.find_in(&mut transaction, &key).await?;
    let next = steps.iter().position(|step| row.as_ref() == Some(step));
    let next = next.map_or(0, |taken| taken + 1);
    tokio::task::yield_now().await;
    let row = steps.get(next).expect("there are as many steps as writers");
    desk.rows.save_in(&mut transaction, row).await?;
    desk.stamps.set(&mut transaction, &key, stamp(u32::try_from(next).unwrap_or(0))).await?;
    desk.rows.commit(transaction).await
}
