//! Histories that some order explains.

use crate::support::{assert_accepted, del, end, failed, get, maybe, put};

#[test]
fn nothing_at_all_is_accepted() {
    assert_accepted([]);
}

#[test]
fn a_read_of_the_last_write_is_accepted() {
    assert_accepted([put(1, 0..1), put(2, 2..3), get(Some(2), 4..5), end(Some(2), 6..7)]);
}

#[test]
fn a_read_during_a_write_may_return_the_old_value_or_the_new() {
    assert_accepted([put(1, 0..1), put(2, 2..9), get(Some(1), 3..4), get(Some(2), 5..6)]);
}

#[test]
fn concurrent_writes_may_take_effect_in_either_order() {
    assert_accepted([put(1, 0..9), put(2, 1..8), get(Some(1), 10..11)]);
    assert_accepted([put(1, 0..9), put(2, 1..8), get(Some(2), 10..11)]);
}

#[test]
fn operations_that_touch_at_one_ticket_are_concurrent() {
    assert_accepted([put(1, 0..5), get(None, 5..6)]);
}

#[test]
fn a_deleted_record_may_be_written_again() {
    assert_accepted([put(1, 0..1), del(2..3), get(None, 4..5), put(2, 6..7), end(Some(2), 8..9)]);
}

#[test]
fn a_value_may_come_back_if_it_is_written_again() {
    assert_accepted([put(1, 0..1), put(2, 2..3), put(1, 4..5), get(Some(1), 6..7)]);
}

#[test]
fn a_value_overwritten_at_once_may_still_have_been_read_in_between() {
    let writes = [put(1, 0..9), put(2, 1..8)];
    let reads = [get(Some(1), 2..10), get(Some(2), 11..12)];
    assert_accepted([writes, reads].concat());
}

#[test]
fn an_unknown_write_may_never_land() {
    assert_accepted([put(1, 0..1), maybe(Some(2), 2), get(Some(1), 3..4), end(Some(1), 5..6)]);
}

#[test]
fn an_unknown_write_may_land_much_later() {
    let before = [maybe(Some(1), 0), put(2, 2..3), get(Some(2), 4..5), put(3, 6..7)];
    let later = [get(Some(3), 98..99), get(Some(1), 100..101)];
    assert_accepted([before.to_vec(), later.to_vec()].concat());
}

#[test]
fn an_unknown_delete_may_land_much_later() {
    assert_accepted([maybe(None, 0), put(1, 1..2), get(Some(1), 3..4), get(None, 5..6)]);
}

#[test]
fn two_unknown_deletes_may_both_land() {
    let deletes = [maybe(None, 0), maybe(None, 1)];
    let reads = [put(1, 2..3), get(None, 4..5), put(2, 6..7), get(None, 8..9)];
    assert_accepted([deletes.to_vec(), reads.to_vec()].concat());
}

#[test]
fn a_value_that_an_unknown_write_may_restore_is_not_resurrected() {
    assert_accepted([put(1, 0..1), maybe(Some(1), 2), del(3..4), get(Some(1), 5..6)]);
}

#[test]
fn two_unknown_writes_may_land_in_the_other_order_long_after_both() {
    let writes = [maybe(Some(1), 0), maybe(Some(2), 1), put(3, 2..3)];
    let reads = [get(Some(3), 4..5), get(Some(2), 6..7), get(Some(1), 8..9), end(Some(1), 10..11)];
    assert_accepted([writes.to_vec(), reads.to_vec()].concat());
}

#[test]
fn an_unknown_write_may_land_unseen_under_a_later_one() {
    assert_accepted([maybe(Some(1), 0), put(2, 1..9), get(Some(2), 2..3), end(Some(2), 10..11)]);
}

#[test]
fn an_unknown_write_of_the_same_value_hides_an_overwrite() {
    let writes = [put(1, 0..1), maybe(Some(1), 2), put(2, 3..4)];
    let reads = [get(Some(2), 5..6), get(Some(1), 7..8), end(Some(1), 9..10)];
    assert_accepted([writes.to_vec(), reads.to_vec()].concat());
}

#[test]
fn readers_of_overlapping_writes_may_agree_on_either_order() {
    let writes = [put(1, 0..20), put(2, 1..21)];
    let reads = [get(Some(1), 2..3), get(Some(2), 4..5), get(Some(2), 6..7), end(Some(2), 22..23)];
    assert_accepted([writes.to_vec(), reads.to_vec()].concat());
}

#[test]
fn a_failed_write_leaves_no_trace() {
    assert_accepted([put(1, 0..1), failed(Some(2), 2), get(Some(1), 3..4), end(Some(1), 5..6)]);
}

#[test]
fn a_read_that_overlaps_a_delete_may_see_either() {
    assert_accepted([put(1, 0..1), del(2..9), get(Some(1), 3..4), get(None, 5..6)]);
}
