//! One life of a node: its process, its repository, and what works beside it.

use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::phase::{
    Incarnation, NodeRole, OutagePolicy, PhaseTracker, Scopes, Share, Side, TrackerConfig,
};
use strangler_fig::reconcile::{Reconciler, ReconcilerConfig, RepairPump, RepairQueue};
use strangler_fig::repository::{MigrationConfig, MigrationRepository};
use strangler_fig::resilience::{
    BreakerConfig, Bulkhead, CircuitBreaker, Exponential, Jitter, Policy, Retry,
};
use strangler_fig::stamp::{StampClock, WriterId};
use tokio::time::sleep;

use super::caller;
use super::database::Adapter;
use super::flag::Flag;
use super::link::Link;
use super::process::Process;
use super::service::ReachedService;
use super::wall::Wall;
use super::world::World;

/// The repository as users hold it.
pub(crate) type Rows = MigrationRepository<Adapter, Adapter>;

/// How long a fenced node serves without a renewal.
const TERM: Duration = Duration::from_secs(4);

/// One life of a node.
pub(crate) struct Life {
    pub(crate) process: Arc<Process>,
    pub(crate) rows: Rows,
    pub(crate) service: Arc<ReachedService>,
    pub(crate) wall: Arc<Wall>,
    /// Whether the node has no part in the migration any more.
    out: Flag,
}

impl std::fmt::Debug for Life {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Life").field("process", &self.process).finish_non_exhaustive()
    }
}

impl Life {
    /// A process that follows the migration, as soon as the service lets it.
    pub(crate) async fn begin(world: &Arc<World>, node: &str, role: NodeRole) -> Arc<Self> {
        loop {
            if let Some(life) = Self::try_to_begin(world, node, role).await {
                return life;
            }
            sleep(Duration::from_millis(700)).await;
        }
    }

    async fn try_to_begin(world: &Arc<World>, node: &str, role: NodeRole) -> Option<Arc<Self>> {
        let process = Process::new(world.next_life());
        let life = process.life;
        let mut rng = world.fork();
        world.network.trace.say(life, format_args!("{node} starts"));
        let plan = &world.plan;
        let link = Link::new(&world.network, &process, "service", plan.service_rates, rng.fork());
        let service = Arc::new(ReachedService::new(&world.service, link, rng.bool()));
        let wall = Arc::new(Wall::new(world.began, rng.i64(-plan.skew..=plan.skew)));
        let is_fenced = plan.fenced && role == NodeRole::Serving;
        let outage =
            if is_fenced { OutagePolicy::Fenced { term: TERM } } else { OutagePolicy::FailStatic };
        let config = TrackerConfig::default()
            .with_incarnation(Incarnation::fixed(u128::from(life)))
            .with_poll_interval(Duration::from_millis(rng.u64(200..1_500)))
            .with_call_deadline(Duration::from_millis(rng.u64(1_000..6_000)))
            .with_scopes(Scopes { legacy: world.legacy.scope(), modern: world.modern.scope() })
            .with_outage_policy(outage)
            .with_role(role);
        let name = world.name.clone();
        let started =
            PhaseTracker::start(service.clone(), name, node.parse().unwrap(), config).await;
        let Ok(tracker) = started else {
            world.has_ended(life);
            return None;
        };
        let writer = WriterId::fixed(NonZeroU64::new(life).unwrap());
        let stamps = Arc::new(StampClock::with_writer(writer).with_clock(wall.clone()));
        let mut reach = |database: &super::database::Database| {
            database.reached_by(&process, &world.network, &tracker, &stamps, rng.fork())
        };
        let (legacy, modern) = (reach(&world.legacy), reach(&world.modern));
        let config = config_of(world, &mut rng);
        let rows = Rows::with_parts(legacy, modern, tracker, stamps, config).unwrap();
        let life = Arc::new(Self { process, rows, service, wall, out: Flag::default() });
        life.follow();
        life.repair(world, rng.u8(0..4) > 0);
        if role == NodeRole::Serving {
            for _ in 0..if plan.is_single() { 5 } else { 2 } {
                let calls = caller::work(world.clone(), life.clone(), rng.fork());
                life.process.spawn(calls);
            }
            life.process.spawn(caller::ask(world.clone(), life.clone(), rng.fork()));
        }
        Some(life)
    }

    fn follow(self: &Arc<Self>) {
        let (life, process) = (Arc::clone(self), Arc::clone(&self.process));
        self.process.follow(async move {
            let followed = life.rows.tracker().run(process.leaving()).await;
            if followed.is_err() {
                life.out.set(true);
            }
        });
    }

    fn repair(self: &Arc<Self>, world: &Arc<World>, itself: bool) {
        let (life, process) = (Arc::clone(self), Arc::clone(&self.process));
        let queue = world.repairs.clone();
        if !itself {
            self.process.spawn(async move {
                RepairPump::new(life.rows.sink(), queue).run(process.ending()).await;
            });
            return;
        }
        self.process.spawn(async move {
            let reconciler = life.reconciler(queue);
            while !process.is_ending() {
                let _ = reconciler.run(process.ending()).await;
                sleep(Duration::from_millis(300)).await;
            }
        });
    }

    /// One that never gives a key up.
    pub(crate) fn reconciler(&self, queue: Arc<dyn RepairQueue>) -> Reconciler<Adapter, Adapter> {
        let pauses = Exponential::between(Duration::from_millis(200), Duration::from_secs(2));
        let pauses = pauses.with_jitter(Jitter::Equal);
        let config = ReconcilerConfig::default()
            .with_concurrency(NonZeroUsize::new(4).unwrap())
            .with_attempts_max(NonZeroU32::MAX)
            .with_backoff(pauses)
            .with_poll_interval(Duration::from_millis(500))
            .with_call_deadline(Duration::from_secs(3));
        Reconciler::new(&self.rows, queue).with_config(config)
    }

    /// Resolves when the node has no part in the migration any more.
    pub(crate) async fn out(&self) {
        self.out.is(true).await;
    }

    pub(crate) fn is_out(&self) -> bool {
        self.out.is_up()
    }

    pub(crate) fn node(&self) -> u64 {
        self.process.life
    }
}

fn config_of(world: &World, rng: &mut Rng) -> MigrationConfig {
    let config = MigrationConfig::default()
        .with_shadow_share(Share::percent(40))
        .with_shadow_deadline(Duration::from_secs(2))
        .with_lenient_deadline(Duration::from_secs(4))
        .with_halted_wait(Duration::from_secs(1));
    // Now and then one has no policies where others do.
    if !world.plan.guarded || rng.u8(0..4) == 0 {
        return config;
    }
    let seed = rng.u64(..);
    [Side::Legacy, Side::Modern]
        .into_iter()
        .fold(config, |config, side| config.with_policy(side, policy(side.name(), seed)))
}

/// Impatient, stubborn and touchy: tries that are given up, made again and refused.
fn policy(name: &'static str, seed: u64) -> Policy {
    let pauses = Exponential::between(Duration::from_millis(5), Duration::from_millis(300));
    let breaker = BreakerConfig::default()
        .with_calls_min(NonZeroU32::new(8).unwrap())
        .with_failure_rate(Share::percent(40))
        .with_open_for(Duration::from_millis(200));
    let bulkhead = Bulkhead::new(name, NonZeroU32::new(6).unwrap());
    Policy::new(name)
        .with_deadline(Duration::from_millis(900))
        .with_retry(Retry::new(pauses.with_seed(seed)))
        .with_breaker(CircuitBreaker::new(name, breaker))
        .with_bulkhead(bulkhead.with_queue(4, Duration::from_millis(20)))
        .with_try_deadline(Duration::from_millis(60))
}
