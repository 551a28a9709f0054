//! Sagas: transactions over several services, step by step, each with a way back.

pub(crate) mod any_step;
mod apply;
mod barrier;
mod build_error;
mod builder;
mod conclusion;
mod config;
mod context;
mod contract;
mod decide;
pub(crate) mod definition;
mod entry;
mod error;
mod handle;
mod header;
mod id;
pub(crate) mod judge;
mod live;
mod name;
mod nest;
mod orchestrator;
mod payload;
mod plan;
mod policy;
mod record;
mod recover;
mod run;
mod shared;
mod start;
mod state;
mod status;
mod step;
mod step_error;
mod step_fn;
mod sub_saga;
pub(crate) mod wire;

pub use apply::OutOfOrder;
pub use barrier::{BarrierCall, SagaBarrier, Verdict};
pub use build_error::BuildError;
pub use builder::SagaBuilder;
pub use conclusion::Conclusion;
pub use config::SagaConfig;
pub use context::{Direction, StepContext};
pub use contract::{Created, SagaAppend, SagaFilter, SagaJournal};
pub use decide::Action;
pub use definition::SagaDefinition;
pub use entry::{Cause, Doubt, EntryError, Repair, SagaEntry, Then};
pub use error::SagaError;
pub use handle::SagaHandle;
pub use header::{
    DefinitionId, DefinitionIdError, NewSaga, SagaClaim, SagaHeader, SagaOutcome, SagaStatus,
    StatusError,
};
pub use id::{SagaId, SagaIdError};
pub use name::{SagaName, StepName};
pub use orchestrator::SagaOrchestrator;
pub use payload::{Payload, PayloadError};
pub use plan::{Passage, SagaPlan};
pub use policy::{OnUnknown, StepPolicy};
pub use record::{SagaRecord, StartOptions};
pub use state::{SagaState, StepState};
pub use status::StepStatus;
pub use step::{Effect, Probe, SagaStep, StepOutput};
pub use step_error::StepError;
pub use step_fn::{FnStep, step_fn};
pub use wire::{After, Map, Value, Wire};
