//! Calls that overlap, come through other connections, or are given up.

use std::sync::Arc;

use super::found::{delete, find, save};
use super::{EntityOf, RepositoryFixture};
use crate::repository::Repository;
use crate::testkit::conformance::pace::{Overlap, drop_after, persist};

const STEPS: u32 = 100;
const ROUNDS: u32 = 8;
const CALLS: u32 = 16;
const POLLS: u32 = 24;

/// Contract 1: what was acknowledged is found, through any connection.
pub(super) async fn every_later_find_sees_what_was_acknowledged<F: RepositoryFixture>(fixture: &F) {
    let (other, key) = (fixture.reopened().await, fixture.key(0));
    for step in 0..STEPS {
        let expected = if step % 3 == 2 {
            delete(fixture, 0).await;
            None
        } else {
            save(fixture, 0, step).await;
            Some(fixture.entity(0, step))
        };
        let found = other.find(&key).await;
        assert_eq!(found.ok(), Some(expected), "found after the answer");
    }
}

/// Contracts 1 and 2: of concurrent saves one remains, whole, and is found by
/// everyone.
pub(super) async fn of_concurrent_saves_one_remains_whole<F: RepositoryFixture>(fixture: &F) {
    let sides = [fixture.repository(), fixture.reopened().await];
    for (n, overlap) in (0..ROUNDS).zip(Overlap::alternating()) {
        let entities: Vec<_> = (0..CALLS).map(|variant| fixture.entity(n, variant)).collect();
        let calls = entities.iter().cloned().zip(sides.iter().cycle());
        let calls = calls.map(|(entity, side)| persist_save::<F>(Arc::clone(side), entity));
        overlap.race(calls.collect()).await;
        let found = find(fixture, n).await;
        let is_whole = found.as_ref().is_some_and(|found| entities.contains(found));
        assert!(is_whole, "{found:?} was never saved");
        let elsewhere = sides[1].find(&fixture.key(n)).await;
        assert_eq!(elsewhere.ok(), Some(found), "found elsewhere");
    }
}

async fn persist_save<F: RepositoryFixture>(side: Arc<F::Repository>, entity: EntityOf<F>) {
    persist(|| side.save(entity.clone())).await;
}

/// Cancel safety: a dropped `save` leaves the old entity or the new one, now or
/// later, and nothing that keeps the next one out.
pub(super) async fn a_dropped_save_leaves_a_whole_entity<F: RepositoryFixture>(fixture: &F) {
    let repository = fixture.repository();
    for n in 0..POLLS {
        save(fixture, n, 0).await;
        drop_after(n, repository.save(fixture.entity(n, 1))).await;
        finds_either(fixture, n, [0, 1]).await;
        persist(|| repository.save(fixture.entity(n, 2))).await;
        finds_either(fixture, n, [1, 2]).await;
    }
}

async fn finds_either<F: RepositoryFixture>(fixture: &F, n: u32, variants: [u32; 2]) {
    let found = find(fixture, n).await;
    let possible = variants.map(|variant| Some(fixture.entity(n, variant)));
    assert!(possible.contains(&found), "a dropped save left {found:?}");
}
