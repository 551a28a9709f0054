//! Negative controls: each broken feed fails the facts it breaks, no other.

use std::collections::BTreeSet;

use strangler_fig::testkit::conformance::{Fact, change_feed, run_all};

use super::broken::{Broken, Fault};

/// The facts that fail under `fault`, in the order of the alphabet.
async fn failing(fault: Fault) -> Vec<&'static str> {
    let reports = run_all(change_feed::facts(), async || Broken::new(fault)).await;
    let failed = reports.into_iter().filter(|report| report.outcome.is_err());
    let mut names: Vec<_> = failed.map(|report| report.fact).collect();
    names.sort_unstable();
    names
}

/// Runs the suite on a feed broken by each fault, and asserts that these facts fail and all others hold; and tells
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
fn every_fact_catches_a_broken_feed() {
    let caught: BTreeSet<&str> = CAUGHT.iter().copied().collect();
    let facts = change_feed::facts::<Broken>().iter().map(Fact::name).collect();
    assert_eq!(caught, facts);
}

controls! {
    a_sound_feed_passes: Sound fails [];
    gets_instead_of_peeks_is_caught: GetsInsteadOfPeeks fails [
        a_change_comes_until_it_is_settled
        a_page_holds_no_more_than_its_limit
        a_record_has_the_stamp_of_its_row
        settling_again_changes_nothing
    ];
    cursor_by_number_is_caught: CursorByNumber fails [
        what_commits_late_comes
    ];
    writes_at_once_is_caught: WritesAtOnce fails [
        a_rollback_does_not_come
        what_commits_late_comes
        what_is_open_does_not_come
    ];
    shows_what_is_open_is_caught: ShowsWhatIsOpen fails [
        what_commits_late_comes
        what_is_open_does_not_come
    ];
    limit_is_ignored_is_caught: LimitIsIgnored fails [
        a_page_holds_no_more_than_its_limit
        only_that_page_is_settled
        settling_again_changes_nothing
        the_lag_is_none_only_when_all_is_settled
        what_was_committed_first_comes_first
    ];
    newest_first_is_caught: NewestFirst fails [
        a_key_comes_in_the_order_of_its_commits
        only_that_page_is_settled
        settling_again_changes_nothing
        what_was_committed_first_comes_first
    ];
    nothing_settles_all_is_caught: NothingSettlesAll fails [
        nothing_is_an_empty_page
    ];
    settles_nothing_is_caught: SettlesNothing fails [
        a_later_record_has_a_larger_stamp
        a_settled_page_does_not_come_again
        settling_again_changes_nothing
        the_lag_is_none_only_when_all_is_settled
        the_last_page_holds_all_of_before
        what_cannot_be_read_comes_as_such_and_holds_up_no_other
        what_commits_late_comes
        what_is_pending_is_counted
        what_was_committed_first_comes_first
    ];
    settles_all_is_caught: SettlesAll fails [
        only_that_page_is_settled
        settling_again_changes_nothing
        the_lag_is_none_only_when_all_is_settled
        the_last_page_holds_all_of_before
        what_was_committed_first_comes_first
    ];
    settles_by_count_is_caught: SettlesByCount fails [
        settling_again_changes_nothing
    ];
    sorts_by_content_is_caught: SortsByContent fails [
        a_key_comes_in_the_order_of_its_commits
    ];
    no_deletions_is_caught: NoDeletions fails [
        a_deletion_comes
        a_later_record_has_a_larger_stamp
    ];
    rename_is_one_is_caught: RenameIsOne fails [
        a_change_of_the_key_is_two
    ];
    stamps_at_reading_is_caught: StampsAtReading fails [
        a_record_has_the_stamp_of_its_row
    ];
    stamps_stand_still_is_caught: StampsStandStill fails [
        a_later_record_has_a_larger_stamp
    ];
    fails_on_unreadable_is_caught: FailsOnUnreadable fails [
        what_cannot_be_read_comes_as_such_and_holds_up_no_other
    ];
    skips_unreadable_is_caught: SkipsUnreadable fails [
        what_cannot_be_read_comes_as_such_and_holds_up_no_other
    ];
    stops_at_unreadable_is_caught: StopsAtUnreadable fails [
        what_cannot_be_read_comes_as_such_and_holds_up_no_other
    ];
    always_last_is_caught: AlwaysLast fails [
        a_page_holds_no_more_than_its_limit
        the_last_page_holds_all_of_before
    ];
    never_last_is_caught: NeverLast fails [
        a_feed_that_was_read_to_its_end_says_so
    ];
    lag_is_none_is_caught: LagIsNone fails [
        the_lag_is_none_only_when_all_is_settled
        the_lag_is_that_of_the_oldest
    ];
    lag_of_the_newest_is_caught: LagOfTheNewest fails [
        the_lag_is_that_of_the_oldest
    ];
    lag_stays_is_caught: LagStays fails [
        the_lag_is_none_only_when_all_is_settled
        the_lag_is_that_of_the_oldest
    ];
    nothing_is_pending_is_caught: NothingIsPending fails [
        what_is_pending_is_counted
    ];
    counts_settled_is_caught: CountsSettled fails [
        what_is_pending_is_counted
    ];
    detached_is_empty_is_caught: DetachedIsEmpty fails [
        a_feed_that_misses_changes_says_so
    ];
    detached_has_no_lag_is_caught: DetachedHasNoLag fails [
        a_feed_that_misses_changes_says_so
    ];
}
