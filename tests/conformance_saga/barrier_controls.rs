//! Negative controls: each broken barrier fails the facts it breaks, no other.

use std::collections::BTreeSet;

use strangler_fig::testkit::conformance::{Fact, run_all, saga_barrier};

use super::broken_barrier::{Broken, Fault};

/// The facts that fail under `fault`, in the order of the alphabet.
async fn failing(fault: Fault) -> Vec<&'static str> {
    let reports = run_all(saga_barrier::facts(), async || Broken::new(fault)).await;
    let failed = reports.into_iter().filter(|report| report.outcome.is_err());
    let mut names: Vec<_> = failed.map(|report| report.fact).collect();
    names.sort_unstable();
    names
}

/// Runs the suite on a barrier broken by each fault, and asserts that these facts fail and all
/// others hold; and that every fact catches something.
macro_rules! controls {
    ($($test:ident: $fault:ident fails [$($fact:ident)*];)+) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $test() {
                let expected: &[&str] = &[$(stringify!($fact)),*];
                assert_eq!(failing(Fault::$fault).await, expected);
            }
        )+

        #[test]
        fn every_fact_catches_a_broken_barrier() {
            let caught: BTreeSet<&str> = [$($(stringify!($fact),)*)+].into();
            let facts = saga_barrier::facts::<Broken>().iter().map(Fact::name).collect();
            assert_eq!(caught, facts);
        }
    };
}

controls! {
    a_sound_barrier_passes: Sound fails [];
    nothing_runs_is_caught: NothingRuns fails [
        a_duplicate_of_what_recorded_nothing_has_no_output
        a_null_compensation_rolled_back_was_not_seen
        a_probe_is_rejected
        a_repeated_execution_is_a_duplicate
        a_transaction_sees_its_own_calls
        an_execution_and_its_compensation_at_once_leave_no_effect
        an_execution_rolled_back_was_not_seen
        an_execution_that_was_compensated_is_a_duplicate
        calls_of_several_steps_share_a_transaction
        of_concurrent_executions_one_runs
        outputs_come_back_byte_for_byte
        steps_and_sagas_do_not_disturb_each_other
        the_first_execution_runs
        what_was_not_executed_records_nothing
        who_waits_for_a_call_that_is_rolled_back_runs
    ];
    execution_runs_again_is_caught: ExecutionRunsAgain fails [
        a_duplicate_of_what_recorded_nothing_has_no_output
        a_probe_is_rejected
        a_repeated_execution_is_a_duplicate
        a_transaction_sees_its_own_calls
        an_execution_that_was_compensated_is_a_duplicate
        calls_of_several_steps_share_a_transaction
        of_concurrent_executions_one_runs
        outputs_come_back_byte_for_byte
        steps_and_sagas_do_not_disturb_each_other
        what_was_not_executed_records_nothing
    ];
    compensation_runs_again_is_caught: CompensationRunsAgain fails [
        a_repeated_compensation_is_a_duplicate
        a_repeated_null_compensation_is_a_duplicate
        a_transaction_sees_its_own_calls
        an_execution_after_its_compensation_hangs
        of_concurrent_compensations_one_runs
    ];
    null_again_is_caught: NullAgain fails [
        a_repeated_null_compensation_is_a_duplicate
        an_execution_after_its_compensation_hangs
    ];
    late_execution_runs_is_caught: LateExecutionRuns fails [
        an_execution_after_its_compensation_hangs
        an_execution_and_its_compensation_at_once_leave_no_effect
        steps_and_sagas_do_not_disturb_each_other
        what_was_not_executed_records_nothing
    ];
    hanging_is_seen_is_caught: HangingIsSeen fails [
        an_execution_after_its_compensation_hangs
        what_was_not_executed_records_nothing
    ];
    compensated_hangs_is_caught: CompensatedHangs fails [
        an_execution_that_was_compensated_is_a_duplicate
        what_was_not_executed_records_nothing
    ];
    null_is_forgotten_is_caught: NullIsForgotten fails [
        a_repeated_null_compensation_is_a_duplicate
        an_execution_after_its_compensation_hangs
        an_execution_and_its_compensation_at_once_leave_no_effect
        steps_and_sagas_do_not_disturb_each_other
        what_was_not_executed_records_nothing
    ];
    null_runs_is_caught: NullRuns fails [
        a_compensation_of_nothing_is_null
        a_null_compensation_rolled_back_was_not_seen
        an_execution_and_its_compensation_at_once_leave_no_effect
        an_execution_rolled_back_was_not_seen
        steps_and_sagas_do_not_disturb_each_other
    ];
    compensation_is_null_is_caught: CompensationIsNull fails [
        a_compensation_of_what_was_executed_runs
        a_compensation_rolled_back_was_not_seen
        a_transaction_sees_its_own_calls
        an_execution_and_its_compensation_at_once_leave_no_effect
        of_concurrent_compensations_one_runs
    ];
    output_is_lost_is_caught: OutputIsLost fails [
        a_probe_is_rejected
        a_repeated_execution_is_a_duplicate
        a_transaction_sees_its_own_calls
        an_execution_that_was_compensated_is_a_duplicate
        calls_of_several_steps_share_a_transaction
        of_concurrent_executions_one_runs
        outputs_come_back_byte_for_byte
        steps_and_sagas_do_not_disturb_each_other
        what_was_not_executed_records_nothing
    ];
    nothing_is_null_is_caught: NothingIsNull fails [
        a_duplicate_of_what_recorded_nothing_has_no_output
    ];
    output_is_a_value_is_caught: OutputIsAValue fails [
        outputs_come_back_byte_for_byte
    ];
    rollback_keeps_the_row_is_caught: RollbackKeepsTheRow fails [
        a_compensation_rolled_back_was_not_seen
        a_null_compensation_rolled_back_was_not_seen
        an_execution_rolled_back_was_not_seen
        who_waits_for_a_call_that_is_rolled_back_runs
    ];
    own_rows_are_hidden_is_caught: OwnRowsAreHidden fails [
        a_transaction_sees_its_own_calls
    ];
    epoch_tells_calls_apart_is_caught: EpochTellsCallsApart fails [
        a_compensation_of_what_was_executed_runs
        a_repeated_compensation_is_a_duplicate
        a_repeated_execution_is_a_duplicate
        a_repeated_null_compensation_is_a_duplicate
        an_execution_after_its_compensation_hangs
    ];
    steps_are_one_is_caught: StepsAreOne fails [
        steps_and_sagas_do_not_disturb_each_other
    ];
    case_is_ignored_is_caught: CaseIsIgnored fails [
        steps_and_sagas_do_not_disturb_each_other
    ];
    nobody_waits_is_caught: NobodyWaits fails [
        an_execution_and_its_compensation_at_once_leave_no_effect
        of_concurrent_compensations_one_runs
        of_concurrent_executions_one_runs
    ];
    probe_is_an_execution_is_caught: ProbeIsAnExecution fails [
        a_probe_is_rejected
    ];
    record_is_blind_is_caught: RecordIsBlind fails [
        what_was_not_executed_records_nothing
    ];
}
