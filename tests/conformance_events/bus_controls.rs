//! Negative controls: each broken bus fails the facts it breaks, no other.

use std::collections::BTreeSet;

use strangler_fig::testkit::conformance::{Fact, event_bus, run_all};

use super::bus_broken::Broken;
use super::bus_fault::Fault;

/// The facts that fail under `fault`, in the order of the alphabet.
async fn failing(fault: Fault) -> Vec<&'static str> {
    let reports = run_all(event_bus::facts(), async || Broken::new(fault)).await;
    let failed = reports.into_iter().filter(|report| report.outcome.is_err());
    let mut names: Vec<_> = failed.map(|report| report.fact).collect();
    names.sort_unstable();
    names
}

/// Runs the suite on a bus broken by each fault, and asserts that these facts fail and all others hold; and tells which
/// facts catch something.
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
fn every_fact_catches_a_broken_bus() {
    let caught: BTreeSet<&str> = CAUGHT.iter().copied().collect();
    let facts = event_bus::facts::<Broken>().iter().map(Fact::name).collect();
    assert_eq!(caught, facts);
}

controls! {
    a_sound_bus_passes: Sound fails [];
    answers_are_sorted_is_caught: AnswersAreSorted fails [
        a_message_that_is_too_large_is_rejected_alone
        each_message_is_answered_in_order
        other_keys_do_not_wait
    ];
    first_subscription_only_is_caught: FirstSubscriptionOnly fails [
        subscriptions_do_not_disturb_each_other
        what_was_ok_reaches_every_subscription
    ];
    nobody_is_rejected_is_caught: NobodyIsRejected fails [
        a_message_without_subscriptions_is_ok
        each_message_is_answered_in_order
    ];
    fails_the_whole_call_is_caught: FailsTheWholeCall fails [
        a_message_that_is_too_large_is_rejected_alone
        behind_a_failed_message_its_key_waits
        each_message_is_answered_in_order
        other_keys_do_not_wait
    ];
    rejected_is_taken_is_caught: RejectedIsTaken fails [
        a_message_that_is_too_large_is_rejected_alone
        behind_a_failed_message_its_key_waits
        other_keys_do_not_wait
    ];
    sends_all_at_once_is_caught: SendsAllAtOnce fails [
        behind_a_failed_message_its_key_waits
    ];
    stops_at_a_failure_is_caught: StopsAtAFailure fails [
        a_message_that_is_too_large_is_rejected_alone
        each_message_is_answered_in_order
        other_keys_do_not_wait
    ];
    json_is_rewritten_is_caught: JsonIsRewritten fails [
        events_come_back_equal
    ];
    bytes_are_text_is_caught: BytesAreText fails [
        events_come_back_equal
    ];
    extensions_are_lost_is_caught: ExtensionsAreLost fails [
        events_come_back_equal
    ];
    case_is_ignored_is_caught: CaseIsIgnored fails [
        events_come_back_equal
        topics_that_differ_in_case_differ
    ];
    keeps_for_receivers_is_caught: KeepsForReceivers fails [
        a_subscription_keeps_what_nobody_receives
    ];
    shares_settlements_is_caught: SharesSettlements fails [
        subscriptions_do_not_disturb_each_other
        what_was_ok_reaches_every_subscription
    ];
    delivers_to_both_is_caught: DeliversToBoth fails [
        a_later_message_comes_to_nobody_else_meanwhile
        one_name_shares_what_comes
    ];
    recreates_is_caught: Recreates fails [
        a_receipt_of_another_life_settles_nothing
        a_subscription_keeps_what_nobody_receives
        opening_again_keeps_what_waits_and_adds_topics
        what_a_dropped_subscription_held_comes_again_in_order
        what_is_extended_comes_to_nobody_else
        what_was_acknowledged_does_not_come_again
    ];
    keeps_topics_is_caught: KeepsTopics fails [
        opening_again_keeps_what_waits_and_adds_topics
    ];
    ignores_the_limit_is_caught: IgnoresTheLimit fails [
        no_more_than_the_limit_is_in_flight
    ];
    ignores_the_count_is_caught: IgnoresTheCount fails [
        a_key_comes_in_order
        a_later_message_comes_to_nobody_else_meanwhile
        a_receipt_of_another_life_settles_nothing
        behind_what_was_given_back_its_key_waits
        one_name_shares_what_comes
        subscriptions_do_not_disturb_each_other
        what_a_dropped_subscription_held_comes_again_in_order
        what_is_given_back_in_order_comes_in_order
        what_was_given_up_is_kept_with_its_reason
    ];
    answers_none_is_caught: AnswersNone fails [
        behind_what_was_given_back_its_key_waits
        one_name_shares_what_comes
        receive_waits
        what_is_given_back_comes_after_its_time_and_counts
        what_is_given_back_in_order_comes_in_order
    ];
    loses_the_batch_is_caught: LosesTheBatch fails [
        receive_may_be_dropped
    ];
    newest_first_is_caught: NewestFirst fails [
        a_key_comes_in_order
        a_later_message_comes_to_nobody_else_meanwhile
        a_receipt_of_another_life_settles_nothing
        a_subscription_keeps_what_nobody_receives
        behind_what_was_given_back_its_key_waits
        other_keys_do_not_wait
        subscriptions_do_not_disturb_each_other
        what_a_dropped_subscription_held_comes_again_in_order
        what_is_given_back_in_order_comes_in_order
        what_is_no_event_comes_as_such_and_holds_up_no_other
        what_was_given_up_is_kept_with_its_reason
    ];
    round_robin_is_caught: RoundRobin fails [
        a_later_message_comes_to_nobody_else_meanwhile
    ];
    ignores_extend_is_caught: IgnoresExtend fails [
        what_is_extended_comes_to_nobody_else
    ];
    acks_the_oldest_is_caught: AcksTheOldest fails [
        what_was_acknowledged_does_not_come_again
    ];
    ack_ends_with_the_receiver_is_caught: AckEndsWithTheReceiver fails [
        a_receipt_of_another_life_settles_nothing
        a_subscription_keeps_what_nobody_receives
        opening_again_keeps_what_waits_and_adds_topics
        what_was_acknowledged_does_not_come_again
        what_was_given_up_is_kept_with_its_reason
    ];
    no_pause_is_caught: NoPause fails [
        behind_what_was_given_back_its_key_waits
        what_is_given_back_comes_after_its_time_and_counts
    ];
    no_count_is_caught: NoCount fails [
        what_a_dropped_subscription_held_comes_again_in_order
        what_is_given_back_comes_after_its_time_and_counts
    ];
    requeues_at_the_end_is_caught: RequeuesAtTheEnd fails [
        behind_what_was_given_back_its_key_waits
        what_is_given_back_in_order_comes_in_order
    ];
    overtakes_is_caught: Overtakes fails [
        behind_what_was_given_back_its_key_waits
        what_is_given_back_in_order_comes_in_order
    ];
    drop_loses_is_caught: DropLoses fails [
        a_later_message_comes_to_nobody_else_meanwhile
        a_receipt_of_another_life_settles_nothing
        what_a_dropped_subscription_held_comes_again_in_order
        what_was_acknowledged_does_not_come_again
    ];
    drop_reverses_is_caught: DropReverses fails [
        what_a_dropped_subscription_held_comes_again_in_order
    ];
    receipts_are_shared_is_caught: ReceiptsAreShared fails [
        a_receipt_of_another_life_settles_nothing
    ];
    unreadable_fails_is_caught: UnreadableFails fails [
        what_is_no_event_comes_as_such_and_holds_up_no_other
    ];
    unreadable_is_dropped_is_caught: UnreadableIsDropped fails [
        what_is_no_event_comes_as_such_and_holds_up_no_other
    ];
    dead_are_dropped_is_caught: DeadAreDropped fails [
        what_is_no_event_comes_as_such_and_holds_up_no_other
        what_was_given_up_is_kept_with_its_reason
    ];
    dead_have_no_reason_is_caught: DeadHaveNoReason fails [
        what_is_no_event_comes_as_such_and_holds_up_no_other
        what_was_given_up_is_kept_with_its_reason
    ];
}
