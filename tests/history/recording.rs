//! What the recorder writes down.

use std::sync::{Arc, Mutex};
use std::thread;

use strangler_fig::testkit::history::{
    History, HistoryRecorder, Operation, OperationKind, Outcome, check,
};

type Recorder = HistoryRecorder<&'static str, u32>;

fn recorded(recorder: &Recorder) -> Vec<OperationKind> {
    recorder.history().operations().iter().map(|operation| operation.kind).collect()
}

#[test]
fn a_write_that_ends_is_recorded_with_its_outcome() {
    let recorder = Recorder::new();
    recorder.invoke_write("fig", Some(1)).ok();
    recorder.invoke_write("fig", None).failed();
    recorder.invoke_write("fig", Some(2)).unknown();
    let outcomes = [Outcome::Ok { responded: 1 }, Outcome::Failed, Outcome::Unknown];
    assert_eq!(recorded(&recorder), outcomes.map(OperationKind::Write));
}

#[test]
fn a_write_that_is_dropped_is_unknown() {
    let recorder = Recorder::new();
    drop(recorder.invoke_write("fig", Some(1)));
    assert_eq!(recorded(&recorder), [OperationKind::Write(Outcome::Unknown)]);
}

#[test]
fn a_write_still_going_on_is_unknown() {
    let recorder = Recorder::new();
    let pending = recorder.invoke_write("fig", Some(1));
    assert_eq!(recorded(&recorder), [OperationKind::Write(Outcome::Unknown)]);
    pending.ok();
}

#[test]
fn a_read_that_returned_nothing_leaves_no_trace() {
    let recorder = Recorder::new();
    recorder.invoke_read("fig").failed();
    drop(recorder.invoke_read("fig"));
    assert_eq!(recorded(&recorder), []);
}

#[test]
fn an_initial_value_is_what_the_first_read_may_return() {
    let recorder = Recorder::new();
    recorder.initial("fig", Some(1));
    recorder.invoke_read("fig").read(Some(1));
    assert!(check(&recorder.history()).is_linearizable());
}

#[test]
fn a_history_survives_being_stored() {
    let recorder = Recorder::new();
    recorder.initial("fig", Some(1));
    recorder.invoke_write("fig", None).ok();
    recorder.final_read("fig", None);
    let history = recorder.history();
    let stored = serde_json::to_string(&history).unwrap();
    assert_eq!(serde_json::from_str::<History<&str, u32>>(&stored).unwrap(), history);
}

#[test]
fn an_unknown_write_may_land_in_the_history_that_follows() {
    let (first, second) = (Recorder::new(), Recorder::new());
    first.invoke_write("fig", Some(1)).unknown();
    second.invoke_read("fig").read(None);
    second.invoke_read("fig").read(Some(1));
    let joined = first.history().followed_by(second.history());
    assert!(check(&joined).is_linearizable());
}

#[test]
fn an_acknowledged_write_binds_the_history_that_follows() {
    let (first, second) = (Recorder::new(), Recorder::new());
    first.invoke_write("fig", Some(1)).ok();
    second.final_read("fig", None);
    assert_eq!(check(&first.history().followed_by(second.history())).lost, 1);
}

#[test]
fn histories_of_one_order_can_be_merged() {
    let ok = Outcome::Ok { responded: 1 };
    let writes = History::new(vec![Operation::write("fig", Some(1), 0, ok)]).unwrap();
    let reads = History::new(vec![Operation::read("fig", Some(1), 2, 3)]).unwrap();
    assert!(check(&writes.merged_with(reads)).is_linearizable());
}

#[test]
fn keys_are_checked_apart() {
    let recorder = Recorder::new();
    recorder.invoke_write("fig", Some(1)).ok();
    recorder.invoke_write("oak", Some(2)).ok();
    recorder.final_read("fig", Some(1));
    recorder.final_read("oak", None);
    let verdict = check(&recorder.history());
    assert_eq!((verdict.keys, verdict.lost, verdict.violations()[0].read.key), (2, 1, "oak"));
}

/// Each of many threads writes, reads and deletes in turn.
fn hammer(thread: u32, recorder: &Recorder, register: &Mutex<Option<u32>>) {
    for turn in 0..1_000 {
        let value = (turn % 5 != 0).then_some(thread * 1_000 + turn);
        let write = recorder.invoke_write("fig", value);
        *register.lock().expect("nothing panics") = value;
        write.ok();
        let read = recorder.invoke_read("fig");
        let seen = *register.lock().expect("nothing panics");
        read.read(seen);
    }
}

#[test]
fn many_threads_on_a_real_register_are_accepted() {
    let (recorder, register) = (Recorder::new(), Arc::new(Mutex::new(None)));
    thread::scope(|scope| {
        for thread in 0..8 {
            let (recorder, register) = (recorder.clone(), Arc::clone(&register));
            scope.spawn(move || hammer(thread, &recorder, &register));
        }
    });
    let verdict = check(&recorder.history());
    assert_eq!(verdict.operations, 16_000);
    assert!(verdict.is_linearizable(), "{verdict}");
}
