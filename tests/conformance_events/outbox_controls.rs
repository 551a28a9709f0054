//! Negative controls: each broken outbox fails the facts it breaks, no other.

use std::collections::BTreeSet;

use strangler_fig::testkit::conformance::{Fact, outbox, run_all};

use super::outbox_broken::Broken;
use super::outbox_fault::Fault;

/// The facts that fail under `fault`, in the order of the alphabet.
async fn failing(fault: Fault) -> Vec<&'static str> {
    let reports = run_all(outbox::facts(), async || Broken::new(fault)).await;
    let failed = reports.into_iter().filter(|report| report.outcome.is_err());
    let mut names: Vec<_> = failed.map(|report| report.fact).collect();
    names.sort_unstable();
    names
}

/// Runs the suite on an outbox broken by each fault, and asserts that these facts fail and all others hold; and tells
/// which facts catch something.
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
fn every_fact_catches_a_broken_outbox() {
    let caught: BTreeSet<&str> = CAUGHT.iter().copied().collect();
    let facts = outbox::facts::<Broken>().iter().map(Fact::name).collect();
    assert_eq!(caught, facts);
}

controls! {
    a_sound_outbox_passes: Sound fails [];
    writes_at_once_is_caught: WritesAtOnce fails [
        a_commit_shows_and_a_rollback_does_not
        only_what_is_named_is_settled
        other_keys_do_not_wait_for_an_open_transaction
        what_commits_late_is_sent
        who_waits_for_a_rollback_goes_on
    ];
    rows_in_the_process_is_caught: RowsInTheProcess fails [
        a_lane_of_a_key_never_changes
        a_parked_row_that_is_discarded_lets_its_key_go_on
        a_parked_row_that_is_tried_again_is_due_at_once
        a_row_put_off_comes_after_its_delay_and_counts
        what_is_not_settled_comes_again
        what_was_committed_is_there
    ];
    call_reversed_is_caught: CallReversed fails [
        a_call_stages_all_in_order
        a_row_put_off_comes_after_its_delay_and_counts
        a_row_that_cannot_be_read_comes_as_such
        a_row_that_falls_due_comes_before_its_key
        behind_a_parked_row_its_key_waits
        behind_a_row_put_off_its_key_waits
        ends_of_one_call_all_have_their_effect
        other_keys_of_a_lane_go_on
        parked_rows_are_listed_with_what_waits_behind
        settling_again_is_harmless
    ];
    no_key_lock_is_caught: NoKeyLock fails [
        two_transactions_of_a_key_follow_each_other
        who_waits_for_a_rollback_goes_on
    ];
    rollback_keeps_locks_is_caught: RollbackKeepsLocks fails [
        a_commit_shows_and_a_rollback_does_not
        who_waits_for_a_rollback_goes_on
    ];
    one_lock_is_caught: OneLock fails [
        keys_differ_by_bytes
        only_what_is_named_is_settled
        other_keys_do_not_wait_for_an_open_transaction
        what_commits_late_is_sent
    ];
    cursor_by_position_is_caught: CursorByPosition fails [
        a_depth_counts_what_is_there
        only_what_is_named_is_settled
        what_commits_late_is_sent
    ];
    json_is_rewritten_is_caught: JsonIsRewritten fails [
        events_come_back_equal
    ];
    bytes_are_text_is_caught: BytesAreText fails [
        events_come_back_equal
        rows_and_bytes_are_limited_and_one_row_always_comes
    ];
    topic_is_lowered_is_caught: TopicIsLowered fails [
        events_come_back_equal
    ];
    events_are_unique_is_caught: EventsAreUnique fails [
        other_keys_of_a_lane_go_on
        the_same_event_twice_is_two_rows
    ];
    keys_are_collated_is_caught: KeysAreCollated fails [
        keys_differ_by_bytes
    ];
    lanes_are_drawn_is_caught: LanesAreDrawn fails [
        a_lane_of_a_key_never_changes
        ends_of_one_call_all_have_their_effect
    ];
    looks_then_claims_is_caught: LooksThenClaims fails [
        of_relays_at_once_one_gets_a_lane
    ];
    epoch_stays_is_caught: EpochStays fails [
        a_claim_takes_no_more_than_wanted_and_nothing_from_others
        a_term_of_no_time_has_run_out_at_once
        an_epoch_is_larger_than_every_one_before
        an_old_claim_fetches_nothing
        an_old_claim_releases_nothing
        an_old_claim_settles_nothing
    ];
    own_epoch_stays_is_caught: OwnEpochStays fails [
        an_epoch_is_larger_than_every_one_before
    ];
    wanted_is_ignored_is_caught: WantedIsIgnored fails [
        a_claim_takes_no_more_than_wanted_and_nothing_from_others
        of_relays_at_once_one_gets_a_lane
    ];
    steals_is_caught: Steals fails [
        a_claim_begins_the_terms_anew
        a_claim_ends_by_its_term
        a_claim_takes_no_more_than_wanted_and_nothing_from_others
        an_old_claim_releases_nothing
        another_incarnation_is_another_relay
        of_relays_at_once_one_gets_a_lane
    ];
    gives_back_is_caught: GivesBack fails [
        a_claim_begins_the_terms_anew
        a_claim_takes_no_more_than_wanted_and_nothing_from_others
    ];
    terms_stay_is_caught: TermsStay fails [
        a_claim_begins_the_terms_anew
        a_term_of_no_time_has_run_out_at_once
    ];
    terms_only_grow_is_caught: TermsOnlyGrow fails [
        a_term_of_no_time_has_run_out_at_once
    ];
    lives_are_one_is_caught: LivesAreOne fails [
        another_incarnation_is_another_relay
    ];
    zero_is_for_ever_is_caught: ZeroIsForEver fails [
        a_term_of_no_time_has_run_out_at_once
    ];
    never_expires_is_caught: NeverExpires fails [
        a_claim_ends_by_its_term
        a_claim_that_has_run_out_settles_and_fetches_nothing
        a_term_of_no_time_has_run_out_at_once
        an_epoch_is_larger_than_every_one_before
    ];
    counts_holders_is_caught: CountsHolders fails [
        another_incarnation_is_another_relay
        relays_are_counted_that_got_nothing
    ];
    counts_for_ever_is_caught: CountsForEver fails [
        a_term_of_no_time_has_run_out_at_once
        relays_are_counted_that_got_nothing
    ];
    releases_blindly_is_caught: ReleasesBlindly fails [
        an_old_claim_releases_nothing
    ];
    fetches_blindly_is_caught: FetchesBlindly fails [
        a_term_of_no_time_has_run_out_at_once
        an_old_claim_fetches_nothing
    ];
    fetches_what_ran_out_is_caught: FetchesWhatRanOut fails [
        a_claim_that_has_run_out_settles_and_fetches_nothing
        a_term_of_no_time_has_run_out_at_once
    ];
    fetches_every_lane_is_caught: FetchesEveryLane fails [
        only_claimed_lanes_are_fetched
    ];
    settles_blindly_is_caught: SettlesBlindly fails [
        an_old_claim_settles_nothing
    ];
    expired_settles_nothing_is_caught: ExpiredSettlesNothing fails [
        a_claim_that_has_run_out_settles_and_fetches_nothing
    ];
    fetch_takes_is_caught: FetchTakes fails [
        a_claim_that_has_run_out_settles_and_fetches_nothing
        a_depth_counts_what_is_there
        a_parked_row_never_comes_and_is_never_purged
        a_parked_row_that_is_discarded_lets_its_key_go_on
        a_parked_row_that_is_tried_again_is_due_at_once
        a_purge_takes_what_was_sent_only
        a_refusal_counts_and_another_attempt_does_not
        a_row_put_off_comes_after_its_delay_and_counts
        a_row_that_cannot_be_read_comes_as_such
        a_row_that_falls_due_comes_before_its_key
        an_old_claim_fetches_nothing
        an_old_claim_settles_nothing
        behind_a_parked_row_its_key_waits
        behind_a_row_put_off_its_key_waits
        ends_of_one_call_all_have_their_effect
        keys_differ_by_bytes
        only_claimed_lanes_are_fetched
        only_what_is_named_is_settled
        other_keys_of_a_lane_go_on
        parked_rows_are_listed_with_what_waits_behind
        reasons_may_be_long
        rows_and_bytes_are_limited_and_one_row_always_comes
        rows_of_other_lanes_are_passed_over
        settling_again_is_harmless
        what_is_not_settled_comes_again
        what_was_committed_is_there
    ];
    newest_first_is_caught: NewestFirst fails [
        a_call_stages_all_in_order
        a_key_comes_from_its_oldest_row_on
        a_row_put_off_comes_after_its_delay_and_counts
        a_row_that_falls_due_comes_before_its_key
        ends_of_one_call_all_have_their_effect
        two_transactions_of_a_key_follow_each_other
    ];
    by_id_is_caught: ById fails [
        a_call_stages_all_in_order
        a_key_comes_from_its_oldest_row_on
    ];
    clock_is_asked_twice_is_caught: ClockIsAskedTwice fails [
        a_row_that_falls_due_comes_before_its_key
    ];
    put_off_holds_nothing_is_caught: PutOffHoldsNothing fails [
        a_row_put_off_comes_after_its_delay_and_counts
        a_row_that_falls_due_comes_before_its_key
        behind_a_row_put_off_its_key_waits
        other_keys_of_a_lane_go_on
    ];
    parked_holds_nothing_is_caught: ParkedHoldsNothing fails [
        a_row_that_cannot_be_read_comes_as_such
        behind_a_parked_row_its_key_waits
        ends_of_one_call_all_have_their_effect
        settling_again_is_harmless
    ];
    parked_holds_all_is_caught: ParkedHoldsAll fails [
        behind_a_parked_row_its_key_waits
    ];
    stuck_holds_its_lane_is_caught: StuckHoldsItsLane fails [
        a_parked_row_never_comes_and_is_never_purged
        a_purge_takes_what_was_sent_only
        a_row_that_cannot_be_read_comes_as_such
        behind_a_parked_row_its_key_waits
        behind_a_row_put_off_its_key_waits
        keys_differ_by_bytes
        other_keys_of_a_lane_go_on
        parked_rows_are_listed_with_what_waits_behind
    ];
    rows_are_unlimited_is_caught: RowsAreUnlimited fails [
        rows_and_bytes_are_limited_and_one_row_always_comes
    ];
    bytes_are_unlimited_is_caught: BytesAreUnlimited fails [
        rows_and_bytes_are_limited_and_one_row_always_comes
    ];
    large_never_comes_is_caught: LargeNeverComes fails [
        rows_and_bytes_are_limited_and_one_row_always_comes
    ];
    spoilt_fails_is_caught: SpoiltFails fails [
        a_row_that_cannot_be_read_comes_as_such
    ];
    spoilt_is_left_out_is_caught: SpoiltIsLeftOut fails [
        a_row_that_cannot_be_read_comes_as_such
    ];
    age_is_nothing_is_caught: AgeIsNothing fails [
        a_row_says_how_long_ago_it_was_staged
    ];
    settles_up_to_is_caught: SettlesUpTo fails [
        a_depth_counts_what_is_there
        only_what_is_named_is_settled
    ];
    settles_the_key_is_caught: SettlesTheKey fails [
        a_key_comes_from_its_oldest_row_on
        ends_of_one_call_all_have_their_effect
        only_what_is_named_is_settled
    ];
    settles_other_lanes_is_caught: SettlesOtherLanes fails [
        rows_of_other_lanes_are_passed_over
    ];
    first_end_only_is_caught: FirstEndOnly fails [
        a_key_comes_from_its_oldest_row_on
        a_lane_of_a_key_never_changes
        a_row_put_off_comes_after_its_delay_and_counts
        ends_of_one_call_all_have_their_effect
        only_what_is_named_is_settled
        other_keys_of_a_lane_go_on
        rows_of_other_lanes_are_passed_over
        the_same_event_twice_is_two_rows
        what_commits_late_is_sent
    ];
    again_is_a_conflict_is_caught: AgainIsAConflict fails [
        settling_again_is_harmless
    ];
    counts_twice_is_caught: CountsTwice fails [
        settling_again_is_harmless
    ];
    retry_does_not_count_is_caught: RetryDoesNotCount fails [
        a_refusal_counts_and_another_attempt_does_not
        a_row_put_off_comes_after_its_delay_and_counts
        ends_of_one_call_all_have_their_effect
        settling_again_is_harmless
    ];
    refused_does_not_count_is_caught: RefusedDoesNotCount fails [
        a_refusal_counts_and_another_attempt_does_not
    ];
    retry_is_a_refusal_is_caught: RetryIsARefusal fails [
        a_refusal_counts_and_another_attempt_does_not
    ];
    retry_is_at_once_is_caught: RetryIsAtOnce fails [
        a_parked_row_never_comes_and_is_never_purged
        a_refusal_counts_and_another_attempt_does_not
        a_row_put_off_comes_after_its_delay_and_counts
        behind_a_row_put_off_its_key_waits
        keys_differ_by_bytes
        other_keys_of_a_lane_go_on
        settling_again_is_harmless
    ];
    parked_comes_again_is_caught: ParkedComesAgain fails [
        a_parked_row_never_comes_and_is_never_purged
        a_purge_takes_what_was_sent_only
        behind_a_parked_row_its_key_waits
        ends_of_one_call_all_have_their_effect
        keys_differ_by_bytes
        settling_again_is_harmless
    ];
    purges_parked_is_caught: PurgesParked fails [
        a_depth_counts_what_is_there
        a_parked_row_never_comes_and_is_never_purged
        a_purge_takes_what_was_sent_only
    ];
    behind_is_nothing_is_caught: BehindIsNothing fails [
        parked_rows_are_listed_with_what_waits_behind
    ];
    reason_is_lost_is_caught: ReasonIsLost fails [
        parked_rows_are_listed_with_what_waits_behind
        reasons_may_be_long
    ];
    parked_by_time_is_caught: ParkedByTime fails [
        a_list_of_parked_rows_goes_on_and_has_a_limit
        parked_rows_are_listed_with_what_waits_behind
    ];
    after_is_included_is_caught: AfterIsIncluded fails [
        a_list_of_parked_rows_goes_on_and_has_a_limit
    ];
    list_is_unlimited_is_caught: ListIsUnlimited fails [
        a_list_of_parked_rows_goes_on_and_has_a_limit
    ];
    attempts_stay_is_caught: AttemptsStay fails [
        a_parked_row_that_is_tried_again_is_due_at_once
    ];
    refusals_stay_is_caught: RefusalsStay fails [
        a_parked_row_that_is_tried_again_is_due_at_once
    ];
    everything_is_parked_is_caught: EverythingIsParked fails [
        a_parked_row_that_is_tried_again_is_due_at_once
    ];
    discarded_holds_its_key_is_caught: DiscardedHoldsItsKey fails [
        a_parked_row_that_is_discarded_lets_its_key_go_on
    ];
    discards_pending_is_caught: DiscardsPending fails [
        a_parked_row_that_is_discarded_lets_its_key_go_on
    ];
    reasons_are_short_is_caught: ReasonsAreShort fails [
        reasons_may_be_long
    ];
    purges_the_young_is_caught: PurgesTheYoung fails [
        a_purge_takes_what_was_sent_only
    ];
    purge_is_unlimited_is_caught: PurgeIsUnlimited fails [
        a_purge_takes_what_was_sent_only
    ];
    purges_pending_is_caught: PurgesPending fails [
        a_depth_counts_what_is_there
        a_purge_takes_what_was_sent_only
    ];
    counts_sent_is_caught: CountsSent fails [
        a_depth_counts_what_is_there
    ];
    put_off_is_not_counted_is_caught: PutOffIsNotCounted fails [
        a_depth_counts_what_is_there
    ];
    oldest_is_youngest_is_caught: OldestIsYoungest fails [
        a_depth_counts_what_is_there
    ];
}
