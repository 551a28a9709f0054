use std::sync::Arc;
use std::time::Duration;

use adapters::postgres::PostgresStateService;
use strangler_fig::phase::{NodeId, NodeRole, TrackerConfig};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::Outcome;
use crate::child::{orders, tell};
use crate::gate::Gate;
use crate::operator::Operator;
use crate::sides::{Customers, Urls, register};
use crate::task::OperatorTask;

/// How often a process that sweeps looks at the state.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// How long it tries to give its lease back.
const PATIENCE: Duration = Duration::from_secs(20);
const RETRY: Duration = Duration::from_millis(100);

/// Where an operator sits: a process that is registered as a worker, since it
/// sweeps, and follows the state.
#[derive(Debug)]
pub struct Desk {
    /// Who moves.
    pub operator: Arc<Operator>,
    /// What is swept.
    pub customers: Customers,
    /// Where the state is.
    pub service: Arc<PostgresStateService>,
    following: JoinHandle<()>,
}

impl Desk {
    /// Registers `id`; what the operator does is said to `tell`.
    ///
    /// # Errors
    ///
    /// When it cannot be registered.
    pub async fn open(urls: &Urls, id: &NodeId, tell: UnboundedSender<String>) -> Outcome<Self> {
        let service = urls.service().await?;
        let config =
            TrackerConfig::default().with_role(NodeRole::Worker).with_poll_interval(POLL_INTERVAL);
        let tracker = register(&service, id, config).await?;
        let customers = urls.customers(Arc::clone(&tracker), Arc::new(Gate::default()))?;
        let operator = Operator::new(id.name.as_str(), service.clone(), &customers, tell)?;
        let operator = Arc::new(operator);
        let following = tokio::spawn(async move {
            // Ends when the desk is closed; an eviction shows in the next sweep.
            let _ = tracker.run(std::future::pending()).await;
        });
        Ok(Self { operator, customers, service, following })
    }

    /// Gives the lease back.
    ///
    /// # Errors
    ///
    /// The last failure, if it takes too long.
    pub async fn close(self) -> Outcome {
        self.following.abort();
        self.customers.drained().await;
        let by = Instant::now() + PATIENCE;
        loop {
            match self.customers.tracker().release().await {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() > by => return Err(error.into()),
                Err(_) => sleep(RETRY).await,
            }
        }
    }
}

/// An operator in a process of its own, which may be killed at any time.
///
/// # Errors
///
/// When the goal is out of reach.
pub async fn operate(task: OperatorTask) -> Outcome {
    let _parent = orders()?;
    let (say, mut said) = unbounded_channel::<String>();
    let telling = tokio::spawn(async move {
        while let Some(line) = said.recv().await {
            tell(&line);
        }
    });
    let desk = Desk::open(&task.urls, &task.id, say).await?;
    desk.operator.reach(task.goal).await?;
    desk.close().await?;
    Ok(telling.await?)
}
