//! The controls of lists, of purges, and of what cannot be read.

use super::controls::{controls, failing};
use super::fault::Fault;

controls! {
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
