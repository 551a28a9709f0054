//! Each fact of `scan` catches the flaw it is there for.

use strangler_fig::testkit::conformance::scan;

use crate::flawed::{Flaw, FlawedFixture};

controls! {
    scan on FlawedFixture;
    ScansAnEmptyStoreForEver: an_empty_store_has_one_empty_page
    ScansBackwards: pages_of_any_size_hold_every_record_once
    ScansEndTooEarly: pages_of_any_size_hold_every_record_once
    ScansSkipARow: pages_of_any_size_hold_every_record_once
    ScansRepeatAfter: pages_of_any_size_hold_every_record_once
    ScansLeaveOutTombstones: a_page_holds_tombstones
    ScansLeaveOutUnstampedRows: a_page_holds_unstamped_rows
    ScansShowBaseAlways: a_page_shows_what_read_shows
    ScansNeedAfterToBeThere: a_page_begins_after_a_key_that_is_not_there
    ScansGoOnAfterTheEnd: pages_of_any_size_hold_every_record_once
    ScansShowAfterTheEnd: nothing_comes_after_the_last_key
    ScansHoldOneTooMany: a_page_holds_no_more_than_its_limit
    ScansCountInThirtyTwoBits: the_largest_limit_is_no_error
    ScansReadAReplica: a_page_shows_what_was_applied_before
    LastKeyIsOfTheLiving: the_last_key_is_where_a_walk_ends
    LastKeyIsOfTheStamped: the_last_key_is_where_a_walk_ends
    LastKeyFromAReplica: the_last_key_is_where_a_walk_ends
    LastKeyOfNothing: the_last_key_is_where_a_walk_ends
    ScansInTwoSteps: a_page_never_mixes_two_records
    DeletesThenInserts: a_walk_under_writes_leaves_no_key_out
}

/// So that a control fails for its flaw, and nothing else.
mod without_a_flaw {
    use std::future::ready;

    use super::{Flaw, FlawedFixture};

    strangler_fig::scan_conformance!(ready(FlawedFixture::open(Flaw::None)));
}
