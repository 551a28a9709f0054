//! The rules of moving, sentence by sentence, through the public API: what the
//! two families and the bridge between them allow, and what each crossing needs.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod back;
mod boundary;
mod cohort;
mod facts;
mod fleet;
mod forward;
mod halt;
mod model;
mod reach;
mod sweep;
mod table;
mod trip;
