use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::phase::{Incarnation, NodeId};
use tokio::sync::{Mutex, MutexGuard};

use crate::Outcome;
use crate::node::EVICTED;
use crate::operator::Goal;
use crate::process::Process;
use crate::sides::Urls;
use crate::task::{NodeTask, OperatorTask, Task};

/// How long a process may take to start, and to finish.
const PATIENCE: Duration = Duration::from_secs(40);

/// How a fleet is to be.
#[derive(Debug, Clone)]
pub struct Orders {
    /// What its processes run.
    pub program: PathBuf,
    /// Where things are.
    pub urls: Urls,
    /// Where the journals go.
    pub journals: PathBuf,
    /// How long each node goes on with what it knows; one for each node.
    pub poll_intervals: Vec<Duration>,
    /// How long a node answers without the state service; for ever if none.
    pub term: Option<Duration>,
    /// Seed of the load.
    pub seed: u64,
}

/// The processes of the fleet.
#[derive(Debug)]
pub struct Crew {
    orders: Orders,
    nodes: Vec<Mutex<Process>>,
    lives: AtomicU32,
}

impl Crew {
    /// Starts every node, and waits until each serves.
    ///
    /// # Errors
    ///
    /// When one does not start.
    pub async fn start(orders: Orders) -> Outcome<Self> {
        let count = orders.poll_intervals.len();
        let mut crew = Self { orders, nodes: Vec::new(), lives: AtomicU32::new(0) };
        for number in 0..count {
            let node = crew.new_life(number)?;
            crew.nodes.push(Mutex::new(node));
        }
        for node in &crew.nodes {
            node.lock().await.says("serving", PATIENCE).await?;
        }
        Ok(crew)
    }

    /// How many nodes there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Node `number`, for oneself.
    ///
    /// # Panics
    ///
    /// If there is no such node.
    pub async fn node(&self, number: usize) -> MutexGuard<'_, Process> {
        self.nodes[number].lock().await
    }

    /// Another life of node `number`: a process that is started anew.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn new_life(&self, number: usize) -> Outcome<Process> {
        let life = self.lives.fetch_add(1, Ordering::Relaxed) + 1;
        let task = NodeTask {
            id: id(&format!("node-{}", number + 1))?,
            life,
            seed: Rng::with_seed(self.orders.seed ^ u64::from(life) << 32).u64(..),
            urls: self.orders.urls.clone(),
            journal: self.journal(life),
            poll_interval: self.orders.poll_intervals[number],
            term: self.orders.term,
        };
        Process::start(&self.orders.program, &Task::Node(task))
    }

    /// A process that moves the migration to `goal`.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn operator(&self, goal: Goal) -> Outcome<Process> {
        let task = OperatorTask { id: id("operator")?, urls: self.orders.urls.clone(), goal };
        Process::start(&self.orders.program, &Task::Operator(task))
    }

    /// The journals of all lives.
    pub fn journals(&self) -> impl Iterator<Item = PathBuf> + use<'_> {
        (1..=self.lives.load(Ordering::Relaxed)).map(|life| self.journal(life))
    }

    /// Lets every node finish its work, and waits for its end.
    ///
    /// # Errors
    ///
    /// When one does not end well.
    pub async fn finish(&self) -> Outcome {
        for node in &self.nodes {
            let mut node = node.lock().await;
            node.resume()?;
            node.order("finish").await;
        }
        for node in &self.nodes {
            let mut node = node.lock().await;
            let ended = node.end(PATIENCE).await;
            if ended.is_err() && !self.has_left(&mut node)? {
                return ended;
            }
        }
        Ok(())
    }

    /// Whether `node` has ended since it was evicted, which happens to nobody that
    /// answers without the state service for ever.
    ///
    /// # Errors
    ///
    /// When it has ended in another way.
    pub fn has_left(&self, node: &mut Process) -> Outcome<bool> {
        match node.ended()? {
            None => Ok(false),
            Some(ended) if self.orders.term.is_some() && ended.code() == Some(EVICTED.into()) => {
                Ok(true)
            }
            Some(ended) => Err(format!("{} ended with {ended}", node.id.name).into()),
        }
    }

    fn journal(&self, life: u32) -> PathBuf {
        self.orders.journals.join(format!("life-{life:04}.jsonl"))
    }
}

/// A new life under this name.
///
/// # Errors
///
/// When it is no name, or the system has no entropy.
pub fn id(name: &str) -> Outcome<NodeId> {
    Ok(NodeId { name: name.parse()?, incarnation: Incarnation::random()? })
}
