//! Each fact of `list` catches the flaw it is there for.

use strangler_fig::testkit::conformance::list;

use crate::flawed_rows::{Flaw, FlawedRowsFixture};

controls! {
    list on FlawedRowsFixture;
    ListsADefaultWhenEmpty: an_empty_store_lists_nothing
    ListsBackwards: lists_of_any_size_hold_every_row_once
    ListsCountInThirtyTwoBits: lists_of_any_size_hold_every_row_once
    ListsNeedAfterToBeThere: a_list_begins_after_a_key_that_is_not_there
    ListsRepeatAfter: nothing_is_listed_after_the_last_key
    ListsOneTooFew: a_list_holds_as_many_rows_as_it_can
    ListsFromACache: a_list_shows_what_was_saved_before
    LastKeyFromACache: the_last_key_is_that_of_the_last_row
    LastKeyNeverFallsBack: the_last_key_is_that_of_the_last_row
}

/// So that a control fails for its flaw, and nothing else.
mod without_a_flaw {
    use std::future::ready;

    use super::{Flaw, FlawedRowsFixture};

    strangler_fig::list_conformance!(ready(FlawedRowsFixture::open(Flaw::None)));
}
