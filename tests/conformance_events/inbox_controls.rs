//! Negative controls: each broken inbox fails the facts it breaks, no other.

use std::collections::BTreeSet;

use strangler_fig::testkit::conformance::{Fact, inbox, run_all};

use super::inbox_broken::Broken;
use super::inbox_broken::Fault;

/// The facts that fail under `fault`, in the order of the alphabet.
async fn failing(fault: Fault) -> Vec<&'static str> {
    let reports = run_all(inbox::facts(), async || Broken::new(fault)).await;
    let failed = reports.into_iter().filter(|report| report.outcome.is_err());
    let mut names: Vec<_> = failed.map(|report| report.fact).collect();
    names.sort_unstable();
    names
}

/// Runs the suite on an inbox broken by each fault, and asserts that these facts fail and all others hold; and tells
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
fn every_fact_catches_a_broken_inbox() {
    let caught: BTreeSet<&str> = CAUGHT.iter().copied().collect();
    let facts = inbox::facts::<Broken>().iter().map(Fact::name).collect();
    assert_eq!(caught, facts);
}

controls! {
    a_sound_inbox_passes: Sound fails [];
    outside_of_the_transaction_is_caught: OutsideOfTheTransaction fails [
        a_rollback_was_not_seen
        who_waits_for_a_rollback_is_first
    ];
    looks_then_writes_is_caught: LooksThenWrites fails [
        of_several_at_once_one_is_first
    ];
    nothing_is_kept_is_caught: NothingIsKept fails [
        a_transaction_sees_its_own
        consumers_sources_and_ids_differ_by_bytes
        content_does_not_count
        events_share_a_transaction
        of_several_at_once_one_is_first
        the_first_time_is_first_and_then_again
    ];
    own_is_unseen_is_caught: OwnIsUnseen fails [
        a_transaction_sees_its_own
    ];
    last_is_kept_is_caught: LastIsKept fails [
        events_share_a_transaction
    ];
    no_consumer_is_caught: NoConsumer fails [
        consumers_sources_and_ids_differ_by_bytes
    ];
    no_source_is_caught: NoSource fails [
        consumers_sources_and_ids_differ_by_bytes
        other_events_do_not_wait
    ];
    case_is_ignored_is_caught: CaseIsIgnored fails [
        consumers_sources_and_ids_differ_by_bytes
        other_events_do_not_wait
    ];
    spaces_are_cut_is_caught: SpacesAreCut fails [
        consumers_sources_and_ids_differ_by_bytes
    ];
    long_ids_are_cut_is_caught: LongIdsAreCut fails [
        consumers_sources_and_ids_differ_by_bytes
    ];
    texts_are_joined_is_caught: TextsAreJoined fails [
        consumers_sources_and_ids_differ_by_bytes
    ];
    content_counts_is_caught: ContentCounts fails [
        content_does_not_count
    ];
    one_lock_is_caught: OneLock fails [
        other_events_do_not_wait
    ];
    rollback_keeps_locks_is_caught: RollbackKeepsLocks fails [
        a_rollback_was_not_seen
        who_waits_for_a_rollback_is_first
    ];
}
