//! The state and its revisions, one call after the other.

use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::StateFixture;
use super::samples::{answered, conflicts, create, first, moved, name, set, shows, states};
use crate::phase::{MigrationStateService, Revision, Versioned};

const STEPS: u128 = 30;

/// Contract 1: `create` stores the state.
pub(super) async fn a_state_that_was_created_is_current<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    let created = create(&*service, first()).await;
    shows(&*service, &created).await;
}

/// Contract 1: a migration that exists is not created again.
pub(super) async fn creating_twice_is_a_conflict_and_changes_nothing<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    let created = create(&*service, first()).await;
    for other in [moved(&first(), 1), first()] {
        conflicts("creating again", service.create(&other).await);
        shows(&*service, &created).await;
    }
}

/// Contract 2: before `create` there is `None`.
pub(super) async fn before_it_is_created_there_is_no_state<F: StateFixture>(fixture: &F) {
    let found = fixture.service().current(&name()).await;
    assert_eq!(answered("reading", found), None, "before it was created");
}

/// Contract 2: `current` is never an older copy, through any handle.
pub(super) async fn what_was_acknowledged_is_current_at_once<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    let other = fixture.reopened().await.unwrap_or_else(|| fixture.service());
    let mut current = create(&*service, first()).await;
    for step in 0..STEPS {
        shows(&*other, &current).await;
        shows(&*service, &current).await;
        let next = moved(&current.state, step);
        let by = if step % 2 == 0 { &other } else { &service };
        current = set(&**by, current.revision, next).await;
    }
}

/// Contract 3: at the expected revision the state is replaced.
pub(super) async fn a_state_is_replaced_at_its_revision<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    let created = create(&*service, first()).await;
    let replaced = set(&*service, created.revision, moved(&created.state, 1)).await;
    shows(&*service, &replaced).await;
}

/// Contract 3: who read before the last replacement does not replace.
pub(super) async fn an_older_revision_is_a_conflict_and_changes_nothing<F: StateFixture>(
    fixture: &F,
) {
    let service = fixture.service();
    let created = create(&*service, first()).await;
    let replaced = set(&*service, created.revision, moved(&created.state, 1)).await;
    is_no_revision(&*service, created.revision, &replaced).await;
}

/// Contract 3: no state is at revision zero, the default.
pub(super) async fn revision_zero_is_a_conflict_and_changes_nothing<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    let created = create(&*service, first()).await;
    assert!(created.revision > Revision::default(), "a first revision of 0");
    is_no_revision(&*service, Revision::default(), &created).await;
}

/// Contract 3: a revision that was not yet answered is a conflict.
pub(super) async fn a_revision_to_come_is_a_conflict_and_changes_nothing<F: StateFixture>(
    fixture: &F,
) {
    let service = fixture.service();
    let created = create(&*service, first()).await;
    is_no_revision(&*service, Revision(created.revision.0 + 1), &created).await;
}

async fn is_no_revision(
    service: &dyn MigrationStateService,
    revision: Revision,
    current: &Versioned,
) {
    let next = moved(&current.state, 99);
    let answer = service.compare_and_set(revision, &next).await;
    conflicts("replacing at another revision", answer);
    shows(service, current).await;
}

/// Contract 3: `compare_and_set` does not create, at any revision.
pub(super) async fn what_was_never_created_is_not_replaced<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    for revision in [0, 1, 2].map(Revision) {
        let answer = service.compare_and_set(revision, &first()).await;
        conflicts("replacing nothing", answer);
    }
    let found = answered("reading", service.current(&name()).await);
    assert_eq!(found, None, "after replacing nothing");
}

/// Contract 3: every replacement answers a larger revision, an equal state too.
pub(super) async fn the_revision_grows_with_every_replacement<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    let mut current = create(&*service, first()).await;
    for step in 0..STEPS {
        let next = if step % 3 == 0 { current.state.clone() } else { moved(&current.state, step) };
        let replaced = set(&*service, current.revision, next).await;
        let (before, after) = (current.revision, replaced.revision);
        assert!(after > before, "{after:?} after {before:?}");
        shows(&*service, &replaced).await;
        current = replaced;
    }
}

/// Contracts 1 and 3: a state comes back as it was stored, with its cohort, and
/// after more moves than a float can count.
pub(super) async fn every_field_of_a_state_comes_back<F: StateFixture>(fixture: &F) {
    let service = fixture.service();
    let mut states = states().into_iter();
    let first = states.next().expect("there is a first one");
    let mut current = create(&*service, first).await;
    for state in states {
        current = set(&*service, current.revision, state).await;
        shows(&*service, &current).await;
    }
}

/// `changed` need not come; when it does, the new state is there to be read.
pub(super) async fn a_change_that_is_told_is_there_to_be_read<F: StateFixture>(fixture: &F) {
    const LATEST: Duration = Duration::from_millis(500);
    let service = fixture.service();
    let created = create(&*service, first()).await;
    let (name, watching) = (name(), fixture.service());
    let seen = created.revision;
    let told = tokio::spawn(async move {
        let told = timeout(LATEST, watching.changed(&name, seen)).await;
        let found = answered("reading", watching.current(&name).await);
        (told.is_ok(), found)
    });
    tokio::task::yield_now().await;
    let replaced = set(&*service, seen, moved(&created.state, 1)).await;
    let (is_told, found) = told.await.expect("reading does not panic");
    if is_told {
        let found = found.expect("a migration does not go away").revision;
        let known = [created.revision, replaced.revision];
        assert!(known.contains(&found), "{found:?} was never answered");
    }
    shows(&*service, &replaced).await;
}

/// `changed` may be wrong, but not again and again: who waits for it would spin.
pub(super) async fn changed_rests_while_nothing_changes<F: StateFixture>(fixture: &F) {
    const OFTEN: u32 = 50;
    let service = fixture.service();
    let (name, created) = (name(), create(&*service, first()).await);
    let end = Instant::now() + Duration::from_millis(200);
    let mut told = 0;
    while told < OFTEN {
        let wait = service.changed(&name, created.revision);
        if timeout_at(end, wait).await.is_err() {
            return;
        }
        told += 1;
        tokio::task::yield_now().await;
    }
    panic!("`changed` came {OFTEN} times at once, and nothing had changed");
}
