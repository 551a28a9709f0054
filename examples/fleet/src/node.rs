use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::phase::{OutagePolicy, PhaseTracker, TrackerConfig, TrackerError};
use strangler_fig::reconcile::{Reconciler, ReconcilerConfig, RepairPump};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::Outcome;
use crate::caller::Caller;
use crate::child::{orders, tell};
use crate::gate::Gate;
use crate::journal::Journal;
use crate::sides::{Customers, register};
use crate::task::NodeTask;

/// Callers of each node.
const CALLERS: u32 = 3;
/// How often it looks for keys to repair.
const REPAIR_INTERVAL: Duration = Duration::from_millis(100);
/// How long it tries to give its lease back.
const PATIENCE: Duration = Duration::from_secs(20);
const RETRY: Duration = Duration::from_millis(100);

/// The exit code of a node that was evicted.
pub const EVICTED: u8 = 3;

/// How a node came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// It was told to finish, and gave its lease back.
    Finished,
    /// The fleet has gone on without it. It answers nothing any more.
    Evicted,
}

/// A node of the service: follows the phase, repairs what it and others noted, and
/// has callers, until it is told to finish.
///
/// # Errors
///
/// When it cannot start, or the fleet goes on without it.
pub async fn serve(task: NodeTask) -> Outcome<Served> {
    let mut parent = orders()?;
    let journal = Arc::new(Journal::create(&task.journal)?);
    let (gate, service) = (Arc::new(Gate::default()), task.urls.service().await?);
    let mut config = TrackerConfig::default().with_poll_interval(task.poll_interval);
    if let Some(term) = task.term {
        config = config.with_outage_policy(OutagePolicy::Fenced { term });
    }
    let tracker = register(&service, &task.id, config).await?;
    let customers = task.urls.customers(Arc::clone(&tracker), Arc::clone(&gate))?;
    tell("serving");

    let (end, over) = watch::channel(false);
    let repairing = tokio::spawn(repair(&task, &customers, &over)?);
    let mut following = tokio::spawn(follow(tracker));
    let mut callers = call(&task, &customers, &journal, &over);

    tokio::select! {
        () = obey(&mut parent, &gate) => {}
        evicted = &mut following => return evicted?.map(|()| Served::Evicted),
    }
    end.send_replace(true);
    while let Some(ended) = callers.join_next().await {
        ended?;
    }
    repairing.await?;
    leave(&task, &customers).await?;
    // Until now: without, its lease would run out while calls still end.
    following.abort();
    Ok(Served::Finished)
}

/// Does what the parent says, until that is to finish.
async fn obey(parent: &mut UnboundedReceiver<String>, gate: &Gate) {
    loop {
        tokio::select! {
            order = parent.recv() => match order.as_deref() {
                Some("arm") => gate.arm(),
                Some("open") => gate.open(),
                Some("finish") | None => return,
                Some(_) => {}
            },
            () = gate.held() => tell("held"),
        }
    }
}

/// Ends by itself if the node was evicted.
async fn follow(tracker: Arc<PhaseTracker>) -> Outcome {
    match tracker.run(std::future::pending()).await {
        Ok(()) | Err(TrackerError::Evicted { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What the node notes goes to a queue that outlives it; any node repairs it.
fn repair(
    task: &NodeTask,
    customers: &Customers,
    over: &watch::Receiver<bool>,
) -> Outcome<impl Future<Output = ()> + Send + use<>> {
    let config = ReconcilerConfig::default().with_poll_interval(REPAIR_INTERVAL);
    let reconciler = Reconciler::new(customers, task.urls.repairs()?).with_config(config);
    let mut over = over.clone();
    Ok(async move {
        let over = async move {
            let _ = over.wait_for(|over| *over).await;
        };
        // Ends with `over`, and says what it did; the queue keeps the rest.
        let _ = reconciler.run(over).await;
    })
}

fn call(
    task: &NodeTask,
    customers: &Customers,
    journal: &Arc<Journal>,
    over: &watch::Receiver<bool>,
) -> JoinSet<()> {
    let (mut rng, writes) = (Rng::with_seed(task.seed), Arc::new(AtomicU32::new(0)));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let (customers, journal) = (customers.clone(), Arc::clone(journal));
        let caller = Caller::new(customers, journal, task.life, Arc::clone(&writes), rng.fork());
        callers.spawn(caller.run(over.clone()));
    }
    callers
}

/// Gives the lease back, once the queue has everything the node knows.
async fn leave(task: &NodeTask, customers: &Customers) -> Outcome {
    customers.drained().await;
    let (by, pump) =
        (Instant::now() + PATIENCE, RepairPump::new(customers.sink(), task.urls.repairs()?));
    loop {
        let (pumped, left) = (pump.pump().await, customers.tracker().release().await);
        match (pumped, left) {
            (Ok(_), Ok(())) => return Ok(()),
            (Err(error), _) if Instant::now() > by => return Err(error.into()),
            (_, Err(error)) if Instant::now() > by => return Err(error.into()),
            _ => sleep(RETRY).await,
        }
    }
}
