//! Negative controls: each broken store fails the facts it breaks, no other.

use std::collections::BTreeSet;

use strangler_fig::testkit::conformance::{Fact, reply_store, run_all};

use super::broken::{Broken, Fault};

/// The facts that fail under `fault`, in the order of the alphabet.
async fn failing(fault: Fault) -> Vec<&'static str> {
    let reports = run_all(reply_store::facts(), async || Broken::new(fault)).await;
    let failed = reports.into_iter().filter(|report| report.outcome.is_err());
    let mut names: Vec<_> = failed.map(|report| report.fact).collect();
    names.sort_unstable();
    names
}

/// Runs the suite on a store broken by each fault, and asserts that these facts fail and all
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
        fn every_fact_catches_a_broken_store() {
            let caught: BTreeSet<&str> = [$($(stringify!($fact),)*)+].into();
            let facts = reply_store::facts::<Broken>().iter().map(Fact::name).collect();
            assert_eq!(caught, facts);
        }
    };
}

controls! {
    a_sound_store_passes: Sound fails [];
    last_wins_is_caught: LastWins fails [
        a_later_reply_changes_nothing
        of_several_at_once_one_is_first
    ];
    all_are_first_is_caught: AllAreFirst fails [
        a_later_reply_changes_nothing
        another_process_finds_it
        of_several_at_once_one_is_first
    ];
    none_is_first_is_caught: NoneIsFirst fails [
        another_process_finds_it
        correlations_differ_by_bytes
        of_several_at_once_one_is_first
        the_first_reply_is_kept
        what_is_old_is_purged
    ];
    not_durable_is_caught: NotDurable fails [
        another_process_finds_it
    ];
    looks_then_writes_is_caught: LooksThenWrites fails [
        of_several_at_once_one_is_first
    ];
    an_older_copy_is_caught: AnOlderCopy fails [
        nothing_is_answered_before_it_has_come
        what_is_old_is_purged
    ];
    case_is_ignored_is_caught: CaseIsIgnored fails [
        correlations_differ_by_bytes
    ];
    spaces_are_ignored_is_caught: SpacesAreIgnored fails [
        correlations_differ_by_bytes
    ];
    cuts_correlations_is_caught: CutsCorrelations fails [
        correlations_differ_by_bytes
    ];
    finds_by_prefix_is_caught: FindsByPrefix fails [
        correlations_differ_by_bytes
    ];
    output_is_a_value_is_caught: OutputIsAValue fails [
        replies_come_back_as_they_were
    ];
    reason_is_trimmed_is_caught: ReasonIsTrimmed fails [
        replies_come_back_as_they_were
    ];
    purges_nothing_is_caught: PurgesNothing fails [
        no_more_than_the_limit_are_purged_at_once
        what_is_old_is_purged
    ];
    purges_the_young_is_caught: PurgesTheYoung fails [
        what_is_young_is_not_purged
    ];
    purges_without_limit_is_caught: PurgesWithoutLimit fails [
        no_more_than_the_limit_are_purged_at_once
    ];
    purges_half_is_caught: PurgesHalf fails [
        what_is_old_is_purged
    ];
}
