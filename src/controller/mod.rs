//! Moving a fleet through its phases, behind gates.

mod gate;
mod signal;

pub use gate::{
    BackfillComplete, ErrorRateBelow, FleetSettled, Gate, GateContext, GateFn, GateReading,
    LastVerification, LatencyWithin, MismatchRateBelow, READ_DEADLINE, Rate, RateError, Ratio,
    RatioError, RejectionsZero, RepairQueueEmpty, Verification, VerificationSource, VerifiedWithin,
    read_within,
};
pub use signal::{LiveSignals, SignalSource, Signals, WindowError};
