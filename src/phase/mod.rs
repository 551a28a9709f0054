//! Phases: where a migration stands, how it may move, and how a fleet knows.
//!
//! Phases fall into two families that share only [`Cutover`](Phase::Cutover).
//! In the legacy family every acknowledged write is in legacy and every read
//! reads legacy; in the modern family the same holds of modern. So any mix of
//! nodes inside one family is safe, whatever phase each of them has cached, and
//! only the bridge needs care: [`MigrationState::transition`] decides it, by
//! two facts (is legacy complete, is modern complete) and by whether the fleet
//! has settled. `docs/PROTOCOL.md` tells why that is enough.
//!
//! | phase | a write is acknowledged when | a read answers from | a query from |
//! |---|---|---|---|
//! | `LegacyOnly` | legacy applied it | legacy | legacy |
//! | `DualWrite` | legacy applied it; then modern, leniently | legacy | legacy |
//! | `Shadow` | as `DualWrite` | legacy; modern is compared aside | legacy |
//! | `Cutover` | strictly both | both, joined | legacy if complete, else modern |
//! | `Live` | strictly both | modern; legacy is compared aside | modern |
//! | `RampDown` | modern applied it; then legacy, leniently | modern | modern |
//! | `ModernOnly` | modern applied it | modern | modern |
//! | `Halted` | - | - | - |
//!
//! ```
//! use strangler_fig::phase::{Fleet, MigrationState, Move, MoveId, Phase, Refused};
//!
//! let nobody = Fleet::default();
//! let state = MigrationState::new("airports".parse()?);
//! let state = state.transition(&Move::to(Phase::Cutover), MoveId::random()?, &nobody)?;
//!
//! // R2: the fleet must have settled, and modern be complete.
//! let refused = state.transition(&Move::to(Phase::Live), MoveId::random()?, &nobody);
//! assert_eq!(refused, Err(Refused::TooFewNodes { expected: 1, found: 0 }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod backlog;
mod config;
mod contract;
mod document;
mod error;
mod fence;
mod fleet;
mod follow;
mod health;
mod history;
mod hold;
mod id;
mod lease;
pub(crate) mod name;
mod node;
mod part;
mod plan;
mod possible;
mod share;
mod side;
mod state;
mod step;
mod sweep;
mod take_step;
mod tracker;
mod transition;
mod unknown_name;
mod value;
mod word;

pub use backlog::Backlog;
pub use config::{OutagePolicy, TrackerConfig};
pub use contract::{MigrationStateService, Revision, Versioned};
pub use document::DocumentError;
pub use error::TrackerError;
pub use fleet::Fleet;
pub use health::{Standing, TrackerHealth};
pub use history::{Actor, Evidence, MoveHistory, MoveNote, MoveRecord, NoteError, Reason};
pub use hold::Hold;
pub use id::{IdError, Incarnation, MoveId, NodeId, NodeIdError};
pub use lease::{Adopted, NodeLease, NodeRole, Scopes};
pub(crate) use name::name;
pub use name::{MigrationName, NameError, NodeName};
pub use part::{Cohort, CutOver, Part, PartName};
pub use plan::{ReadPlan, WritePlan, primary, read_must_rerun, write_must_rerun};
pub use share::{Bucket, HashVersion, Salt, Share, ShareError};
pub use side::Side;
pub use state::MigrationState;
pub use step::{EvictionGround, Move, Refused};
pub use sweep::{SweepEvidence, SweepTicket};
pub use take_step::{MoveError, take_step};
pub use tracker::PhaseTracker;
pub use unknown_name::UnknownName;
pub use value::{Family, Phase};
pub use word::StateWord;

pub(crate) use backlog::KeepsBacklog;
pub(crate) use take_step::{PATIENCE, take_step_from};
