//! Each fact of `repository` catches the flaw it is there for.

use strangler_fig::testkit::conformance::repository;

use crate::flawed_rows::{Flaw, FlawedRowsFixture};

controls! {
    repository on FlawedRowsFixture;
    KeyOfTheWholeEntity: an_entity_has_a_key_of_its_own
    FindsADefault: a_key_never_saved_is_not_found
    TrimsText: every_saved_entity_is_found
    InsertsOnly: saving_again_replaces
    DeletesNothing: a_deleted_entity_is_not_found
    BarsTheDead: a_deleted_entity_can_be_saved_again
    RefusesToDeleteNothing: deleting_nothing_is_no_error
    KeysAreCutShort: keys_are_kept_apart
    RejectsTooLate: a_rejected_entity_changes_nothing
    CallsARejectionUnavailable: a_rejected_entity_changes_nothing
    CachesFinds: every_later_find_sees_what_was_acknowledged
    SavesInTwoSteps: of_concurrent_saves_one_remains_whole
    StaysLockedWhenDropped: a_dropped_save_leaves_a_whole_entity
}

/// So that a control fails for its flaw, and nothing else.
mod without_a_flaw {
    use std::future::ready;

    use super::{Flaw, FlawedRowsFixture};

    strangler_fig::repository_conformance!(ready(FlawedRowsFixture::open(Flaw::None)));
}
