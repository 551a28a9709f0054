use std::time::Duration;

use super::{Brief, Comparison, LenientOutcome, Operation, Outcome, Role};

/// What happened. Phases, sides and reasons are their stable names, fit for
/// labels.
///
/// ```
/// use strangler_fig::observe::{Comparison, Event};
///
/// /// The alarm that an event calls for.
/// fn alarm(event: &Event) -> Option<String> {
///     match event {
///         Event::StateUnreachable => Some("the state service is away".to_owned()),
///         Event::Diverged { reason } => Some(format!("a key may differ: {reason}")),
///         _ => None,
///     }
/// }
///
/// let compared = Event::Compared { side: "modern", result: Comparison::Match };
/// assert_eq!(alarm(&compared), None);
/// assert!(alarm(&Event::Diverged { reason: "mismatch" }).is_some());
/// ```
///
/// A minor version may bring another variant; another field of one is a breaking change.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A node adopted a state.
    PhaseAdopted {
        /// The phase of the base.
        phase: &'static str,
        /// The phase of the cohort, if there is one.
        cohort: Option<&'static str>,
        /// The share of the keys that are the cohort's: from 0, without one, to 1.
        cohort_share: f64,
        /// The state's epoch.
        epoch: u64,
    },
    /// The migration-state service could not be reached; the phase is kept.
    StateUnreachable,
    /// The service shows an older state than the node has; the phase is kept.
    StateWentBack,
    /// The node's lease has run out, and it answers nothing until it is renewed.
    LeaseRanOut,
    /// A controller moved the migration.
    Moved {
        /// The epoch of the new state.
        epoch: u64,
        /// What kind of move: a name of [`Move`](crate::phase::Move).
        step: &'static str,
        /// The part that went to another phase or took other keys: `base` or `cohort`; `None`: neither did.
        part: Option<&'static str>,
        /// The phase of that part before the move.
        from: Option<&'static str>,
        /// Its phase after it.
        to: Option<&'static str>,
    },
    /// A move waits for the fleet.
    MoveWaits,
    /// A rollback guard saw something wrong and could not, or may not, go back.
    GuardAlarmed {
        /// What: `mismatches`, `errors` or `latency`.
        cause: &'static str,
    },
    /// An operation was answered.
    Operated {
        /// Which kind.
        operation: Operation,
        /// The phase it was answered in.
        phase: &'static str,
        /// How it ended.
        outcome: Outcome,
        /// From the call to the answer; `None`: this one was not timed. How many are,
        /// [`MigrationConfig::with_latency_sample`] says.
        ///
        /// [`MigrationConfig::with_latency_sample`]: crate::repository::MigrationConfig::with_latency_sample
        duration: Option<Duration>,
    },
    /// A store has answered a call of an operation that is timed, or was given up: a call that is dropped is told
    /// with the time it had, as [`Outcome::Unknown`].
    SideAnswered {
        /// Which side.
        side: &'static str,
        /// What its answer counts for.
        role: Role,
        /// What it was asked: to read, or to write.
        operation: Operation,
        /// How that ended.
        outcome: Outcome,
        /// From the call to the answer. Each try of the side's policy is a call of its own; pauses between them,
        /// and what a breaker refused, are none.
        duration: Duration,
    },
    /// A store failed an operation: it was away, or may or may not have done it; not: it refused by rules of its own.
    SideFailed {
        /// Which side.
        side: &'static str,
    },
    /// A circuit breaker has turned.
    BreakerTurned {
        /// Its name.
        breaker: &'static str,
        /// Which of all breakers of this process it is: several may have one name.
        instance: u64,
        /// What it was: `closed`, `open`, `half_open`, `forced_open` or `disabled`.
        from: &'static str,
        /// What it is.
        to: &'static str,
        /// How often it has turned. Of two events, told by two threads at once, the later has the larger number.
        generation: u64,
    },
    /// A circuit breaker that has turned is no more: the last that had it has dropped it.
    BreakerDropped {
        /// Its name.
        breaker: &'static str,
        /// Which of all breakers of this process it was.
        instance: u64,
    },
    /// A call was refused by its policy, and not made.
    CallRefused {
        /// Whose policy.
        policy: &'static str,
        /// Why: `open` or `full`.
        reason: &'static str,
    },
    /// A call failed and is made again.
    CallRetried {
        /// Whose policy.
        policy: &'static str,
        /// Which retry of the call it is, counted from 1.
        attempt: u32,
        /// How long it waits before that.
        pause: Duration,
    },
    /// A call was given up at its deadline.
    CallTimedOut {
        /// Whose policy.
        policy: &'static str,
    },
    /// An operation ran again because the phase had moved under it.
    Rerun {
        /// Which kind.
        operation: Operation,
        /// The phase it had been planned in.
        from: &'static str,
        /// The phase it met.
        to: &'static str,
    },
    /// The lenient side of a write came to an end.
    Lenient {
        /// The side that does not count.
        side: &'static str,
        /// How it ended.
        outcome: LenientOutcome,
    },
    /// A shadow read was compared, or given up.
    Compared {
        /// The side compared against the primary.
        side: &'static str,
        /// What came of it.
        result: Comparison,
    },
    /// A key is known or suspected to differ.
    Diverged {
        /// Why.
        reason: &'static str,
    },
    /// A page was copied to modern.
    Backfilled {
        /// Records that modern took.
        copied: u64,
        /// Records of which it had this stamp, or a later one.
        level: u64,
        /// Records it did not take.
        failed: u64,
    },
    /// How far a backfill has come: after each page, each second, whatever it waits for, and at its end.
    BackfillProgressed {
        /// Records it has seen, those of earlier runs included.
        records: u64,
        /// How many there are, if somebody said so.
        expected: Option<u64>,
        /// Records a second of late; `None`: too little was seen.
        per_second: Option<f64>,
        /// What is left of the time; `None`: nobody knows.
        eta: Option<Duration>,
        /// Whether it goes on: `running`, `done`, `stopped` or `failed`.
        state: &'static str,
        /// Why it stands still, if it does.
        waiting: Option<Brief>,
    },
    /// A sweep goes on, or has ended: told each second, and at its end.
    Swept {
        /// How it has ended: `clean`, nothing was left behind; `unclean`, something was; `interrupted`, the migration has
        /// moved; `stopped` or `failed`. `None`: it goes on.
        result: Option<&'static str>,
        /// Records it has looked at.
        records: u64,
        /// Keys that it made one; counted at its end.
        joined: u64,
        /// Keys that it could not; counted at its end.
        left: u64,
        /// From its beginning.
        duration: Duration,
    },
    /// Keys that were noted in this process are in the durable queue.
    RepairsNoted {
        /// How many.
        keys: u64,
    },
    /// A key was repaired.
    Repaired {
        /// What was to be done: `level`, `copied` or `settled`.
        outcome: &'static str,
    },
    /// A repair failed and is put off.
    RepairFailed {
        /// Why: `rejected`, `conflict`, `unavailable`, `unknown`, `stuck`, `panicked` or `timed_out`.
        reason: &'static str,
    },
    /// A key was given up, until somebody looks.
    RepairParked {
        /// Why: `attempts`, `conflict` or `undecodable`.
        reason: &'static str,
    },
    /// The repair queue failed; what it was to do is done later.
    RepairQueueFailed,
    /// How much waits in the repair queue.
    RepairDepth {
        /// Keys that wait.
        waiting: u64,
        /// Keys that were given up.
        parked: u64,
        /// How long the oldest has waited.
        oldest: Option<Duration>,
    },
    /// A stored stamp lies beyond the allowed drift: some clock is broken.
    StampDrifted,
    /// A saga begins to run here, anew or taken over. What begins here settles here.
    SagaBegan,
    /// A call of a saga's step has ended.
    SagaStepEnded {
        /// Which way: `execute`, `compensate` or `probe`.
        direction: &'static str,
        /// How: `done`, `refused`, `not_done` or `unknown`.
        outcome: &'static str,
        /// From the call to its end.
        duration: Duration,
    },
    /// A saga has come to rest here.
    SagaSettled {
        /// Where: `committed`, `rolled_back`, `parked`, `given_up`; or `left`, where it goes on elsewhere or later.
        status: &'static str,
    },
    /// A gateway has sent a request somewhere; told once, however often it is sent.
    RequestRouted {
        /// Where first. `several`: it is joined of parts, each of which is told as well.
        side: &'static str,
        /// Why there: a name of [`route::Reason`](crate::route::Reason).
        reason: &'static str,
    },
    /// A request that one side did not answer was answered by the other.
    RequestFellBack {
        /// The side that stood in.
        side: &'static str,
        /// Why: `refused`, `late`, `broken`, `failed`, `open` or `full`.
        reason: &'static str,
    },
    /// A gateway has refused a request, and sent it nowhere.
    RequestRefused {
        /// Why, in a word.
        reason: &'static str,
    },
    /// A mirrored request was compared, or given up.
    ResponsesCompared {
        /// The side compared against the one that answered.
        side: &'static str,
        /// What came of it.
        result: Comparison,
    },
    /// A dual-written request was sent again, after a crash or a failure.
    RequestReplayed {
        /// To which side.
        side: &'static str,
        /// How it ended: `answered`, `refused` or `failed`.
        outcome: &'static str,
    },
    /// A dual-written request was given up, until somebody looks.
    RequestParked {
        /// Why: `attempts` or `refused`.
        reason: &'static str,
    },
    /// Messages were taken by the bus.
    MessagesRelayed {
        /// How many.
        count: u64,
        /// How long ago the oldest of them was staged.
        oldest: Duration,
    },
    /// The bus did not take messages; they are tried again.
    RelayFailed {
        /// Why: `unavailable`, `unknown`, `rejected`, `panicked` or `timed_out`.
        reason: &'static str,
    },
    /// A staged message was given up, until somebody looks; its key waits.
    MessageParked {
        /// Why: `rejected` or `unreadable`.
        reason: &'static str,
    },
    /// How much waits in an outbox.
    OutboxDepth {
        /// Messages to be sent.
        pending: u64,
        /// Messages that were given up.
        parked: u64,
        /// How long ago the oldest of `pending` was staged.
        oldest: Option<Duration>,
    },
    /// A relay's share of the lanes has changed.
    LanesHeld {
        /// How many it holds.
        held: u16,
        /// How many there are.
        of: u16,
    },
    /// A delivery was handled.
    EventHandled {
        /// How it ended: `ack`, `retry` or `dead_letter`.
        outcome: &'static str,
        /// Which attempt it was, counted from 1.
        attempt: u32,
        /// From the call to its end.
        duration: Duration,
    },
    /// Changes of the legacy store were carried over.
    ChangesReplicated {
        /// Records that modern took.
        copied: u64,
        /// Keys of which there was nothing to take.
        level: u64,
        /// Keys that were noted in the repair queue.
        noted: u64,
        /// How long ago the oldest change that is left was made; `None`: none is.
        lag: Option<Duration>,
    },
    /// How far replication is behind, now and then, whatever is carried over meanwhile.
    ReplicationLag {
        /// How many changes wait, where they are counted.
        pending: Option<u64>,
        /// How long ago the oldest of them was made; `None`: none waits.
        lag: Option<Duration>,
    },
    /// Changes were not carried over, and come again; or a change feed does not say how far it is.
    ReplicationFailed {
        /// What failed: the `feed`, its `lag`, or a `page`, for a side, the repair queue or the state of the migration.
        what: &'static str,
        /// Why: `rejected`, `conflict`, `unavailable` or `unknown`.
        reason: &'static str,
    },
    /// Somebody wrote to legacy who was said to be switched off.
    OutsideWrite,
    /// A check of the two stores came to its end.
    Checked {
        /// `consistent`, `inconsistent` or `inconclusive`.
        result: &'static str,
        /// What it looked at: `full`, `sampled`, `keys`, `earlier` or `digest`.
        mode: &'static str,
        /// Whether it has seen every key: one of some keys says nothing of the rest.
        every_key: bool,
        /// Keys that were looked at.
        keys: u64,
        /// Differences that were confirmed.
        differences: u64,
        /// Keys that kept changing, or could not be read.
        open: u64,
        /// From its beginning.
        duration: Duration,
    },
}
