//! Negative controls: each broken journal fails the facts it breaks, no other.

use std::collections::BTreeSet;

use strangler_fig::testkit::conformance::{Fact, run_all, saga_journal};

use super::broken::Broken;
use super::fault::Fault;

/// The facts that fail under `fault`, in the order of the alphabet.
async fn failing(fault: Fault) -> Vec<&'static str> {
    let reports = run_all(saga_journal::facts(), async || Broken::new(fault)).await;
    let failed = reports.into_iter().filter(|report| report.outcome.is_err());
    let mut names: Vec<_> = failed.map(|report| report.fact).collect();
    names.sort_unstable();
    names
}

/// Runs the suite on a journal broken by each fault, and asserts that these facts fail and all
/// others hold; and that every fact catches something.
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
        fn every_fact_catches_a_broken_journal() {
            let caught: BTreeSet<&str> = [$($(stringify!($fact),)*)+].into();
            let facts = saga_journal::facts::<Broken>().iter().map(Fact::name).collect();
            assert_eq!(caught, facts);
        }
    };
}

controls! {
    a_sound_journal_passes: Sound fails [];
    create_overwrites_is_caught: CreateOverwrites fails [
        creating_again_changes_nothing
        of_concurrent_creations_one_creates
        what_is_over_is_found_too
        what_was_purged_is_not_created_anew
    ];
    looks_then_creates_is_caught: LooksThenCreates fails [
        of_concurrent_creations_one_creates
    ];
    purge_forgets_is_caught: PurgeForgets fails [
        a_list_shows_what_a_load_shows
        a_purge_and_an_append_at_once_see_each_other
        a_purged_saga_keeps_its_header_only
        purging_again_is_no_error
        what_was_purged_is_not_created_anew
    ];
    position_is_ignored_is_caught: PositionIsIgnored fails [
        an_append_elsewhere_is_refused
        an_append_made_again_is_refused_and_does_no_harm
        of_concurrent_appends_at_one_position_one_succeeds
    ];
    repeat_is_ok_is_caught: RepeatIsOk fails [
        a_purged_saga_takes_no_more_entries
        an_append_elsewhere_is_refused
        an_append_made_again_is_refused_and_does_no_harm
        of_concurrent_appends_at_one_position_one_succeeds
    ];
    looks_then_appends_is_caught: LooksThenAppends fails [
        a_purge_and_an_append_at_once_see_each_other
        an_append_and_a_claim_at_once_leave_one_runner
        of_concurrent_appends_at_one_position_one_succeeds
    ];
    first_entry_only_is_caught: FirstEntryOnly fails [
        a_load_shows_one_moment
        a_thousand_entries_come_back
        an_append_elsewhere_is_refused
        appended_entries_follow_in_order
        every_kind_of_entry_comes_back
        of_concurrent_appends_at_one_position_one_succeeds
    ];
    status_is_lost_is_caught: StatusIsLost fails [
        a_filter_takes_those_that_are_not_purged
        a_filter_takes_those_that_are_to_be_purged
        a_filter_takes_those_that_stand_so
        a_limit_counts_what_the_filter_takes
        a_list_shows_what_a_load_shows
        a_purge_and_an_append_at_once_see_each_other
        a_purge_leaves_other_sagas_alone
        a_purged_saga_is_not_claimed
        a_purged_saga_keeps_its_header_only
        a_purged_saga_takes_no_more_entries
        a_saga_that_is_not_over_is_not_purged
        every_status_comes_back
        purging_again_is_no_error
        sagas_do_not_disturb_each_other
        status_and_outcome_are_recorded_with_the_entries
        the_conditions_of_a_filter_add_up
        what_was_purged_is_not_created_anew
    ];
    outcome_is_lost_is_caught: OutcomeIsLost fails [
        a_load_shows_one_moment
        every_outcome_comes_back
        status_and_outcome_are_recorded_with_the_entries
    ];
    epoch_is_ignored_is_caught: EpochIsIgnored fails [
        an_older_claim_cannot_append
        an_older_claim_cannot_append_after_the_newer_one_ended
        the_runner_that_holds_it_may_claim_it_anew
    ];
    epoch_stays_is_caught: EpochStays fails [
        an_epoch_is_larger_than_every_one_before
        an_older_claim_cannot_append
        an_older_claim_cannot_append_after_the_newer_one_ended
        releasing_an_older_claim_changes_nothing
        renewing_an_older_claim_changes_nothing
        the_runner_that_holds_it_may_claim_it_anew
    ];
    rest_is_held_is_caught: RestIsHeld fails [
        the_conditions_of_a_filter_add_up
        what_goes_no_further_by_itself_is_held_by_nobody
    ];
    append_does_not_renew_is_caught: AppendDoesNotRenew fails [
        a_term_of_no_time_has_run_out_at_once
        an_expired_claim_that_nobody_took_can_append
        appending_begins_the_term_anew
        appending_may_shorten_the_term
    ];
    term_only_grows_is_caught: TermOnlyGrows fails [
        appending_may_shorten_the_term
    ];
    expired_may_append_no_more_is_caught: ExpiredMayAppendNoMore fails [
        a_released_claim_that_nobody_took_can_append
        a_term_of_no_time_has_run_out_at_once
        an_expired_claim_that_nobody_took_can_append
        entries_may_follow_the_end
    ];
    append_revives_is_caught: AppendRevives fails [
        a_released_claim_that_nobody_took_can_append
    ];
    over_is_closed_is_caught: OverIsClosed fails [
        entries_may_follow_the_end
    ];
    nothing_takes_entries_is_caught: NothingTakesEntries fails [
        an_append_to_no_saga_is_refused
    ];
    entries_in_the_process_is_caught: EntriesInTheProcess fails [
        a_load_shows_one_moment
        a_saga_that_was_created_is_there
        a_thousand_entries_come_back
        appended_entries_follow_in_order
        every_kind_of_entry_comes_back
        every_outcome_comes_back
        of_concurrent_appends_at_one_position_one_succeeds
        what_was_recorded_outlives_the_handle
    ];
    claims_in_the_process_is_caught: ClaimsInTheProcess fails [
        a_filter_takes_those_that_are_free
        a_held_saga_is_not_claimed_by_another
        a_holder_is_named_while_it_holds
        a_list_shows_what_a_load_shows
        a_saga_that_was_created_is_there
        an_expired_claim_that_nobody_took_is_renewed
        of_concurrent_claims_one_gets_it
        renewing_begins_terms_anew
        the_largest_header_comes_back
        what_cannot_be_read_holds_up_no_renewal
        what_was_recorded_outlives_the_handle
    ];
    shows_nothing_is_caught: ShowsNothing fails [
        what_was_never_created_is_not_claimed
        what_was_never_created_is_not_there
    ];
    loads_in_two_is_caught: LoadsInTwo fails [
        a_load_shows_one_moment
    ];
    payloads_are_values_is_caught: PayloadsAreValues fails [
        every_kind_of_entry_comes_back
        every_outcome_comes_back
        payloads_come_back_byte_for_byte
    ];
    numbers_are_signed_is_caught: NumbersAreSigned fails [
        a_filter_takes_those_that_run_by_a_definition
        every_kind_of_entry_comes_back
        the_largest_header_comes_back
    ];
    case_is_ignored_is_caught: CaseIsIgnored fails [
        a_purge_leaves_other_sagas_alone
        ids_that_differ_in_case_are_different
    ];
    nothing_is_claimed_is_caught: NothingIsClaimed fails [
        what_was_never_created_is_not_claimed
    ];
    claim_is_blind_is_caught: ClaimIsBlind fails [
        a_held_saga_is_not_claimed_by_another
        a_released_saga_can_be_claimed
        a_runner_in_another_life_is_another
        an_expired_claim_gives_way
        an_expired_claim_that_nobody_took_can_append
        an_expired_claim_that_nobody_took_is_renewed
        appending_begins_the_term_anew
        of_concurrent_claims_one_gets_it
        releasing_an_older_claim_changes_nothing
        renewing_begins_terms_anew
        what_cannot_be_read_holds_up_no_renewal
        what_was_recorded_outlives_the_handle
    ];
    own_claim_is_in_the_way_is_caught: OwnClaimIsInTheWay fails [
        the_runner_that_holds_it_may_claim_it_anew
    ];
    lives_are_one_is_caught: LivesAreOne fails [
        a_runner_in_another_life_is_another
    ];
    looks_then_claims_is_caught: LooksThenClaims fails [
        of_concurrent_claims_one_gets_it
    ];
    only_running_is_claimed_is_caught: OnlyRunningIsClaimed fails [
        a_saga_can_be_claimed_whatever_its_status
        sagas_do_not_disturb_each_other
        the_conditions_of_a_filter_add_up
        what_goes_no_further_by_itself_is_held_by_nobody
    ];
    purged_is_claimed_is_caught: PurgedIsClaimed fails [
        a_purged_saga_is_not_claimed
    ];
    never_expires_is_caught: NeverExpires fails [
        a_filter_takes_those_that_are_free
        a_holder_is_named_while_it_holds
        a_term_of_no_time_has_run_out_at_once
        an_expired_claim_gives_way
        an_older_claim_cannot_append
        appending_may_shorten_the_term
        renewing_an_older_claim_changes_nothing
        renewing_begins_terms_anew
    ];
    holder_stays_is_caught: HolderStays fails [
        a_filter_takes_those_that_are_free
        a_holder_is_named_while_it_holds
        a_term_of_no_time_has_run_out_at_once
    ];
    renew_does_nothing_is_caught: RenewDoesNothing fails [
        a_term_of_no_time_has_run_out_at_once
        an_expired_claim_that_nobody_took_is_renewed
        renewing_begins_terms_anew
        what_cannot_be_read_holds_up_no_renewal
    ];
    nothing_to_renew_is_an_error_is_caught: NothingToRenewIsAnError fails [
        renewing_nothing_is_no_error
    ];
    renew_answers_all_is_caught: RenewAnswersAll fails [
        renewing_a_released_claim_changes_nothing
        renewing_an_older_claim_changes_nothing
        renewing_begins_terms_anew
    ];
    renew_is_blind_is_caught: RenewIsBlind fails [
        renewing_an_older_claim_changes_nothing
    ];
    renew_revives_is_caught: RenewRevives fails [
        renewing_a_released_claim_changes_nothing
    ];
    expired_is_not_renewed_is_caught: ExpiredIsNotRenewed fails [
        an_expired_claim_that_nobody_took_is_renewed
    ];
    release_is_blind_is_caught: ReleaseIsBlind fails [
        releasing_an_older_claim_changes_nothing
    ];
    nothing_is_an_error_is_caught: NothingIsAnError fails [
        releasing_an_older_claim_changes_nothing
    ];
    list_is_collated_is_caught: ListIsCollated fails [
        a_list_goes_on_after_an_id
        a_list_holds_no_more_than_its_limit
        a_list_is_in_the_order_of_the_ids_bytes
    ];
    list_repeats_is_caught: ListRepeats fails [
        a_limit_counts_what_the_filter_takes
        a_list_goes_on_after_an_id
        a_list_holds_no_more_than_its_limit
        what_cannot_be_read_shortens_no_page
    ];
    list_needs_its_place_is_caught: ListNeedsItsPlace fails [
        a_list_goes_on_after_an_id
    ];
    list_cuts_first_is_caught: ListCutsFirst fails [
        a_filter_takes_those_that_are_to_be_purged
        a_limit_counts_what_the_filter_takes
    ];
    list_is_endless_is_caught: ListIsEndless fails [
        a_filter_takes_those_that_are_to_be_purged
        a_limit_counts_what_the_filter_takes
        a_list_holds_no_more_than_its_limit
        what_cannot_be_read_shortens_no_page
    ];
    filter_knows_no_status_is_caught: FilterKnowsNoStatus fails [
        a_filter_takes_those_that_are_to_be_purged
        a_filter_takes_those_that_stand_so
        a_limit_counts_what_the_filter_takes
        the_conditions_of_a_filter_add_up
    ];
    filter_knows_no_fingerprint_is_caught: FilterKnowsNoFingerprint fails [
        a_filter_takes_those_that_run_by_a_definition
    ];
    filter_knows_no_holder_is_caught: FilterKnowsNoHolder fails [
        a_filter_takes_those_that_are_free
        the_conditions_of_a_filter_add_up
    ];
    listed_outcome_is_lost_is_caught: ListedOutcomeIsLost fails [
        a_list_shows_what_a_load_shows
    ];
    never_idle_is_caught: NeverIdle fails [
        a_filter_takes_those_that_are_to_be_purged
        a_filter_takes_those_that_have_been_idle
        a_saga_is_idle_since_its_last_entry
    ];
    idle_since_created_is_caught: IdleSinceCreated fails [
        a_filter_takes_those_that_have_been_idle
        a_saga_is_idle_since_its_last_entry
    ];
    purge_is_blind_is_caught: PurgeIsBlind fails [
        a_purge_and_an_append_at_once_see_each_other
        a_saga_that_is_not_over_is_not_purged
    ];
    purges_once_is_caught: PurgesOnce fails [
        purging_again_is_no_error
    ];
    purges_nothing_is_caught: PurgesNothing fails [
        what_was_never_created_is_not_purged
    ];
    purge_leaves_entries_is_caught: PurgeLeavesEntries fails [
        a_purge_and_an_append_at_once_see_each_other
        a_purged_saga_keeps_its_header_only
    ];
    purge_counts_anew_is_caught: PurgeCountsAnew fails [
        a_purge_and_an_append_at_once_see_each_other
        a_purged_saga_keeps_its_header_only
        purging_again_is_no_error
    ];
    purged_takes_entries_is_caught: PurgedTakesEntries fails [
        a_purge_and_an_append_at_once_see_each_other
        a_purged_saga_takes_no_more_entries
    ];
    purges_by_prefix_is_caught: PurgesByPrefix fails [
        a_purge_leaves_other_sagas_alone
    ];
    spoilt_fails_the_list_is_caught: SpoiltFailsTheList fails [
        a_list_leaves_out_what_cannot_be_read
        what_cannot_be_read_shortens_no_page
    ];
    spoilt_shortens_a_page_is_caught: SpoiltShortensAPage fails [
        what_cannot_be_read_shortens_no_page
    ];
    spoilt_is_nothing_is_caught: SpoiltIsNothing fails [
        what_cannot_be_read_is_rejected
    ];
    spoilt_holds_up_renewal_is_caught: SpoiltHoldsUpRenewal fails [
        what_cannot_be_read_holds_up_no_renewal
    ];
    filter_knows_no_purge_is_caught: FilterKnowsNoPurge fails [
        a_filter_takes_those_that_are_not_purged
        a_filter_takes_those_that_are_to_be_purged
    ];
    filter_knows_no_age_is_caught: FilterKnowsNoAge fails [
        a_filter_takes_those_that_are_to_be_purged
        a_filter_takes_those_that_have_been_idle
    ];
    zero_is_for_ever_is_caught: ZeroIsForEver fails [
        a_term_of_no_time_has_run_out_at_once
    ];
    looks_then_purges_is_caught: LooksThenPurges fails [
        a_purge_and_an_append_at_once_see_each_other
    ];
}
