//! What the fuzzer found worth keeping (`fuzz/corpus`) holds still, and would be
//! noticed if it did not: for each target a flawed subject that its corpus finds out.

#![expect(
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "properties panic where they fail, and are public for the fuzz targets"
)]

#[path = "../canonical/decode.rs"]
pub mod decode;
#[path = "../canonical/tree.rs"]
pub mod tree;

#[path = "../../fuzz/src/canonical.rs"]
pub mod canonical;
#[path = "../../fuzz/src/documents.rs"]
pub mod documents;
#[path = "../../fuzz/src/drawn.rs"]
pub mod drawn;
#[cfg(feature = "http")]
#[path = "../../fuzz/src/dual_notes.rs"]
pub mod dual_notes;
#[path = "../../fuzz/src/events.rs"]
pub mod events;
#[path = "../../fuzz/src/files.rs"]
pub mod files;
#[cfg(feature = "http")]
#[path = "../../fuzz/src/heads.rs"]
pub mod heads;
#[path = "../../fuzz/src/histories.rs"]
pub mod histories;
#[path = "../../fuzz/src/journals.rs"]
pub mod journals;
#[path = "../../fuzz/src/keys.rs"]
pub mod keys;
#[path = "../../fuzz/src/moves.rs"]
pub mod moves;
#[path = "../route/reference.rs"]
pub mod reference;
#[path = "../../fuzz/src/room.rs"]
pub mod room;
#[path = "../../fuzz/src/routes.rs"]
pub mod routes;
#[path = "../../fuzz/src/rules.rs"]
pub mod rules;
#[path = "../../fuzz/src/sagas.rs"]
pub mod sagas;
#[path = "../../fuzz/src/source.rs"]
pub mod source;
#[path = "../../fuzz/src/stamps.rs"]
pub mod stamps;
#[path = "../../fuzz/src/states.rs"]
pub mod states;

mod corpus;
mod flawed;
#[cfg(feature = "http")]
mod flawed_dual;
mod flawed_events;
#[cfg(feature = "http")]
mod flawed_heads;
mod flawed_journal;
mod flawed_routes;
mod flawed_service;
