//! Sagas: transactions over several services, step by step, each with a way back.

mod barrier;
mod context;
mod contract;
mod entry;
mod header;
mod id;
mod name;
mod payload;
mod step;
mod step_error;

pub use barrier::{BarrierCall, SagaBarrier, Verdict};
pub use context::{Direction, StepContext};
pub use contract::{Created, SagaAppend, SagaFilter, SagaJournal};
pub use entry::{Cause, Doubt, EntryError, Repair, SagaEntry, Then};
pub use header::{
    DefinitionId, DefinitionIdError, NewSaga, SagaClaim, SagaHeader, SagaOutcome, SagaStatus,
    StatusError,
};
pub use id::{SagaId, SagaIdError};
pub use name::{SagaName, StepName};
pub use payload::{Payload, PayloadError};
pub use step::{Effect, Probe, SagaStep, StepOutput};
pub use step_error::StepError;
