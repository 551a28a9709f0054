use std::collections::BTreeSet;

use crate::phase::{Actor, Reason};

/// Who asks for a change, and why: both stand in the history of the migration.
///
/// ```
/// use strangler_fig::controller::ChangeRequest;
///
/// let request = ChangeRequest::new("ann".parse()?, "OPS-12: go on".parse()?)
///     .forcing("verified_within");
/// assert_eq!(request.actor().as_str(), "ann");
/// assert!(request.forces("verified_within") && !request.forces("fleet_settled"));
/// # Ok::<(), strangler_fig::phase::TextError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRequest {
    actor: Actor,
    reason: Reason,
    forced: BTreeSet<String>,
}

impl ChangeRequest {
    /// A request that forces nothing.
    #[must_use]
    pub fn new(actor: Actor, reason: Reason) -> Self {
        Self { actor, reason, forced: BTreeSet::new() }
    }

    /// The same, going through the gate of this name though it be closed. The
    /// history says so. The rules of the protocol are no gates: nothing forces them.
    #[must_use]
    pub fn forcing(mut self, gate: impl Into<String>) -> Self {
        self.forced.insert(gate.into());
        self
    }

    /// Who asks.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> &Reason {
        &self.reason
    }

    /// Whether it goes through this gate.
    #[must_use]
    pub fn forces(&self, gate: &str) -> bool {
        self.forced.contains(gate)
    }

    pub(super) fn forced(&self) -> impl Iterator<Item = &str> {
        self.forced.iter().map(String::as_str)
    }
}
