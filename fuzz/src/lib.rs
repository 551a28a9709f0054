//! What must hold of any bytes, as functions of bytes: the fuzz targets look for
//! bytes of which it does not, and `tests/fuzz_corpus` asks again about those that
//! were of interest.
//!
//! Each module has a `check` that panics where its property fails, and a
//! `check_with` that takes what is examined, so that a flawed one can be tried.

pub mod canonical;
pub mod documents;
pub mod drawn;
pub mod dual_notes;
pub mod events;
pub mod files;
pub mod heads;
pub mod histories;
pub mod journals;
pub mod keys;
pub mod moves;
pub mod room;
pub mod routes;
pub mod rules;
pub mod sagas;
pub mod source;
pub mod stamps;
pub mod states;

#[path = "../../tests/canonical/decode.rs"]
mod decode;
#[path = "../../tests/route/reference.rs"]
mod reference;
#[path = "../../tests/canonical/tree.rs"]
mod tree;
