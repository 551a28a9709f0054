//! Negative controls: each broken journal fails the facts it breaks, no other.

use std::collections::BTreeSet;

use strangler_fig::testkit::conformance::{Fact, request_journal, run_all};

use super::broken::Broken;
use super::fault::Fault;

/// The facts that fail under `fault`, in the order of the alphabet.
async fn failing(fault: Fault) -> Vec<&'static str> {
    let reports = run_all(request_journal::facts(), async || Broken::new(fault)).await;
    let failed = reports.into_iter().filter(|report| report.outcome.is_err());
    let mut names: Vec<_> = failed.map(|report| report.fact).collect();
    names.sort_unstable();
    names
}

/// Runs the suite on a journal broken by each fault, and asserts that these facts fail and all
/// others hold; and tells which facts catch something.
macro_rules! controls {
    ($($test:ident: $fault:ident fails [$($fact:ident)*];)+) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $test() {
                let expected: &[&str] = &[$(stringify!($fact)),*];
                assert_eq!(failing(Fault::$fault).await, expected);
            }
        )+

        const CAUGHT: &[&str] = &[$($(stringify!($fact),)*)+];
    };
}

#[test]
fn every_fact_catches_a_broken_journal() {
    let caught: BTreeSet<&str> = CAUGHT.iter().copied().collect();
    let facts = request_journal::facts::<Broken>().iter().map(Fact::name).collect();
    assert_eq!(caught, facts);
}

controls! {
    a_sound_journal_passes: Sound fails [];
    record_overwrites_is_caught: RecordOverwrites fails [
        a_purged_request_keeps_all_but_its_content
        of_concurrent_records_one_is_new
        recording_again_changes_nothing
    ];
    looks_then_records_is_caught: LooksThenRecords fails [
        of_concurrent_records_one_is_new
    ];
    records_in_the_process_is_caught: RecordsInTheProcess fails [
        a_claim_that_another_follows_has_lapsed
        a_lapse_is_told_until_a_note_begins_anew
        a_purged_request_keeps_all_but_its_content
        a_request_that_was_recorded_is_there
        an_expired_claim_gives_way
        every_note_comes_back
        every_other_note_gives_the_claim_back
        keys_that_differ_in_case_or_scope_are_different
        notes_follow_in_order
        of_concurrent_notes_at_one_position_one_succeeds
        what_cannot_be_read_is_rejected
        what_is_not_closed_is_not_purged
        what_was_recorded_comes_back_byte_for_byte
    ];
    notes_in_the_process_is_caught: NotesInTheProcess fails [
        a_purged_request_keeps_all_but_its_content
        every_note_comes_back
        keys_that_differ_in_case_or_scope_are_different
        notes_follow_in_order
        recording_again_changes_nothing
    ];
    claims_in_the_process_is_caught: ClaimsInTheProcess fails [
        a_held_request_is_not_claimed_by_another
        a_request_that_was_recorded_is_there
        an_expired_claim_gives_way
        of_concurrent_claims_one_gets_it
        of_concurrent_takes_each_request_goes_to_one
        recording_again_changes_nothing
        what_cannot_be_read_holds_up_no_other
        what_is_due_and_free_is_taken
        what_is_held_is_not_purged
    ];
    nothing_takes_notes_is_caught: NothingTakesNotes fails [
        what_was_never_recorded_is_not_there
    ];
    nothing_is_claimed_is_caught: NothingIsClaimed fails [
        what_was_never_recorded_is_not_there
    ];
    bytes_are_text_is_caught: BytesAreText fails [
        what_was_recorded_comes_back_byte_for_byte
    ];
    case_is_ignored_is_caught: CaseIsIgnored fails [
        a_list_is_in_the_order_of_the_keys_bytes
        keys_that_differ_in_case_or_scope_are_different
    ];
    scopes_are_joined_is_caught: ScopesAreJoined fails [
        keys_that_differ_in_case_or_scope_are_different
    ];
    position_is_ignored_is_caught: PositionIsIgnored fails [
        a_note_elsewhere_is_refused
    ];
    repeat_is_ok_is_caught: RepeatIsOk fails [
        a_note_elsewhere_is_refused
        a_note_made_again_is_refused_and_does_no_harm
        of_concurrent_notes_at_one_position_one_succeeds
    ];
    looks_then_notes_is_caught: LooksThenNotes fails [
        of_concurrent_notes_at_one_position_one_succeeds
    ];
    order_is_ignored_is_caught: OrderIsIgnored fails [
        a_note_that_is_out_of_order_is_refused
    ];
    troubles_are_one_is_caught: TroublesAreOne fails [
        every_note_comes_back
    ];
    epoch_is_ignored_is_caught: EpochIsIgnored fails [
        an_older_claim_cannot_note
        the_holder_may_claim_it_anew
        what_was_taken_is_held
    ];
    epoch_stays_is_caught: EpochStays fails [
        an_epoch_is_larger_than_every_one_before
        an_older_claim_cannot_note
        only_who_began_it_may_withdraw_it
        the_holder_may_claim_it_anew
        what_was_taken_is_held
    ];
    expired_may_note_no_more_is_caught: ExpiredMayNoteNoMore fails [
        a_term_of_no_time_has_run_out_at_once
        an_expired_claim_that_nobody_took_can_note
        what_is_due_and_free_is_taken
    ];
    anybody_withdraws_is_caught: AnybodyWithdraws fails [
        only_who_began_it_may_withdraw_it
    ];
    reopened_is_not_begun_is_caught: ReopenedIsNotBegun fails [
        only_who_began_it_may_withdraw_it
    ];
    note_does_not_renew_is_caught: NoteDoesNotRenew fails [
        a_note_that_goes_on_begins_the_term_anew
        what_was_taken_is_held
    ];
    note_keeps_claim_is_caught: NoteKeepsClaim fails [
        a_claim_that_another_follows_has_lapsed
        a_note_that_goes_on_begins_the_term_anew
        a_purge_counts_and_has_a_limit
        a_purged_request_keeps_all_but_its_content
        a_request_can_be_claimed_wherever_it_stands
        every_other_note_gives_the_claim_back
        no_more_is_taken_than_the_limit
        only_who_began_it_may_withdraw_it
        what_cannot_be_read_holds_up_no_other
        what_has_been_due_longest_is_taken_first
        what_is_due_and_free_is_taken
        what_is_held_is_not_purged
        what_is_kept_for_less_than_the_idle_time_is_forgotten
        what_is_put_off_is_due_when_its_time_has_come
        what_is_released_is_taken_again
        what_was_closed_for_long_is_forgotten
        what_was_closed_lately_is_not_purged
        what_was_taken_is_held
        what_was_withdrawn_is_forgotten
    ];
    claim_is_blind_is_caught: ClaimIsBlind fails [
        a_held_request_is_not_claimed_by_another
        a_holder_in_another_life_is_another
        a_note_that_goes_on_begins_the_term_anew
        a_request_can_be_claimed_wherever_it_stands
        an_expired_claim_gives_way
        of_concurrent_claims_one_gets_it
        what_was_taken_is_held
    ];
    own_claim_is_in_the_way_is_caught: OwnClaimIsInTheWay fails [
        a_claim_that_another_follows_has_lapsed
        a_lapse_is_told_until_a_note_begins_anew
        an_epoch_is_larger_than_every_one_before
        only_who_began_it_may_withdraw_it
        the_holder_may_claim_it_anew
    ];
    lives_are_one_is_caught: LivesAreOne fails [
        a_holder_in_another_life_is_another
    ];
    looks_then_claims_is_caught: LooksThenClaims fails [
        of_concurrent_claims_one_gets_it
    ];
    only_open_is_claimed_is_caught: OnlyOpenIsClaimed fails [
        a_lapse_is_told_until_a_note_begins_anew
        a_list_shows_each_shelf
        a_note_that_goes_on_begins_the_term_anew
        a_request_can_be_claimed_wherever_it_stands
        every_note_comes_back
        every_other_note_gives_the_claim_back
        only_who_began_it_may_withdraw_it
        what_is_held_is_not_purged
        what_is_released_is_taken_again
    ];
    never_expires_is_caught: NeverExpires fails [
        a_claim_that_another_follows_has_lapsed
        a_note_that_goes_on_begins_the_term_anew
        a_term_of_no_time_has_run_out_at_once
        an_expired_claim_gives_way
        an_older_claim_cannot_note
        only_who_began_it_may_withdraw_it
        what_is_due_and_free_is_taken
        what_was_taken_is_held
    ];
    zero_is_for_ever_is_caught: ZeroIsForEver fails [
        a_term_of_no_time_has_run_out_at_once
        only_who_began_it_may_withdraw_it
        what_is_due_and_free_is_taken
    ];
    lapses_are_unsaid_is_caught: LapsesAreUnsaid fails [
        a_claim_that_another_follows_has_lapsed
        a_lapse_is_told_until_a_note_begins_anew
        what_was_taken_is_held
    ];
    lapses_stay_is_caught: LapsesStay fails [
        a_lapse_is_told_until_a_note_begins_anew
    ];
    notes_clear_lapses_is_caught: NotesClearLapses fails [
        a_lapse_is_told_until_a_note_begins_anew
    ];
    own_claims_do_not_lapse_is_caught: OwnClaimsDoNotLapse fails [
        a_claim_that_another_follows_has_lapsed
        a_lapse_is_told_until_a_note_begins_anew
    ];
    every_claim_lapses_is_caught: EveryClaimLapses fails [
        a_claim_that_another_follows_has_lapsed
    ];
    holder_stays_is_caught: HolderStays fails [
        a_term_of_no_time_has_run_out_at_once
        an_expired_claim_gives_way
    ];
    takes_what_is_held_is_caught: TakesWhatIsHeld fails [
        no_more_is_taken_than_the_limit
        of_concurrent_takes_each_request_goes_to_one
        what_cannot_be_read_holds_up_no_other
        what_has_been_due_longest_is_taken_first
        what_is_due_and_free_is_taken
        what_was_taken_is_held
    ];
    takes_what_is_not_due_is_caught: TakesWhatIsNotDue fails [
        what_is_due_and_free_is_taken
        what_is_put_off_is_due_when_its_time_has_come
    ];
    takes_parked_is_caught: TakesParked fails [
        what_is_due_and_free_is_taken
        what_is_released_is_taken_again
    ];
    takes_closed_is_caught: TakesClosed fails [
        what_is_due_and_free_is_taken
    ];
    takes_nothing_retried_is_caught: TakesNothingRetried fails [
        what_is_released_is_taken_again
    ];
    takes_by_key_is_caught: TakesByKey fails [
        what_has_been_due_longest_is_taken_first
    ];
    takes_too_many_is_caught: TakesTooMany fails [
        no_more_is_taken_than_the_limit
    ];
    looks_then_takes_is_caught: LooksThenTakes fails [
        of_concurrent_takes_each_request_goes_to_one
    ];
    takes_without_a_claim_is_caught: TakesWithoutAClaim fails [
        no_more_is_taken_than_the_limit
        of_concurrent_takes_each_request_goes_to_one
        what_cannot_be_read_holds_up_no_other
        what_has_been_due_longest_is_taken_first
        what_is_due_and_free_is_taken
        what_was_taken_is_held
    ];
    shelves_are_one_is_caught: ShelvesAreOne fails [
        a_list_holds_no_more_than_its_limit
        a_list_shows_each_shelf
    ];
    lists_know_no_notes_is_caught: ListsKnowNoNotes fails [
        a_list_shows_what_a_load_shows
    ];
    list_is_collated_is_caught: ListIsCollated fails [
        a_list_is_in_the_order_of_the_keys_bytes
    ];
    after_is_included_is_caught: AfterIsIncluded fails [
        a_list_goes_on_after_a_key
    ];
    limit_is_ignored_is_caught: LimitIsIgnored fails [
        a_list_holds_no_more_than_its_limit
        a_list_leaves_out_what_cannot_be_read
    ];
    spoilt_stops_takes_is_caught: SpoiltStopsTakes fails [
        what_cannot_be_read_holds_up_no_other
    ];
    spoilt_shortens_pages_is_caught: SpoiltShortensPages fails [
        a_list_leaves_out_what_cannot_be_read
    ];
    spoilt_is_nothing_is_caught: SpoiltIsNothing fails [
        what_cannot_be_read_is_rejected
    ];
    purges_open_is_caught: PurgesOpen fails [
        what_is_not_closed_is_not_purged
    ];
    purges_at_once_is_caught: PurgesAtOnce fails [
        what_is_kept_for_less_than_the_idle_time_is_forgotten
        what_was_closed_for_long_is_forgotten
        what_was_closed_lately_is_not_purged
    ];
    purge_forgets_is_caught: PurgeForgets fails [
        a_purge_counts_and_has_a_limit
        a_purged_request_keeps_all_but_its_content
        what_was_closed_for_long_is_forgotten
        what_was_closed_lately_is_not_purged
    ];
    purge_forgets_notes_is_caught: PurgeForgetsNotes fails [
        a_purged_request_keeps_all_but_its_content
    ];
    purge_keeps_is_caught: PurgeKeeps fails [
        a_purge_counts_and_has_a_limit
        what_is_kept_for_less_than_the_idle_time_is_forgotten
        what_was_closed_for_long_is_forgotten
        what_was_withdrawn_is_forgotten
    ];
    withdrawn_is_kept_is_caught: WithdrawnIsKept fails [
        what_was_withdrawn_is_forgotten
    ];
    keep_waits_for_idle_is_caught: KeepWaitsForIdle fails [
        what_is_kept_for_less_than_the_idle_time_is_forgotten
    ];
    due_is_unsaid_is_caught: DueIsUnsaid fails [
        what_is_put_off_is_due_when_its_time_has_come
    ];
    purges_all_is_caught: PurgesAll fails [
        a_purge_counts_and_has_a_limit
        what_was_closed_for_long_is_forgotten
    ];
    purges_held_is_caught: PurgesHeld fails [
        what_is_held_is_not_purged
    ];
}
