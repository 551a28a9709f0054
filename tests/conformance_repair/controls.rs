//! Negative controls: each broken queue fails the facts it breaks, no other.

use std::collections::BTreeSet;
use std::sync::Arc;

use strangler_fig::async_trait;
use strangler_fig::reconcile::RepairQueue;
use strangler_fig::testkit::conformance::{Fact, RepairQueueFixture, repair_queue, run_all};

use super::broken::{Broken, Shared};
use super::fault::Fault;

/// A store in memory whose handles break the contract in one way.
struct Store {
    fault: Fault,
    shared: Arc<Shared>,
    handle: Arc<Broken>,
}

impl Store {
    fn new(fault: Fault) -> Self {
        let shared = Arc::default();
        let handle = Arc::new(Broken::new(fault, Arc::clone(&shared)));
        Self { fault, shared, handle }
    }
}

#[async_trait]
impl RepairQueueFixture for Store {
    fn queue(&self) -> Arc<dyn RepairQueue> {
        Arc::clone(&self.handle) as _
    }

    async fn reopened(&self) -> Option<Arc<dyn RepairQueue>> {
        let shared = match self.fault {
            Fault::Forgets => Arc::default(),
            _ => Arc::clone(&self.shared),
        };
        Some(Arc::new(Broken::new(self.fault, shared)))
    }
}

fn all_facts() -> Vec<Fact<Store>> {
    let (facts, durable) = (repair_queue::facts(), repair_queue::durable_facts());
    facts.into_iter().chain(durable).collect()
}

/// The facts that fail under `fault`, in the order of the alphabet.
async fn failing(fault: Fault) -> Vec<&'static str> {
    let reports = run_all(all_facts(), async || Store::new(fault)).await.into_iter();
    let failed = reports.filter(|report| report.outcome.is_err());
    let mut failing: Vec<_> = failed.map(|report| report.fact).collect();
    failing.sort_unstable();
    failing
}

/// Runs the suite on a queue broken by each fault, and asserts that these facts
/// fail and all others hold; and that every fact catches something.
macro_rules! controls {
    ($($test:ident: $fault:ident fails [$($fact:ident)*];)+) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $test() {
                let expected: &[&str] = &[$(stringify!($fact)),*];
                assert_eq!(failing(Fault::$fault).await, expected);
            }
        )+

        #[test]
        fn every_fact_catches_a_broken_queue() {
            let caught: BTreeSet<&str> = [$($(stringify!($fact),)*)+].into();
            let facts = all_facts().iter().map(Fact::name).collect();
            assert_eq!(caught, facts);
        }
    };
}

controls! {
    a_sound_queue_passes: Sound fails [];
    keys_end_at_zero_is_caught: KeysEndAtZero fails [
        keys_are_told_apart_byte_for_byte
        what_was_noted_is_taken
    ];
    keys_ignore_case_is_caught: KeysIgnoreCase fails [
        keys_are_told_apart_byte_for_byte
    ];
    reason_is_lost_is_caught: ReasonIsLost fails [
        a_key_noted_again_is_there_once
        what_was_noted_is_taken
    ];
    an_empty_note_fails_is_caught: AnEmptyNoteFails fails [
        noting_nothing_is_no_error
    ];
    each_note_is_a_row_is_caught: EachNoteIsARow fails [
        a_key_noted_after_its_end_is_new
        a_key_noted_again_is_there_once
        a_key_noted_while_it_failed_is_due
        a_key_noted_while_it_was_given_up_is_due
        a_key_noted_while_it_was_repaired_stays
        a_note_does_not_bring_a_taken_key_out
        a_note_makes_a_parked_key_due
        a_note_makes_a_postponed_key_due
        a_note_of_a_due_key_keeps_its_place
        a_note_that_meets_an_end_is_not_lost
        no_concurrent_note_is_lost
        notes_outlive_the_handle
        the_depth_counts_what_waits_and_what_is_parked
    ];
    the_first_reason_stays_is_caught: TheFirstReasonStays fails [
        a_key_noted_again_is_there_once
    ];
    a_note_keeps_the_delay_is_caught: ANoteKeepsTheDelay fails [
        a_note_makes_a_postponed_key_due
        a_note_that_meets_an_end_is_not_lost
    ];
    a_note_keeps_attempts_is_caught: ANoteKeepsAttempts fails [
        a_key_noted_while_it_failed_is_due
        a_key_noted_while_it_was_given_up_is_due
        a_key_noted_while_it_was_repaired_stays
        a_note_makes_a_parked_key_due
        a_note_makes_a_postponed_key_due
    ];
    a_note_leaves_parked_is_caught: ANoteLeavesParked fails [
        a_note_makes_a_parked_key_due
        a_note_that_meets_an_end_is_not_lost
    ];
    a_note_brings_out_is_caught: ANoteBringsOut fails [
        a_note_does_not_bring_a_taken_key_out
    ];
    a_note_loses_the_place_is_caught: ANoteLosesThePlace fails [
        a_note_of_a_due_key_keeps_its_place
    ];
    notes_outlive_the_end_is_caught: NotesOutliveTheEnd fails [
        a_key_noted_after_its_end_is_new
        a_take_of_an_earlier_life_changes_nothing
    ];
    the_limit_is_ignored_is_caught: TheLimitIsIgnored fails [
        a_take_holds_no_more_than_its_limit
        the_key_that_is_due_longest_comes_first
        who_comes_back_waits_behind_the_others
    ];
    the_limit_is_an_int_is_caught: TheLimitIsAnInt fails [
        a_take_holds_no_more_than_its_limit
    ];
    newest_first_is_caught: NewestFirst fails [
        a_note_of_a_due_key_keeps_its_place
        the_key_that_is_due_longest_comes_first
        who_comes_back_waits_behind_the_others
    ];
    oldest_first_is_caught: OldestFirst fails [
        who_comes_back_waits_behind_the_others
    ];
    never_hidden_is_caught: NeverHidden fails [
        a_note_does_not_bring_a_taken_key_out
        a_take_holds_no_more_than_its_limit
        a_taken_key_is_hidden_for_its_term
        an_older_take_changes_nothing
        concurrent_takes_never_share_a_key
        only_a_parked_key_is_retried
        takes_outlive_the_handle
        waiting_keys_are_listed_in_order
    ];
    hidden_forever_is_caught: HiddenForever fails [
        a_finished_key_is_gone
        a_take_of_an_earlier_life_changes_nothing
        a_taken_key_is_hidden_for_its_term
        an_older_take_changes_nothing
    ];
    a_take_counts_is_caught: ATakeCounts fails [
        a_key_noted_while_it_failed_is_due
        a_key_noted_while_it_was_given_up_is_due
        a_key_noted_while_it_was_repaired_stays
        a_note_makes_a_parked_key_due
        a_note_makes_a_postponed_key_due
        a_parked_key_is_not_taken
        a_postponed_key_is_due_after_its_delay
        a_repeat_counts_once
        a_retried_key_is_due
        a_taken_key_is_hidden_for_its_term
        an_older_take_changes_nothing
        attempts_add_up
        delays_outlive_the_handle
        only_a_parked_key_is_retried
        parked_keys_outlive_the_handle
        what_was_noted_is_taken
    ];
    the_receipt_is_the_notes_is_caught: TheReceiptIsTheNotes fails [
        an_older_take_changes_nothing
        no_receipt_comes_twice
        receipts_outlive_the_handle
    ];
    finish_does_nothing_is_caught: FinishDoesNothing fails [
        a_finished_key_is_gone
        a_key_noted_after_its_end_is_new
        a_note_that_meets_an_end_is_not_lost
        a_take_of_an_earlier_life_changes_nothing
        an_entry_is_held_beyond_its_term
        an_older_take_changes_nothing
        takes_outlive_the_handle
        what_is_not_there_is_not_changed
        what_was_answered_is_shown_at_once
    ];
    finish_takes_all_is_caught: FinishTakesAll fails [
        a_finished_key_is_gone
        a_key_noted_while_it_was_repaired_stays
        a_note_that_meets_an_end_is_not_lost
        who_comes_back_waits_behind_the_others
    ];
    postpone_at_once_is_caught: PostponeAtOnce fails [
        a_postponed_key_is_due_after_its_delay
        delays_outlive_the_handle
        only_a_parked_key_is_retried
        waiting_keys_are_listed_in_order
    ];
    postpone_forever_is_caught: PostponeForever fails [
        a_key_noted_while_it_failed_is_due
        a_key_noted_while_it_was_given_up_is_due
        a_key_noted_while_it_was_repaired_stays
        a_postponed_key_is_due_after_its_delay
        attempts_add_up
        who_comes_back_waits_behind_the_others
    ];
    attempts_are_one_is_caught: AttemptsAreOne fails [
        attempts_add_up
    ];
    parked_are_taken_is_caught: ParkedAreTaken fails [
        a_parked_key_is_not_taken
        a_retried_key_is_due
        parked_keys_outlive_the_handle
        the_depth_counts_what_waits_and_what_is_parked
        waiting_keys_are_listed_in_order
    ];
    parked_are_forgotten_is_caught: ParkedAreForgotten fails [
        a_note_makes_a_parked_key_due
        a_parked_key_is_not_taken
        a_retried_key_is_due
        a_retry_tells_whether_the_key_was_parked
        parked_keys_are_listed_in_order
        parked_keys_outlive_the_handle
        the_depth_counts_what_waits_and_what_is_parked
    ];
    finish_ignores_notes_is_caught: FinishIgnoresNotes fails [
        a_key_noted_while_it_was_repaired_stays
        a_note_that_meets_an_end_is_not_lost
        who_comes_back_waits_behind_the_others
    ];
    postpone_ignores_notes_is_caught: PostponeIgnoresNotes fails [
        a_key_noted_while_it_failed_is_due
        a_note_that_meets_an_end_is_not_lost
    ];
    park_ignores_notes_is_caught: ParkIgnoresNotes fails [
        a_key_noted_while_it_was_given_up_is_due
        a_note_that_meets_an_end_is_not_lost
    ];
    the_term_ends_it_is_caught: TheTermEndsIt fails [
        an_entry_is_held_beyond_its_term
    ];
    receipts_are_ignored_is_caught: ReceiptsAreIgnored fails [
        a_repeat_counts_once
        a_take_of_an_earlier_life_changes_nothing
        an_older_take_changes_nothing
    ];
    lives_are_mixed_is_caught: LivesAreMixed fails [
        a_repeat_counts_once
        a_take_of_an_earlier_life_changes_nothing
    ];
    a_repeat_counts_is_caught: ARepeatCounts fails [
        a_repeat_counts_once
        a_take_of_an_earlier_life_changes_nothing
    ];
    the_missing_is_an_error_is_caught: TheMissingIsAnError fails [
        what_is_not_there_is_not_changed
    ];
    retry_keeps_attempts_is_caught: RetryKeepsAttempts fails [
        a_retried_key_is_due
    ];
    retry_takes_any_is_caught: RetryTakesAny fails [
        only_a_parked_key_is_retried
    ];
    retry_is_always_of_a_parked_one_is_caught: RetryIsAlwaysOfAParkedOne fails [
        a_retry_tells_whether_the_key_was_parked
    ];
    retry_is_never_of_a_parked_one_is_caught: RetryIsNeverOfAParkedOne fails [
        a_retry_tells_whether_the_key_was_parked
    ];
    lists_are_by_age_is_caught: ListsAreByAge fails [
        parked_keys_are_listed_in_order
        waiting_keys_are_listed_in_order
    ];
    lists_are_of_the_due_is_caught: ListsAreOfTheDue fails [
        a_note_does_not_bring_a_taken_key_out
        a_repeat_counts_once
        an_older_take_changes_nothing
        delays_outlive_the_handle
        only_a_parked_key_is_retried
        waiting_keys_are_listed_in_order
    ];
    lists_begin_at_the_key_is_caught: ListsBeginAtTheKey fails [
        parked_keys_are_listed_in_order
        waiting_keys_are_listed_in_order
    ];
    depth_is_of_the_due_is_caught: DepthIsOfTheDue fails [
        the_depth_counts_what_waits_and_what_is_parked
        the_oldest_key_is_as_old_as_its_first_note
    ];
    depth_is_of_all_is_caught: DepthIsOfAll fails [
        the_depth_counts_what_waits_and_what_is_parked
    ];
    age_is_of_the_last_note_is_caught: AgeIsOfTheLastNote fails [
        the_oldest_key_is_as_old_as_its_first_note
    ];
    takes_in_two_steps_is_caught: TakesInTwoSteps fails [
        concurrent_takes_never_share_a_key
    ];
    notes_in_two_steps_is_caught: NotesInTwoSteps fails [
        no_concurrent_note_is_lost
    ];
    ends_in_two_steps_is_caught: EndsInTwoSteps fails [
        a_note_that_meets_an_end_is_not_lost
    ];
    depth_is_cached_is_caught: DepthIsCached fails [
        the_depth_counts_what_waits_and_what_is_parked
        what_was_answered_is_shown_at_once
    ];
    forgets_is_caught: Forgets fails [
        a_note_that_meets_an_end_is_not_lost
        delays_outlive_the_handle
        no_concurrent_note_is_lost
        notes_outlive_the_handle
        parked_keys_outlive_the_handle
        receipts_outlive_the_handle
        takes_outlive_the_handle
        what_was_answered_is_shown_at_once
    ];
    receipts_are_the_handles_is_caught: ReceiptsAreTheHandles fails [
        receipts_outlive_the_handle
    ];
}
