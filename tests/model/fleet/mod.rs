//! The fleet as a model of its own: leases and their renewals as messages, nodes that
//! are fenced, evicted and started again, and drivers (an operator's controller, a guard)
//! that look at one moment and move at a later one.
//!
//! What an operation does to the stores is left out: it is begun and answered, and its
//! node then has to work by a state that no move has left behind. Which moves wait for
//! whom, the crate's own transition says; which eviction is refused and which renewal
//! counts, its reference service.

mod ablations;
mod act;
mod explored;
mod happens;
mod model;
mod node;
mod rule;
mod service;
mod site;
mod story;
