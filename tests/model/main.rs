//! The protocol of `docs/PROTOCOL.md` as a model, explored to the end: one key,
//! two nodes or three, operations and joins a step at a time, stores and nodes
//! that fail, and every move that the rules allow. `fleet` is a model of its own, of leases
//! and of who moves by what he has seen.
//!
//! What decides is the crate's own: the transition of the state, the plans, the
//! end checks, the join, stamps and their clock. What the model adds is the order
//! in which the drivers of `src/repository` and `src/reconcile` take their steps.
//! `docs/PROOF.md` tells what this shows, and what it does not.

#![expect(clippy::print_stdout, reason = "stories and figures are what it is for")]

mod ablation;
mod ablations;
mod act;
mod boundary;
mod explored;
mod fleet;
mod happens;
mod holds;
mod job;
mod judge;
mod protocol;
mod shortest;
mod spec;
mod starts;
mod stores;
mod story;
mod widened;
mod world;
