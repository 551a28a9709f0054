//! What a call must leave alone.

use super::RepositoryFixture;
use super::found::{delete, find, finds, save};
use crate::error::StoreErrorKind;
use crate::repository::Repository;

const KEYS: u32 = 64;

/// Contracts 2 and 3: a call changes its own key and no other.
pub(super) async fn keys_are_kept_apart<F: RepositoryFixture>(fixture: &F) {
    for n in 0..KEYS {
        save(fixture, n, n).await;
    }
    for n in (0..KEYS).step_by(3) {
        delete(fixture, n).await;
    }
    for n in 0..KEYS {
        let is_deleted = n % 3 == 0;
        finds(fixture, n, (!is_deleted).then_some(n)).await;
    }
}

/// Contract 4: what the domain refuses is `Rejected`, and changes nothing.
pub(super) async fn a_rejected_entity_changes_nothing<F: RepositoryFixture>(fixture: &F) {
    refuses(fixture).await;
    save(fixture, 0, 0).await;
    refuses(fixture).await;
}

async fn refuses<F: RepositoryFixture>(fixture: &F) {
    let Some(refused) = fixture.rejected(0) else {
        return;
    };
    let before = find(fixture, 0).await;
    let answer = fixture.repository().save(refused).await;
    let kind = answer.map_err(|error| error.kind());
    assert_eq!(kind, Err(StoreErrorKind::Rejected), "a refused entity");
    assert_eq!(find(fixture, 0).await, before, "after a refused entity");
}
