use std::future::pending;
use std::sync::Arc;

use strangler_fig::event::{EventConsumer, EventHandler, ReplyReceiver};
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::saga::SagaOrchestrator;
use tokio::runtime::{Builder, Runtime};

use crate::Failed;
use crate::relay::relay;
use crate::saga::{Starts, config, order_saga};
use crate::service::{COMMANDS, EVENTS, REPLIES, Site, shared};

/// What a process is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Role {
    Orders,
    Stock,
    Bank,
    Sagas,
}

/// A process, as far as that goes in one: a runtime of its own, with which all that it does ends.
#[derive(Debug)]
pub(crate) struct Process(Option<Runtime>);

impl Process {
    pub(crate) fn start(role: Role, site: &Site) -> Result<Self, Failed> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let node = NodeId { name: "node".parse()?, incarnation: Incarnation::random()? };
        match role {
            Role::Orders => serve(&runtime, site, 0, node)?,
            Role::Stock => serve(&runtime, site, 1, node)?,
            Role::Bank => serve(&runtime, site, 2, node)?,
            Role::Sagas => run_sagas(&runtime, site, node)?,
        }
        Ok(Self(Some(runtime)))
    }

    /// Without a word: whatever it was at is dropped where it stands.
    pub(crate) fn end(&mut self) {
        self.0.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

fn serve(runtime: &Runtime, site: &Site, at: usize, node: NodeId) -> Result<(), Failed> {
    let service = site.services[at].clone();
    let relay = relay(&service, node);
    runtime.spawn(async move { relay.run(pending()).await });
    consume(runtime, site, COMMANDS[at], service.handler())
}

fn run_sagas(runtime: &Runtime, site: &Site, node: NodeId) -> Result<(), Failed> {
    let replies = ReplyReceiver::new(Arc::new(site.replies.clone()));
    let saga = Arc::new(order_saga(site, &replies)?);
    let orchestrator =
        SagaOrchestrator::with_runner(Arc::new(site.journal.clone()), node, config());
    orchestrator.register(&saga);
    let running = orchestrator.clone();
    runtime.spawn(async move { running.run(pending()).await });
    consume(runtime, site, REPLIES, Arc::new(replies))?;
    consume(runtime, site, EVENTS, Arc::new(Starts { orchestrator, saga }))
}

fn consume(
    runtime: &Runtime,
    site: &Site,
    topic: &str,
    handler: Arc<dyn EventHandler>,
) -> Result<(), Failed> {
    let consumer =
        EventConsumer::new(shared(&site.bus), topic.parse()?, vec![topic.parse()?], handler);
    runtime.spawn(async move { consumer.run(pending()).await });
    Ok(())
}
