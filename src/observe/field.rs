//! The names of fields of spans and events.
//!
//! ```
//! use strangler_fig::observe::field;
//!
//! // The columns of a table of events.
//! let place = [field::MIGRATION, field::NODE, field::PHASE, field::EPOCH, field::SIDE];
//! let cause = [field::REASON, field::ATTEMPTS, field::ERROR];
//! assert_eq!(place.join(" "), "migration node phase epoch side");
//! assert_eq!(cause.join(" "), "reason attempts error");
//! ```

/// Which migration.
pub const MIGRATION: &str = "migration";
/// Which node of the fleet.
pub const NODE: &str = "node";
/// The phase in force.
pub const PHASE: &str = "phase";
/// The epoch of the state.
pub const EPOCH: &str = "epoch";
/// `legacy` or `modern`.
pub const SIDE: &str = "side";
/// Why it is so, in a word: why the two sides may differ, say.
pub const REASON: &str = "reason";
/// How often it was tried before.
pub const ATTEMPTS: &str = "attempts";
/// What went wrong.
pub const ERROR: &str = "error";
/// Which policy.
pub const POLICY: &str = "policy";
/// Which circuit breaker.
pub const BREAKER: &str = "breaker";
/// Which rule of a route table.
pub const RULE: &str = "rule";
/// Which backfill.
pub const JOB: &str = "job";
/// Which topic.
pub const TOPIC: &str = "topic";
/// Which consumer: the name of its subscription.
pub const CONSUMER: &str = "consumer";
/// The W3C `traceparent` of an event.
pub const TRACEPARENT: &str = "traceparent";
/// What of two contents may be shown, where they differ: what a
/// [`Redaction`](super::Redaction) says, and nothing without one.
pub const CONTENT: &str = "content";
/// Who moved, repaired or decided something.
pub const ACTOR: &str = "actor";
/// Which try this is, counted from 1.
pub const ATTEMPT: &str = "attempt";
/// How often it was tried.
pub const TRIES: &str = "tries";
/// How many failures there were in a row.
pub const FAILURES: &str = "failures";
/// How a repair failed last.
pub const FAILURE: &str = "failure";
/// How long it waits before the next try.
pub const PAUSE: &str = "pause";
/// How it ended.
pub const OUTCOME: &str = "outcome";
/// How a message or a delivery ended.
pub const END: &str = "end";
/// What a check found.
pub const RESULT: &str = "result";
/// What a worker has come to.
pub const REPORT: &str = "report";
/// How many keys were looked at.
pub const KEYS: &str = "keys";
/// How many of them differ.
pub const DIFFERENCES: &str = "differences";
/// In how many places two responses differ.
pub const PLACES: &str = "places";
/// The stamp of a record: when it was written and by which node, nothing of what.
pub const STAMP: &str = "stamp";
/// Which kind of operation.
pub const OPERATION: &str = "operation";
/// What it was before: a phase, or the state of a breaker.
pub const FROM: &str = "from";
/// What it is now.
pub const TO: &str = "to";
/// Which saga: the id that its starter chose.
pub const SAGA: &str = "saga";
/// Which way a step is called: `execute`, `compensate` or `probe`.
pub const DIRECTION: &str = "direction";
/// Which step of it.
pub const STEP: &str = "step";
/// What a saga does after that.
pub const THEN: &str = "then";
/// Which call of a saga's step a command and its reply belong to.
pub const CORRELATION: &str = "correlation";
/// What was to be written down.
pub const NOTE: &str = "note";
/// The place of a message in the outbox.
pub const POSITION: &str = "position";
/// How many messages.
pub const ROWS: &str = "rows";
/// Which lane of the outbox.
pub const LANE: &str = "lane";
/// How many lanes.
pub const LANES: &str = "lanes";
/// How many lanes a relay holds.
pub const HELD: &str = "held";
/// How many lanes there are.
pub const OF: &str = "of";
/// How many relays share them.
pub const RELAYS: &str = "relays";
/// How many answers there should be.
pub const WANTED: &str = "wanted";
/// How many there are.
pub const FOUND: &str = "found";
/// Whether a message, or a key, was parked until then.
pub const WAS_PARKED: &str = "was_parked";
