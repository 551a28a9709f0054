use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use strangler_fig::controller::{ControllerConfig, MigrationController};
use strangler_fig::event::{
    ConsumerConfig, EventConsumer, EventEnvelope, EventId, EventPayload, EventSubscriber, Outbox,
    OutboxRelay, RelayConfig, SubscriptionLimits, handler_fn,
};
use strangler_fig::gateway::Gateway;
use strangler_fig::memory::{
    InMemoryBus, InMemoryOutbox, InMemoryRepairQueue, InMemorySagaJournal, InMemoryStateService,
};
use strangler_fig::observe::{MetricsObserver, Observer};
use strangler_fig::phase::{
    Incarnation, MigrationName, MigrationState, MigrationStateService, NodeId, PhaseTracker, Share,
    Side, TrackerConfig,
};
use strangler_fig::reconcile::{Reconciler, ReconcilerConfig};
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::resilience::{BreakerConfig, CircuitBreaker, Policy};
use strangler_fig::saga::{
    SagaBuilder, SagaConfig, SagaDefinition, SagaOrchestrator, StepError, step_fn,
};
use strangler_fig::stamp::StampClock;
use tracing::info_span;

use crate::{Failed, Store, Telemetry, User, catalogue};

/// How often nodes ask where the migration stands.
const POLL: Duration = Duration::from_millis(50);
/// How often the outbox's depth is told.
const CARE: Duration = Duration::from_secs(1);

/// The shop: two stores of users, and all that moves them and tells of it.
#[derive(Debug)]
pub struct Shop {
    /// Its users, wherever they are.
    pub users: MigrationRepository<Store, Store>,
    pub(crate) controller: MigrationController,
    pub(crate) repairs: Arc<InMemoryRepairQueue>,
    pub(crate) breaker: CircuitBreaker,
    pub(crate) gateway: Gateway,
    pub(crate) metrics: Arc<MetricsObserver>,
    sagas: SagaOrchestrator,
    order: SagaDefinition<u32, u32>,
}

impl Shop {
    /// Opens it; its workers run until the process ends.
    ///
    /// # Errors
    ///
    /// A name is none, or there is no entropy.
    pub async fn open(telemetry: &Telemetry) -> Result<Self, Failed> {
        let metrics = Arc::clone(telemetry.observer());
        let observer: Arc<dyn Observer> = metrics.clone();
        let (service, name): (_, MigrationName) =
            (Arc::new(InMemoryStateService::default()), "users".parse()?);
        service.create(&MigrationState::new(name.clone())).await?;
        let tracker = tracker(&service, &name, &observer).await?;
        let breaker = CircuitBreaker::new("users", BreakerConfig::default());
        let config = MigrationConfig::default()
            .with_shadow_share(Share::WHOLE)
            .with_shadow_recheck_delay(Duration::from_millis(20))
            .with_policy(Side::Modern, Policy::new("users").with_breaker(breaker.clone()))
            .with_observer(observer.clone());
        let stamps = Arc::new(StampClock::new()?);
        let (legacy, modern) = (Store::new("legacy"), Store::new("modern"));
        let users = MigrationRepository::with_parts(legacy, modern, tracker, stamps, config)?;
        let controller = MigrationController::new(service, name)
            .with_config(ControllerConfig::default().with_observer(observer.clone()));
        let repairs = Arc::new(InMemoryRepairQueue::default());
        let (outbox, bus) = (InMemoryOutbox::default(), InMemoryBus::default());
        post(&outbox, bus, &observer).await?;
        let config = SagaConfig::default().with_observer(observer.clone());
        let sagas = Arc::new(InMemorySagaJournal::default());
        let shop = Self {
            order: order(&users, outbox)?,
            sagas: SagaOrchestrator::with_runner(sagas, node("sagas")?, config),
            gateway: catalogue::gateway(observer)?,
            users,
            controller,
            repairs,
            breaker,
            metrics,
        };
        shop.repair();
        Ok(shop)
    }

    /// Repairs what differs, again and again.
    fn repair(&self) {
        let repairs: Arc<InMemoryRepairQueue> = Arc::clone(&self.repairs);
        let observer: Arc<dyn Observer> = self.metrics.clone();
        let config = ReconcilerConfig::default().with_observer(observer);
        let reconciler = Reconciler::new(&self.users, repairs).with_config(config);
        tokio::spawn(async move { reconciler.run(pending()).await });
    }

    /// Orders something for a user: a saga of two steps, whose end leaves through the outbox.
    ///
    /// # Errors
    ///
    /// The saga could not be begun.
    pub async fn order(&self, order: &str, user: u32) -> Result<String, Failed> {
        let handle = self.sagas.start(&self.order, order.parse()?, user).await?;
        Ok(format!("{:?}", handle.wait().await?))
    }
}

/// A node of the fleet, which follows where the migration stands.
async fn tracker(
    service: &Arc<InMemoryStateService>,
    name: &MigrationName,
    observer: &Arc<dyn Observer>,
) -> Result<Arc<PhaseTracker>, Failed> {
    let config =
        TrackerConfig::default().with_poll_interval(POLL).with_observer(Arc::clone(observer));
    let service: Arc<dyn MigrationStateService> = service.clone();
    let tracker = PhaseTracker::start(service, name.clone(), "shop-1".parse()?, config).await?;
    let follows = Arc::clone(&tracker);
    tokio::spawn(async move { follows.run(pending()).await });
    Ok(tracker)
}

fn node(name: &str) -> Result<NodeId, Failed> {
    Ok(NodeId { name: name.parse()?, incarnation: Incarnation::random()? })
}

/// What is ordered goes from the outbox to the bus, and from there to billing.
async fn post(
    outbox: &InMemoryOutbox,
    bus: InMemoryBus,
    observer: &Arc<dyn Observer>,
) -> Result<(), Failed> {
    let name = "billing".parse()?;
    bus.subscribe(&name, &["shop.orders".parse()?], SubscriptionLimits::default()).await?;
    let config = RelayConfig::default().with_care_interval(CARE).with_observer(observer.clone());
    let relay = OutboxRelay::new(Arc::new(outbox.clone()), Arc::new(bus.clone()), node("relay")?);
    let relay = relay.with_config(config);
    tokio::spawn(async move { relay.run(pending()).await });
    let bill = handler_fn(|_, _| async {
        info_span!("bill").in_scope(|| ());
        Ok(())
    });
    let topics = vec!["shop.orders".parse()?];
    let consumer = EventConsumer::new(Arc::new(bus), name, topics, Arc::new(bill))
        .with_config(ConsumerConfig::default().with_observer(observer.clone()));
    tokio::spawn(async move { consumer.run(pending()).await });
    Ok(())
}

/// An order: its user is looked up, and what was ordered is said. Nobody below 1 can order.
fn order(
    users: &MigrationRepository<Store, Store>,
    outbox: InMemoryOutbox,
) -> Result<SagaDefinition<u32, u32>, Failed> {
    let mut saga = SagaBuilder::<u32>::new("order", 1);
    let input = saga.input();
    let users = users.clone();
    let known = step_fn(move |user: u32, _| {
        let users = users.clone();
        async move {
            match users.find(&user).await {
                Ok(Some(_)) => Ok(user),
                Ok(None) => Err(StepError::rejected("there is no such user")),
                Err(error) => Err(StepError::from(error)),
            }
        }
    });
    let known = saga.step("look-up", known, input);
    let said = step_fn(move |user: u32, _| {
        let outbox = outbox.clone();
        async move { say(&outbox, user).await.map(|()| user).map_err(StepError::unknown) }
    });
    let said = saga.step("say", said, known);
    Ok(saga.build(said)?)
}

async fn say(outbox: &InMemoryOutbox, user: u32) -> Result<(), Failed> {
    let event = EventEnvelope::new(
        EventId::random()?,
        "/shop/orders".parse()?,
        "order.placed".parse()?,
        format!("user-{user}").parse()?,
        EventPayload::default(),
    );
    let mut transaction = outbox.begin();
    outbox.stage(&mut transaction, &[event.to("shop.orders".parse()?)]).await?;
    transaction.commit()?;
    Ok(())
}

impl Shop {
    /// Saves a user.
    ///
    /// # Errors
    ///
    /// As the repository's.
    pub async fn save(&self, user: User) -> Result<(), Failed> {
        Ok(self.users.save(user).await?)
    }
}
