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
/// # Ok::<(), strangler_fig::phase::NoteError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRequest {
    actor: Actor,
    reason: Reason,
    forced: BTreeSet<String>,
    epoch: Option<u64>,
}

impl ChangeRequest {
    /// A request that forces nothing.
    #[must_use]
    pub fn new(actor: Actor, reason: Reason) -> Self {
        Self { actor, reason, forced: BTreeSet::new(), epoch: None }
    }

    /// The same, going through the gate of this name though it be closed. The
    /// history says so. The rules of the protocol are no gates: nothing forces them.
    #[must_use]
    pub fn forcing(mut self, gate: impl Into<String>) -> Self {
        self.forced.insert(gate.into());
        self
    }

    /// The same, decided about the state of this epoch: if the migration has moved since,
    /// nothing is done, and the answer is [`MovedSince`]. For whoever asks for the next
    /// step by what a page or a status showed: else a page that is old, or a button that
    /// was pressed twice, takes a step that nobody has looked at.
    ///
    /// It speaks of the first step; the later ones of the same call go on from that.
    /// Evictions do not count: they change no step.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use strangler_fig::memory::InMemoryStateService;
    /// # use strangler_fig::phase::{MigrationName, MigrationState, MigrationStateService};
    /// use strangler_fig::controller::{ChangeRequest, ControllerError, MigrationController};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let (service, name): (_, MigrationName) = (Arc::new(InMemoryStateService::default()), "users".parse()?);
    /// # service.create(&MigrationState::new(name.clone())).await?;
    /// # let controller = MigrationController::new(service, name);
    /// let seen = controller.status().await?.epoch;
    /// let request = ChangeRequest::new("ann".parse()?, "OPS-12".parse()?).as_of(seen);
    /// controller.advance(&request).await?;
    /// let again = controller.advance(&request).await;
    /// assert!(matches!(again, Err(ControllerError::MovedSince { .. })));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`MovedSince`]: super::ControllerError::MovedSince
    #[must_use]
    pub const fn as_of(mut self, epoch: u64) -> Self {
        self.epoch = Some(epoch);
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

    /// The epoch of the state that it was decided about, if it says so.
    #[must_use]
    pub const fn epoch(&self) -> Option<u64> {
        self.epoch
    }

    /// The same of whatever state there is.
    pub(super) fn of_any_state(&self) -> Self {
        Self { epoch: None, ..self.clone() }
    }

    pub(super) fn forced(&self) -> impl Iterator<Item = &str> {
        self.forced.iter().map(String::as_str)
    }
}
