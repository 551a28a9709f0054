//! Each fact of `tables` catches the flaw it is there for.

use strangler_fig::testkit::conformance::tables;

use crate::flawed_tables::{Flaw, FlawedTablesFixture};

controls! {
    tables on FlawedTablesFixture;
    CommitsRowsOnly: a_row_and_its_stamp_are_seen_once_committed
    WritesAtOnce: nothing_is_seen_before_the_commit
    CommitsWhenDropped: a_dropped_transaction_changes_nothing
    CommitsAfterAFailure: a_failed_call_spoils_its_transaction
    CommitsAfterADroppedCall: a_dropped_call_spoils_its_transaction
    RefusesToDeleteNothing: deleting_no_row_is_no_error
    ReadsWhatIsCommitted: a_transaction_sees_its_own_changes
    ListsWhatIsCommitted: a_transaction_lists_its_own_changes
    ReadsWithoutASnapshot: a_transaction_reads_one_state
    LocksAtTheStamp: writers_that_look_at_the_row_first_do_not_overlap
    LocksNothing: writers_that_look_at_the_stamp_first_do_not_overlap
    LocksOnlyStampsThatAreThere: first_writers_of_a_key_do_not_overlap
    ListsRowsBackwards: pages_of_rows_hold_every_row_once
    ListsOneRowTooFew: pages_of_rows_hold_every_row_once
    ListsStampsOfRowsOnly: pages_of_stamps_hold_every_stamp_once
    ListsStampsBackwards: pages_of_stamps_hold_every_stamp_once
    ListsAReplica: a_list_shows_what_was_committed_before
    LastRowIsTheLastCommitted: a_transaction_sees_the_key_of_its_last_row
    LastStampIsOfARow: a_transaction_sees_the_key_of_its_last_stamp
    LastStampIsTheLastCommitted: a_transaction_sees_the_key_of_its_last_stamp
    StampsEverySave: a_row_saved_without_the_crate_has_no_stamp
    KeepsHalfOfTheStamp: every_bit_of_a_set_stamp_is_kept
    KeepsTheLargerStamp: setting_a_stamp_replaces_it
    DeletesTheStampToo: a_stamp_outlives_its_row
    ; on a paused clock:
    StaysLockedWhenDropped: a_dropped_transaction_keeps_nobody_waiting
}

/// So that a control fails for its flaw, and nothing else.
mod without_a_flaw {
    use std::future::ready;

    use super::{Flaw, FlawedTablesFixture};

    strangler_fig::tables_conformance!(ready(FlawedTablesFixture::open(Flaw::None)));
}
