//! Each fact of `stamped` catches the flaw it is there for.

use strangler_fig::testkit::conformance::stamped;

use crate::controls::caught;
use crate::flawed::{Flaw, FlawedFixture};

controls! {
    stamped on FlawedFixture;
    KeyOfTheWholeEntity: an_entity_has_one_key
    AbsentReadsAsBase: an_absent_key_reads_as_absent
    UnstampedRowsReadAsZero: an_unstamped_row_reads_as_base
    UnstampedRowsAreInvisible: an_unstamped_row_reads_as_base
    NothingBeatsNull: any_stamp_beats_an_unstamped_row
    EverythingBeatsNull: base_does_not_beat_an_unstamped_row
    DeletesOnlyStampedRows: an_unstamped_row_can_be_deleted
    KeepsTheOldValue: a_larger_stamp_replaces
    AcceptsEqualStamps: an_equal_stamp_changes_nothing
    BlindUpsert: a_smaller_stamp_changes_nothing
    AnswersStoredWhenStale: a_smaller_stamp_changes_nothing
    AnswersTheOfferedStamp: a_smaller_stamp_changes_nothing
    AnswersStoredToARepeat: applying_again_is_harmless
    WrapsPastTheLargest: nothing_beats_the_largest_stamp
    KeepsHalfOfTheStamp: every_bit_of_a_stamp_is_kept
    KeepsADoubleOfTheStamp: every_bit_of_a_stamp_is_kept
    ComparesSigned: stamps_are_compared_as_unsigned_bytes
    DropsTombstones: a_tombstone_is_stored_like_any_record
    UpdatesOnlyWhatIsThere: a_tombstone_of_a_key_never_there_is_kept
    ForgetsStampsOfTheDead: a_tombstone_keeps_smaller_values_out
    NeverRevives: only_a_larger_stamp_brings_a_value_back
    LooksThenWrites: of_concurrent_applies_the_largest_remains
    LocksInTheProcess: of_concurrent_applies_the_largest_remains
    LooksThenDeletes: of_concurrent_saves_and_deletes_the_largest_remains
    WritesInTwoSteps: of_concurrent_applies_of_one_stamp_one_is_stored
    AcceptsValuesOfStampZero: a_value_of_stamp_zero_is_rejected
    AcceptsTombstonesOfStampZero: a_tombstone_of_stamp_zero_is_rejected
    ReadsAReplica: every_later_read_sees_an_acknowledged_record
    CachesReads: every_later_read_sees_an_acknowledged_record
    ReadsAReplicaAtTimes: reads_never_go_back
    ReadsInTwoSteps: a_read_never_mixes_two_records
    AnswersBackwards: many_records_are_answered_in_order
    StopsAtTheFirstStale: many_records_are_answered_in_order
    DeduplicatesTheBatch: many_records_of_one_key_are_applied_one_by_one
    AnswersAnEmptyBatch: no_records_have_no_answers
    RejectsTheWholeBatch: a_rejected_record_does_not_stop_the_others
    LimitsTheBatch: a_large_batch_is_applied_whole
    ReadsManyInTheStoresOrder: many_keys_are_answered_in_order
    ReadsManyWithoutTheAbsent: many_keys_are_answered_in_order
    ReadsManyOnceEach: a_key_named_often_is_answered_as_often
    ReadsManyOfNothingAsAnError: no_keys_have_no_answers
    ReadsManyUpToALimit: a_large_batch_of_keys_is_read_whole
    ReadsManyFromAReplica: many_keys_are_read_as_they_are_now
    TrimsText: every_value_comes_back
    KeysAreCutShort: keys_do_not_disturb_each_other
    RejectsTooLate: a_rejected_value_changes_nothing
    StaysLockedWhenDropped: a_dropped_apply_leaves_a_whole_record
    ; on a paused clock:
    LocksInTheOrderOfTheBatch: batches_in_opposite_orders_both_finish
}

#[tokio::test]
async fn half_an_apply_is_caught() {
    let dropped = "a_dropped_apply_leaves_a_whole_record";
    for flaw in [Flaw::WritesInTwoSteps, Flaw::DeletesThenInserts] {
        let open = async || FlawedFixture::open(flaw);
        caught(stamped::facts(), dropped, open).await;
    }
}

/// So that a control fails for its flaw, and nothing else.
mod without_a_flaw {
    use std::future::ready;

    use super::{Flaw, FlawedFixture};

    strangler_fig::stamped_conformance!(ready(FlawedFixture::open(Flaw::None)));
}
