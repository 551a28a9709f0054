//! Negative controls: each broken store fails the facts it breaks, no other.

use strangler_fig::testkit::conformance::{checkpoint, run_all};

use super::broken::{Broken, Fault};

async fn failing(fault: Fault) -> Vec<&'static str> {
    let reports = run_all(checkpoint::facts(), async || Broken::new(fault)).await;
    let failed = reports.into_iter().filter(|report| report.outcome.is_err());
    let mut names: Vec<_> = failed.map(|report| report.fact).collect();
    names.sort_unstable();
    names
}

macro_rules! controls {
    ($($test:ident: $fault:ident fails [$($fact:ident)*];)+) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $test() {
                let expected: &[&str] = &[$(stringify!($fact)),*];
                assert_eq!(failing(Fault::$fault).await, expected);
            }
        )+
    };
}

controls! {
    a_sound_store_passes: Sound fails [];
    an_open_that_overwrites_is_caught: OpenOverwrites fails [
        opening_again_changes_nothing
    ];
    sorted_partitions_are_caught: PartitionsAreSorted fails [
        a_job_that_was_opened_has_its_partitions_in_order
        keys_of_every_byte_come_back
        opening_again_changes_nothing
    ];
    keys_as_text_are_caught: KeysAreText fails [
        keys_of_every_byte_come_back
    ];
    a_careless_collation_is_caught: CaseIsIgnored fails [
        names_that_differ_in_case_are_different_jobs
    ];
    an_epoch_that_is_ignored_is_caught: EpochIsIgnored fails [
        a_claim_of_a_removed_job_stays_old
        a_worker_that_comes_back_takes_its_own_partition
        an_older_claim_cannot_save
    ];
    an_expired_claim_that_cannot_save_is_caught: ExpiredMaySaveNoMore fails [
        a_released_claim_that_nobody_took_can_save
        an_expired_claim_that_nobody_took_can_save
    ];
    a_claim_that_never_expires_is_caught: NeverExpires fails [
        a_holder_is_named_while_it_holds
        an_expired_partition_can_be_claimed
        an_older_claim_cannot_save
    ];
    a_save_that_does_not_renew_is_caught: SaveDoesNotRenew fails [
        an_expired_claim_that_nobody_took_can_save
        saving_renews_the_claim
    ];
    an_epoch_that_stays_is_caught: EpochStays fails [
        a_claim_of_a_removed_job_stays_old
        a_worker_that_comes_back_takes_its_own_partition
        an_epoch_is_larger_than_every_one_before
        an_older_claim_cannot_save
        releasing_an_older_claim_changes_nothing
    ];
    epochs_that_begin_anew_are_caught: EpochsOfAJob fails [
        a_claim_of_a_removed_job_stays_old
    ];
    a_claim_of_what_is_done_is_caught: DoneIsClaimed fails [
        a_partition_that_is_done_is_not_claimed
    ];
    a_blind_release_is_caught: ReleaseIsBlind fails [
        releasing_an_older_claim_changes_nothing
    ];
    a_claim_in_two_steps_is_caught: LooksThenClaims fails [
        of_concurrent_claims_no_two_get_one_partition
    ];
    a_claim_that_begins_anew_is_caught: BeginsAnew fails [
        a_claim_goes_on_where_the_last_one_ended
    ];
    lost_counts_are_caught: CountsAreLost fails [
        a_claim_goes_on_where_the_last_one_ended
        every_field_of_a_checkpoint_comes_back
        saving_again_is_harmless
    ];
    an_empty_key_stored_as_none_is_caught: EmptyIsNone fails [
        every_field_of_a_checkpoint_comes_back
    ];
    a_removal_that_leaves_something_is_caught: RemoveLeavesCheckpoints fails [
        a_claim_of_a_removed_job_stays_old
        a_removed_job_is_forgotten
    ];
    an_error_about_nothing_is_caught: NothingIsAnError fails [
        a_removed_job_is_forgotten
        releasing_an_older_claim_changes_nothing
    ];
    a_holder_that_stays_named_is_caught: HolderStays fails [
        a_holder_is_named_while_it_holds
    ];
    claims_of_one_process_are_caught: ClaimsInTheProcess fails [
        of_concurrent_claims_no_two_get_one_partition
        what_was_saved_outlives_the_handle
    ];
    an_own_claim_in_the_way_is_caught: OwnClaimIsInTheWay fails [
        a_worker_that_comes_back_takes_its_own_partition
    ];
    a_save_that_cannot_be_repeated_is_caught: SavesOnce fails [
        saving_again_is_harmless
        saving_renews_the_claim
    ];
}
