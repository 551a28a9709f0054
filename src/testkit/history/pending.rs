//! An operation that has begun and not yet ended.

use super::operation::{Operation, Outcome};
use super::recorder::{HistoryRecorder, Place};

/// A write that has begun. Dropped, its outcome stays unknown.
///
/// ```
/// use strangler_fig::testkit::history::{HistoryRecorder, check};
///
/// let recorder = HistoryRecorder::<&str, u32>::new();
/// recorder.invoke_write("fig", Some(1)).ok();
/// recorder.invoke_write("fig", Some(2)).failed();
/// drop(recorder.invoke_write("fig", Some(3)));
/// let verdict = check(&recorder.history());
/// assert_eq!((verdict.acknowledged, verdict.failed, verdict.unknown), (1, 1, 1));
/// ```
#[derive(Debug)]
#[must_use = "tell how the write ended, or its outcome stays unknown"]
pub struct PendingWrite<K, V> {
    recorder: HistoryRecorder<K, V>,
    place: Place,
}

impl<K, V> PendingWrite<K, V> {
    pub(super) fn new(recorder: HistoryRecorder<K, V>, place: Place) -> Self {
        Self { recorder, place }
    }

    /// It was acknowledged: it has taken effect.
    pub fn ok(self) {
        let responded = self.recorder.ticket();
        self.recorder.settle(self.place, Outcome::Ok { responded });
    }

    /// It surely took no effect and never will.
    pub fn failed(self) {
        self.recorder.settle(self.place, Outcome::Failed);
    }

    /// It may have taken effect, or may do so at any later time.
    pub fn unknown(self) {
        drop(self);
    }
}

/// A read that has begun. Dropped, it leaves no trace: it told nothing.
///
/// ```
/// use strangler_fig::testkit::history::HistoryRecorder;
///
/// let recorder = HistoryRecorder::<&str, u32>::new();
/// recorder.invoke_read("fig").read(None);
/// recorder.invoke_read("fig").failed();
/// assert_eq!(recorder.history().operations().len(), 1);
/// ```
#[derive(Debug)]
#[must_use = "tell what the read returned, or it is not recorded"]
pub struct PendingRead<K, V> {
    recorder: HistoryRecorder<K, V>,
    key: K,
    invoked: u64,
}

impl<K, V> PendingRead<K, V> {
    pub(super) fn new(recorder: HistoryRecorder<K, V>, key: K, invoked: u64) -> Self {
        Self { recorder, key, invoked }
    }

    /// It returned `value`, `None` if there was no record.
    pub fn read(self, value: Option<V>) {
        let responded = self.recorder.ticket();
        self.recorder.push(Operation::read(self.key, value, self.invoked, responded));
    }

    /// It returned no answer.
    pub fn failed(self) {
        drop(self);
    }
}
