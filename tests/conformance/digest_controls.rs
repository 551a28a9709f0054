//! Each fact of `digest` catches the flaw it is there for.

use strangler_fig::testkit::conformance::digest;

use crate::controls::caught;
use crate::flawed::{Flaw, FlawedFixture};

controls! {
    digest on FlawedFixture;
    HashCountsCalls: a_hash_is_the_same_each_time
    HashForgetsTheKey: a_hash_tells_keys_apart
    HashForgetsTheStamp: a_hash_tells_stamps_apart
    HashTrimsText: a_hash_tells_values_apart
    HashWritesEmptyAsNull: a_hash_tells_values_apart
    HashWritesNoValueAsEmpty: a_hash_tells_a_tombstone_from_a_value
    HashForgetsTheSalt: a_hash_depends_on_the_salt
    HashAddsTheSalt: a_salt_is_more_than_added
    HashXorsTheSalt: a_salt_is_more_than_added
    HashWritesKeysInDecimal: a_known_algorithm_hashes_as_it_is_known
    DigestsForgetTheSalt: digest_of_sees_every_change
    DigestsXor: a_digest_is_that_of_the_records_of_its_range
    DigestsSaturate: a_digest_is_that_of_the_records_of_its_range
    DigestsIncludeTheLowerBound: ranges_that_meet_share_no_row
    DigestsLeaveOutTheUpperBound: ranges_that_meet_share_no_row
    DigestsLeaveOutTombstones: a_digest_holds_tombstones
    DigestsLeaveOutUnstampedRows: a_digest_holds_unstamped_rows
    DigestsOfNothingAreNull: an_empty_range_has_an_empty_digest
    DigestsInTheStoresOrder: digests_are_answered_in_order
    DigestsUpToALimit: a_thousand_ranges_are_digested
    DigestsFromAReplica: a_digest_shows_what_was_applied_before
    HashesBackwards: hashes_are_those_of_the_first_records
    HashesAreLimitedBeforeTheyAreSorted: hashes_are_those_of_the_first_records
    HashesHoldOneTooMany: hashes_are_those_of_the_first_records
    HashesHaveNoStamp: hashes_are_those_of_the_first_records
    HashesIgnoreTheEnd: hashes_stay_within_their_range
    HashesCountInThirtyTwoBits: the_largest_limit_of_hashes_is_no_error
    CutsBackwards: cuts_rise_within_their_range
    CutsIgnoreTheRange: cuts_rise_within_their_range
    CutsTooFine: parts_hold_about_as_many_rows
    CutsTooCoarse: parts_hold_about_as_many_rows
    CutsWhatIsSmall: a_small_range_is_not_cut
    HashesFromAReplica: hashes_show_what_was_applied_before
}

/// What is wrong of sums is wrong of hashes.
#[tokio::test]
async fn wrong_bounds_of_hashes_are_caught() {
    for flaw in [Flaw::DigestsIncludeTheLowerBound, Flaw::DigestsLeaveOutTheUpperBound] {
        let open = async || FlawedFixture::open(flaw);
        caught(digest::facts(), "hashes_stay_within_their_range", open).await;
        caught(digest::facts(), "a_digest_is_that_of_the_records_of_its_range", open).await;
    }
}

/// So that a control fails for its flaw, and nothing else.
mod without_a_flaw {
    use std::future::ready;

    use super::{Flaw, FlawedFixture};

    strangler_fig::digest_conformance!(ready(FlawedFixture::open(Flaw::None)));
}
