//! Histories: the checker and brute force agree on every one that is small, whatever
//! the order it is written down in, and one that is read comes back.

use strangler_fig::testkit::history::{
    BRUTE_FORCE_MAX, History, Operation, Outcome, brute_force, check as judge,
};

use crate::source::Source;

type Op = Operation<u8, u8>;

/// How many operations are drawn at most.
const OPERATIONS_MAX: u8 = 7;

/// How a history is judged.
pub type Judge = fn(&History<u8, u8>) -> bool;

/// Checks the history that `bytes` tell, or draw.
pub fn check(bytes: &[u8]) {
    check_with(|history| judge(history).is_linearizable(), bytes);
}

/// The same of another judge.
pub fn check_with(judge: Judge, bytes: &[u8]) {
    let mut source = Source::new(bytes);
    if source.byte() == b'{' {
        let told = serde_json::from_slice::<History<u8, u8>>(bytes);
        if let Ok(history) = told {
            is_judged(judge, &without_initial(&history));
        }
        return;
    }
    let operations = source.many(OPERATIONS_MAX, operation);
    let history = History::new(operations).expect("no response comes before its invocation");
    is_judged(judge, &history);
}

/// Brute force knows only of records that start absent.
fn without_initial(history: &History<u8, u8>) -> History<u8, u8> {
    History::new(history.operations().to_vec()).expect("it was in order")
}

fn operation(source: &mut Source<'_>) -> Op {
    let key = source.byte() / 0xC0;
    let value = [None, Some(1), Some(2), Some(3)][usize::from(source.byte() % 4)];
    let invoked = u64::from(source.byte() % 32);
    let responded = invoked + u64::from(source.byte() % 16);
    match source.byte() % 8 {
        0..=2 => Operation::read(key, value, invoked, responded),
        3 => Operation::final_read(key, value, invoked, responded),
        4 | 5 => Operation::write(key, value, invoked, Outcome::Ok { responded }),
        6 => Operation::write(key, value, invoked, Outcome::Unknown),
        _ => Operation::write(key, value, invoked, Outcome::Failed),
    }
}

fn is_judged(judge: Judge, history: &History<u8, u8>) {
    let stored = serde_json::to_string(history).expect("it has a form");
    assert_eq!(serde_json::from_str::<History<u8, u8>>(&stored).expect("its own form"), *history);
    if history.operations().len() > BRUTE_FORCE_MAX.min(OPERATIONS_MAX.into()) {
        judge(history);
        return;
    }
    let verdict = judge(history);
    assert_eq!(verdict, by_brute_force(history), "{history:#?}");
    let backwards = History::new(history.operations().iter().rev().cloned().collect());
    assert_eq!(verdict, judge(&backwards.expect("as before")), "backwards: {history:#?}");
    let tickets = history.operations().iter().map(|operation| operation.invoked);
    if tickets.max().is_some_and(|last| last < 1_000) && verdict {
        let silent = History::new(Vec::new()).expect("it is in order");
        assert!(judge(&silent.followed_by(history.clone())), "delayed: {history:#?}");
    }
}

/// Of each key by itself: a history is linearizable if it is so key by key.
fn by_brute_force(history: &History<u8, u8>) -> bool {
    let mut keys: Vec<u8> = history.operations().iter().map(|operation| operation.key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().all(|key| {
        let all = history.operations().iter().cloned();
        brute_force(&all.filter(|operation| operation.key == key).collect::<Vec<_>>())
    })
}
