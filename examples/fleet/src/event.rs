use serde::{Deserialize, Serialize};

/// One line of a journal: a call that begins, or its answer.
///
/// A write whose answer is missing, because the process was killed or its caller
/// gave up, may have had its effect, or may have it later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A save of `value`, or a deletion.
    Write {
        /// Its number in this journal.
        call: u64,
        /// Which customer.
        key: u32,
        /// What is to stand there.
        value: Option<u64>,
        /// When, by [`now`](crate::moment::now).
        at: u64,
    },
    /// A read.
    Read {
        /// Its number in this journal.
        call: u64,
        /// Which customer.
        key: u32,
        /// When.
        at: u64,
    },
    /// A write was acknowledged.
    Done {
        /// Which call.
        call: u64,
        /// When.
        at: u64,
    },
    /// A write was refused, and surely had no effect.
    Refused {
        /// Which call.
        call: u64,
    },
    /// A read was answered.
    Found {
        /// Which call.
        call: u64,
        /// What it saw.
        value: Option<u64>,
        /// When.
        at: u64,
    },
}
