//! Negative controls: each broken service fails the facts it breaks, no other.

use strangler_fig::testkit::conformance::Fact;
use strangler_fig::testkit::conformance::state::{self, Outcome};

use super::broken::Fault;
use super::store::failing;
use super::{InMemory, in_memory};

/// Runs the suite on a service broken by each fault, and asserts that these
/// facts fail and all others hold.
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
    a_sound_service_passes: Sound fails [];
    a_create_that_overwrites_is_caught: CreateOverwrites fails [
        a_revision_outlives_the_handle
        creating_twice_is_a_conflict_and_changes_nothing
        of_concurrent_creates_one_succeeds
    ];
    stale_reads_are_caught: ReadsAreCached fails [
        a_renewal_and_a_replacement_do_not_undo_each_other
        every_field_of_a_state_comes_back
        of_concurrent_replacements_one_succeeds
        states_of_different_names_are_kept_apart
        the_revision_grows_with_every_replacement
        what_was_acknowledged_is_current_at_once
    ];
    a_revision_that_is_ignored_is_caught: RevisionIsIgnored fails [
        a_revision_outlives_the_handle
        a_revision_to_come_is_a_conflict_and_changes_nothing
        an_older_revision_is_a_conflict_and_changes_nothing
        of_concurrent_replacements_one_succeeds
        revision_zero_is_a_conflict_and_changes_nothing
    ];
    a_replacement_in_two_steps_is_caught: ComparesThenSets fails [
        of_concurrent_replacements_one_succeeds
    ];
    leases_that_expire_are_caught: LeasesExpire fails [
        leases_do_not_expire
    ];
    leases_that_are_merged_are_caught: LeasesAreMerged fails [
        renewing_again_replaces_the_whole_lease
    ];
    late_renewals_that_replace_later_ones_are_caught: LateRenewalsReplace fails [
        a_late_renewal_changes_nothing
    ];
    an_evicted_node_that_may_renew_is_caught: EvictedMayRenew fails [
        a_lease_that_was_renewed_since_is_not_evicted
        a_node_that_was_never_seen_can_be_evicted
        a_renewal_and_an_eviction_do_not_both_succeed
        a_renewal_that_meets_an_eviction_leaves_no_lease
        an_evicted_node_cannot_renew
        an_eviction_outlives_the_handle
        evicting_again_on_another_lease_is_no_error
        releasing_does_not_end_an_eviction
    ];
    an_unseen_node_that_cannot_be_evicted_is_caught: UnseenAreNotBarred fails [
        a_node_that_was_never_seen_can_be_evicted
    ];
    an_eviction_of_a_living_node_is_caught: EvictsTheLiving fails [
        a_lease_that_was_renewed_since_is_not_evicted
        a_renewal_and_an_eviction_do_not_both_succeed
    ];
    an_eviction_in_two_steps_is_caught: LooksThenEvicts fails [
        a_renewal_and_an_eviction_do_not_both_succeed
    ];
    an_eviction_of_a_name_is_caught: NamesAreBarred fails [
        another_life_of_an_evicted_node_is_not_touched
    ];
    a_release_that_ends_an_eviction_is_caught: ReleaseUnbars fails [
        releasing_does_not_end_an_eviction
    ];
    a_renewal_in_two_steps_is_caught: LooksThenRenews fails [
        a_renewal_and_an_eviction_do_not_both_succeed
        a_renewal_that_meets_an_eviction_leaves_no_lease
    ];
    a_release_of_all_lives_is_caught: ReleaseTakesAllLives fails [
        releasing_leaves_other_lives_alone
    ];
    leases_shared_across_names_are_caught: LeasesAreShared fails [
        evictions_of_different_names_are_kept_apart
        leases_of_different_names_are_kept_apart
        names_that_differ_by_case_are_not_mixed
    ];
    names_without_case_are_caught: CaseIsIgnored fails [
        names_that_differ_by_case_are_not_mixed
    ];
    numbers_kept_as_floats_are_caught: NumbersAreFloats fails [
        every_field_of_a_state_comes_back
    ];
    a_change_that_is_told_all_the_time_is_caught: ChangedSpins fails [
        changed_rests_while_nothing_changes
    ];
    a_forgetful_store_is_caught: Forgets fails [
        a_renewal_and_a_replacement_do_not_undo_each_other
        a_renewal_and_an_eviction_do_not_both_succeed
        a_renewal_that_meets_an_eviction_leaves_no_lease
        a_renewed_lease_is_listed_at_once
        a_revision_outlives_the_handle
        a_state_outlives_the_handle
        an_eviction_outlives_the_handle
        leases_outlive_the_handle
        no_concurrent_renewal_is_lost
        of_concurrent_creates_one_succeeds
        what_was_acknowledged_is_current_at_once
    ];
}

#[tokio::test]
async fn what_does_not_apply_is_told_apart_from_what_holds() {
    let reports = state::run_all(in_memory).await;
    let not_applicable: Vec<_> = reports
        .iter()
        .filter(|report| report.outcome == Outcome::NotApplicable)
        .map(|report| report.fact)
        .collect();
    let durable = state::durable_facts::<InMemory>();
    let durable: Vec<_> = durable.iter().map(Fact::name).collect();
    assert_eq!(not_applicable, durable);

    let held = reports.iter().filter(|report| report.outcome == Outcome::Held);
    assert_eq!(held.count(), state::facts::<InMemory>().len());
}
