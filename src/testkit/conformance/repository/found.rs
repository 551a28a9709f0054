//! One call after the other, on one key.

use super::{EntityOf, RepositoryFixture};
use crate::repository::Repository;

/// A key is the same for every variant of an entity, and its own.
pub(super) async fn an_entity_has_a_key_of_its_own<F: RepositoryFixture>(fixture: &F) {
    let repository = fixture.repository();
    for n in 0..4 {
        for variant in 0..4 {
            let entity = fixture.entity(n, variant);
            let key = repository.key(&entity);
            assert_eq!(key, fixture.key(n), "the key of {entity:?}");
        }
        assert_ne!(fixture.key(n), fixture.key(n + 1), "the keys of two");
        let (one, other) = (fixture.entity(n, 0), fixture.entity(n, 1));
        assert_ne!(one, other, "two variants of one key");
    }
}

/// Contract 1: what was never saved is not there.
pub(super) async fn a_key_never_saved_is_not_found<F: RepositoryFixture>(fixture: &F) {
    finds(fixture, 0, None).await;
}

/// Contract 2: every variant is found, equal to what was saved.
pub(super) async fn every_saved_entity_is_found<F: RepositoryFixture>(fixture: &F) {
    for n in 0..64 {
        save(fixture, n, n).await;
        finds(fixture, n, Some(n)).await;
    }
}

/// Contract 2: an entity takes the place of an older one under its key.
pub(super) async fn saving_again_replaces<F: RepositoryFixture>(fixture: &F) {
    for variant in [0, 1, 2, 1, 1] {
        save(fixture, 0, variant).await;
        finds(fixture, 0, Some(variant)).await;
    }
}

/// Contract 3: what was deleted is not there.
pub(super) async fn a_deleted_entity_is_not_found<F: RepositoryFixture>(fixture: &F) {
    save(fixture, 0, 0).await;
    delete(fixture, 0).await;
    finds(fixture, 0, None).await;
}

/// Contract 2: a deletion does not bar the key.
pub(super) async fn a_deleted_entity_can_be_saved_again<F: RepositoryFixture>(fixture: &F) {
    for variant in [0, 0, 1] {
        save(fixture, 0, variant).await;
        finds(fixture, 0, Some(variant)).await;
        delete(fixture, 0).await;
        finds(fixture, 0, None).await;
    }
}

/// Contract 3: there may be nothing to delete.
pub(super) async fn deleting_nothing_is_no_error<F: RepositoryFixture>(fixture: &F) {
    delete(fixture, 0).await;
    save(fixture, 0, 0).await;
    delete(fixture, 0).await;
    delete(fixture, 0).await;
    finds(fixture, 0, None).await;
}

pub(in super::super) async fn save<F: RepositoryFixture>(fixture: &F, n: u32, variant: u32) {
    let saved = fixture.repository().save(fixture.entity(n, variant)).await;
    saved.unwrap_or_else(|error| panic!("saving failed: {error:?}"));
}

pub(super) async fn delete<F: RepositoryFixture>(fixture: &F, n: u32) {
    let deleted = fixture.repository().delete(&fixture.key(n)).await;
    deleted.unwrap_or_else(|error| panic!("deleting failed: {error:?}"));
}

pub(super) async fn find<F: RepositoryFixture>(fixture: &F, n: u32) -> Option<EntityOf<F>> {
    let found = fixture.repository().find(&fixture.key(n)).await;
    found.unwrap_or_else(|error| panic!("finding failed: {error:?}"))
}

/// The `n`-th key shows this variant, or nothing.
pub(super) async fn finds<F: RepositoryFixture>(fixture: &F, n: u32, variant: Option<u32>) {
    let expected = variant.map(|variant| fixture.entity(n, variant));
    let found = find(fixture, n).await;
    assert_eq!(found, expected, "what is found under {:?}", fixture.key(n));
}
