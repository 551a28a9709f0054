//! Histories with one read that no order explains.

use strangler_fig::testkit::history::ViolationKind;

use crate::support::{assert_refused, del, end, failed, get, maybe, put};

#[test]
fn an_overwritten_value_is_stale() {
    assert_refused(ViolationKind::Stale, [put(1, 0..1), put(2, 2..3), get(Some(1), 4..5)]);
}

#[test]
fn an_absence_after_a_write_is_stale() {
    assert_refused(ViolationKind::Stale, [put(1, 0..1), get(None, 2..3)]);
}

#[test]
fn inverted_reads_are_stale_though_the_write_is_still_going_on() {
    let inverted = [put(1, 0..1), put(2, 2..9), get(Some(2), 3..4), get(Some(1), 5..6)];
    assert_refused(ViolationKind::Stale, inverted);
}

#[test]
fn split_readers_that_see_different_orders_are_stale() {
    let writes = [put(1, 0..20), put(2, 1..21)];
    let one_reader = [get(Some(1), 2..4), get(Some(2), 6..8)];
    let other_reader = [get(Some(2), 3..5), get(Some(1), 7..9)];
    assert_refused(ViolationKind::Stale, [writes, one_reader, other_reader].concat());
}

/// One node writes and reads legacy, the other modern.
#[test]
fn two_nodes_of_two_families_that_each_answer_their_own_truth_are_refused() {
    let writes = [put(1, 0..1), put(2, 2..3)];
    let [legacy, modern] = [get(Some(1), 4..5), get(Some(2), 4..5)];
    assert_refused(ViolationKind::Stale, [writes.to_vec(), vec![modern, legacy]].concat());
}

#[test]
fn a_write_to_the_store_that_nobody_reads_any_more_is_refused() {
    let crossed = [put(1, 0..1), get(Some(1), 2..3), put(2, 4..9)];
    let later = [get(Some(1), 10..11), end(Some(2), 12..13)];
    assert_refused(ViolationKind::Stale, [crossed.to_vec(), later.to_vec()].concat());
}

#[test]
fn a_read_of_the_other_store_in_between_is_refused() {
    let mixed = [put(1, 0..1), put(2, 2..3), get(Some(2), 4..5), get(Some(1), 6..7)];
    let again = vec![get(Some(2), 8..9)];
    assert_refused(ViolationKind::Stale, [mixed.to_vec(), again].concat());
}

#[test]
fn a_delete_that_reached_one_store_only_is_refused() {
    let half = [put(1, 0..1), del(2..3), get(None, 4..5), get(Some(1), 6..7), end(None, 8..9)];
    assert_refused(ViolationKind::Resurrected, half);
}

#[test]
fn an_own_write_that_is_not_read_back_is_refused_while_others_write() {
    let other = put(2, 0..20);
    let own = [put(1, 1..2), get(None, 3..4)];
    assert_refused(ViolationKind::Stale, [vec![other], own.to_vec()].concat());
}

#[test]
fn a_copy_that_brings_back_what_was_read_as_overwritten_is_refused() {
    let seen = [put(1, 0..1), put(2, 2..3), maybe(Some(3), 4), get(Some(3), 5..6)];
    let back = [get(Some(2), 7..8), end(Some(3), 9..10)];
    assert_refused(ViolationKind::Stale, [seen.to_vec(), back.to_vec()].concat());
}

#[test]
fn an_unknown_delete_does_not_land_twice() {
    let once = [put(1, 1..2), get(None, 3..4)];
    let twice = [put(2, 5..6), get(None, 7..8)];
    let reads = [once, twice].concat();
    assert_refused(ViolationKind::Stale, [vec![maybe(None, 0)], reads].concat());
}

#[test]
fn an_unknown_write_does_not_land_twice() {
    let once = [maybe(Some(1), 0), get(Some(1), 1..2)];
    let overwritten = [put(2, 3..4), get(Some(2), 5..6)];
    let twice = vec![get(Some(1), 7..8)];
    assert_refused(ViolationKind::Stale, [[once, overwritten].concat(), twice].concat());
}

#[test]
fn a_failed_delete_never_happened() {
    let operations = [put(1, 0..1), failed(None, 2), get(Some(1), 3..4), get(None, 5..6)];
    assert_refused(ViolationKind::Stale, operations);
}

#[test]
fn an_acknowledged_write_missing_at_rest_is_lost() {
    assert_refused(ViolationKind::Lost, [put(1, 0..1), end(None, 2..3)]);
    assert_refused(ViolationKind::Lost, [put(1, 0..1), put(2, 2..3), end(Some(1), 4..5)]);
}

#[test]
fn an_unknown_write_that_was_read_is_lost_if_missing_at_rest() {
    assert_refused(ViolationKind::Lost, [maybe(Some(1), 0), get(Some(1), 1..2), end(None, 3..4)]);
}

#[test]
fn a_value_after_its_delete_is_resurrected() {
    assert_refused(ViolationKind::Resurrected, [put(1, 0..1), del(2..3), get(Some(1), 4..5)]);
    assert_refused(ViolationKind::Resurrected, [put(1, 0..1), del(2..3), end(Some(1), 4..5)]);
}

#[test]
fn a_value_after_its_delete_is_resurrected_though_another_write_is_going_on() {
    let operations = [put(1, 0..1), del(2..3), put(2, 4..9), get(Some(1), 5..6)];
    assert_refused(ViolationKind::Resurrected, operations);
}

#[test]
fn a_value_after_an_unknown_delete_that_was_seen_is_resurrected() {
    let seen = [put(1, 0..1), maybe(None, 2), get(None, 3..4), get(Some(1), 5..6)];
    assert_refused(ViolationKind::Resurrected, seen);
}

#[test]
fn a_value_overwritten_after_the_delete_is_stale_not_resurrected() {
    let operations = [put(1, 0..1), del(2..3), put(2, 4..5), get(Some(1), 6..7)];
    assert_refused(ViolationKind::Stale, operations);
}

#[test]
fn a_value_overwritten_during_the_delete_is_stale_not_resurrected() {
    let during = [put(1, 0..1), put(2, 2..10), del(3..11), get(Some(2), 4..5)];
    let operations = [during.to_vec(), vec![get(Some(1), 12..13)]].concat();
    assert_refused(ViolationKind::Stale, operations);
}

#[test]
fn a_value_never_written_is_invented() {
    assert_refused(ViolationKind::Invented, [put(1, 0..1), get(Some(7), 2..3)]);
    assert_refused(ViolationKind::Invented, [end(Some(7), 2..3)]);
}

#[test]
fn a_value_whose_only_write_failed_is_invented() {
    assert_refused(ViolationKind::Invented, [failed(Some(1), 0), get(Some(1), 1..2)]);
}

#[test]
fn a_value_whose_write_has_not_begun_is_invented() {
    assert_refused(ViolationKind::Invented, [get(Some(1), 0..1), maybe(Some(1), 2)]);
}
