//! How a taken entry ends: contracts 4 to 6.

use super::RepairQueueFixture;
use super::samples::{
    Ending, LONG, OVER, SHORT, depth, finish, is_again, key, listed, note, park, parked, postpone,
    take, take_one, takes_nothing, waiting,
};
use crate::reconcile::{RepairDepth, RepairEntry};

/// Contract 6: a finished key is gone, and no other.
pub(super) async fn a_finished_key_is_gone<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1, 2]).await;
    for entry in take(&queue, 9, SHORT).await.iter().filter(|entry| entry.key == key(1)) {
        finish(&queue, entry).await;
    }
    fixture.pass(OVER).await;
    let found = take_one(&queue).await;
    assert_eq!(found.key, key(2), "the key that was not finished");
}

/// Contract 6: hidden for the delay, then due with the attempt and its error.
pub(super) async fn a_postponed_key_is_due_after_its_delay<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1]).await;
    let taken = take_one(&queue).await;
    postpone(&queue, &taken, LONG, "for long").await;
    takes_nothing(&queue, "before the delay is over").await;
    note(&queue, &[2]).await;
    let taken = take_one(&queue).await;
    postpone(&queue, &taken, SHORT, "not 'now'").await;
    fixture.pass(OVER).await;
    let again = take_one(&queue).await;
    let failed = RepairEntry { attempts: 1, error: Some("not 'now'".to_owned()), ..taken };
    is_again(&again, &failed);
}

/// Contract 6: each failed repair is one attempt more, with the newest error.
pub(super) async fn attempts_add_up<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1]).await;
    for attempts in 0..4 {
        fixture.pass(super::samples::TICK).await;
        let taken = take_one(&queue).await;
        assert_eq!(taken.attempts, attempts, "the attempts so far");
        postpone(&queue, &taken, std::time::Duration::ZERO, &format!("no {attempts}")).await;
    }
    let found = waiting(&queue).await.remove(0);
    assert_eq!((found.attempts, found.error.as_deref()), (4, Some("no 3")), "after four");
}

/// Contracts 6 and 7: set aside with the attempt and the error, for good.
pub(super) async fn a_parked_key_is_not_taken<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1]).await;
    let taken = take(&queue, 1, SHORT).await.remove(0);
    park(&queue, &taken, "given up").await;
    fixture.pass(OVER).await;
    takes_nothing(&queue, "after it was parked").await;
    assert_eq!(parked(&queue).await, [listed(&taken, 1, Some("given up"))], "what is parked");
    assert_eq!(waiting(&queue).await, [], "what waits");
}

/// Contract 5: a change during the repair is not lost, however that ends.
async fn keeps_a_noted_key<F: RepairQueueFixture>(fixture: &F, ending: Ending) {
    let queue = fixture.queue();
    note(&queue, &[1]).await;
    let first = take_one(&queue).await;
    postpone(&queue, &first, std::time::Duration::ZERO, "away").await;
    fixture.pass(super::samples::TICK).await;
    let taken = take_one(&queue).await;
    note(&queue, &[1]).await;
    ending.of(&queue, &taken).await;
    let again = take_one(&queue).await;
    assert_eq!((again.notes, again.attempts, again.error), (2, 0, None), "after {ending:?}");
}

/// Contract 5, of `finish`.
pub(super) async fn a_key_noted_while_it_was_repaired_stays<F: RepairQueueFixture>(fixture: &F) {
    keeps_a_noted_key(fixture, Ending::Finish).await;
}

/// Contract 5, of `postpone`.
pub(super) async fn a_key_noted_while_it_failed_is_due<F: RepairQueueFixture>(fixture: &F) {
    keeps_a_noted_key(fixture, Ending::Postpone).await;
}

/// Contract 5, of `park`.
pub(super) async fn a_key_noted_while_it_was_given_up_is_due<F: RepairQueueFixture>(fixture: &F) {
    keeps_a_noted_key(fixture, Ending::Park).await;
}

/// Contract 4: a slow repair is a repair, as long as nobody else took the key.
pub(super) async fn an_entry_is_held_beyond_its_term<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1]).await;
    let taken = take(&queue, 1, SHORT).await.remove(0);
    fixture.pass(OVER).await;
    finish(&queue, &taken).await;
    takes_nothing(&queue, "after it was finished late").await;
}

/// Contract 4: whose key was taken by another has no say.
pub(super) async fn an_older_take_changes_nothing<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1]).await;
    let older = take(&queue, 1, SHORT).await.remove(0);
    fixture.pass(OVER).await;
    let newer = take_one(&queue).await;
    for ending in Ending::ALL {
        ending.of(&queue, &older).await;
        assert_eq!(waiting(&queue).await, [listed(&newer, 0, None)], "after a late {ending:?}");
        takes_nothing(&queue, "while another has it").await;
    }
    finish(&queue, &newer).await;
    assert_eq!(depth(&queue).await, RepairDepth::default(), "after the newer take has finished");
}

/// Contract 4: a key that went and came back is not the one that was taken.
pub(super) async fn a_take_of_an_earlier_life_changes_nothing<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1]).await;
    let older = take(&queue, 1, SHORT).await.remove(0);
    fixture.pass(OVER).await;
    let newer = take_one(&queue).await;
    finish(&queue, &newer).await;
    note(&queue, &[1]).await;
    for ending in Ending::ALL {
        ending.of(&queue, &older).await;
        assert_eq!(waiting(&queue).await, [listed(&newer, 0, None)], "after a late {ending:?}");
    }
    take_one(&queue).await;
}

/// Contract 4: who got no answer calls again.
pub(super) async fn a_repeat_counts_once<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1]).await;
    let taken = take_one(&queue).await;
    for ending in [Ending::Postpone, Ending::Postpone, Ending::Park, Ending::Finish] {
        ending.of(&queue, &taken).await;
        assert_eq!(waiting(&queue).await, [listed(&taken, 1, Some("too late"))], "{ending:?}");
    }
}

/// Contract 4: nor is it an error if there is no such key.
pub(super) async fn what_is_not_there_is_not_changed<F: RepairQueueFixture>(fixture: &F) {
    let queue = fixture.queue();
    note(&queue, &[1]).await;
    let taken = take_one(&queue).await;
    finish(&queue, &taken).await;
    for ending in Ending::ALL {
        ending.of(&queue, &taken).await;
    }
    super::samples::retry(&queue, &key(1)).await;
    assert_eq!(depth(&queue).await, RepairDepth::default(), "of an empty queue");
}
