//! Moving a fleet through its phases, behind gates.
//!
//! A [`MigrationController`] takes the steps: each is one `compare_and_set`, under the
//! rules of the protocol, behind the [`Gate`]s you set before it, and recorded with its
//! actor and its reason. It keeps no state of its own, so that any number of them, in
//! any process, may be used, killed and used again.
//!
//! `docs/RUNBOOK.md` tells an operator what to do with it, phase by phase.

mod config;
#[allow(clippy::module_inception, reason = "a file is named for its type")]
mod controller;
mod deadline;
mod drive;
mod error;
mod evict;
mod gate;
mod gated;
mod guard;
mod path;
mod plan;
mod request;
mod shown;
mod signal;
mod status;
mod sweeper;
mod target;
mod told;
mod watch;

pub use config::ControllerConfig;
pub use controller::{GiveUpTheWayBack, MigrationController};
pub use drive::{Advanced, StepTaken};
pub use error::{ClosedGate, ControllerError};
pub use evict::{Evicted, ProcessHasEnded};
pub use gate::{
    BackfillComplete, ErrorRateBelow, FleetSettled, Gate, GateContext, GateFn, GateReading,
    LastVerification, LatencyWithin, MismatchRateBelow, OutsideWritersOff, READ_DEADLINE, Rate,
    RateError, Ratio, RatioError, RejectionsZero, RepairQueueEmpty, ReplicationLagBelow,
    Verification, VerificationSource, VerifiedWithin, read_within,
};
pub use gated::{Before, ReadGate};
pub use guard::{Alarm, GuardConfig, GuardOutcome, RollbackGuard};
pub use path::NoWay;
pub use plan::{Plan, PlannedStep};
pub use request::ChangeRequest;
pub(crate) use signal::{Cell, Durations, Histogram, Ring};
pub use signal::{LiveSignals, SignalSource, Signals, WindowError};
pub use status::{ControllerStatus, NodeStatus, PartStatus};
pub use sweeper::Sweeper;
pub use target::Target;
