use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strangler_fig::phase::NodeId;

use crate::operator::Goal;
use crate::sides::Urls;

/// What a process of the fleet is started for: the one argument behind the name
/// of the program.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// To be a node of the service, with callers.
    Node(NodeTask),
    /// To move the migration.
    Operator(OperatorTask),
}

/// A node of the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NodeTask {
    /// Its lease. The director chooses the incarnation, so that it knows which
    /// lease to take away when the process has ended.
    pub id: NodeId,
    /// The number of this life among all of the run.
    pub life: u32,
    /// Seed of the load.
    pub seed: u64,
    /// Where things are.
    pub urls: Urls,
    /// Where it writes down what it asks and hears.
    pub journal: PathBuf,
    /// How long it goes on with what it knows of the phase.
    pub poll_interval: Duration,
    /// How long it answers without the state service; for ever if none.
    pub term: Option<Duration>,
}

/// A process that moves the migration, and sweeps.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OperatorTask {
    /// Its lease.
    pub id: NodeId,
    /// Where things are.
    pub urls: Urls,
    /// Where to.
    pub goal: Goal,
}

impl Task {
    /// As an argument.
    ///
    /// # Panics
    ///
    /// Never: every field has a JSON form.
    #[must_use]
    pub fn to_argument(&self) -> String {
        serde_json::to_string(self).expect("every field of a task has a JSON form")
    }

    /// Whose it is.
    #[must_use]
    pub const fn id(&self) -> &NodeId {
        match self {
            Self::Node(task) => &task.id,
            Self::Operator(task) => &task.id,
        }
    }
}
