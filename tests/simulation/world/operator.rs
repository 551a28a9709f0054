//! The operator: moves the migration there, back, and there again, by the controller, and
//! does much else on the way.

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::backfill::{BackfillConfig, Backfiller};
use strangler_fig::consistency::{CheckerConfig, ConsistencyChecker};
use strangler_fig::controller::{
    ChangeRequest, ControllerConfig, GuardConfig, MigrationController, RollbackGuard, Target,
};
use strangler_fig::phase::{MigrationState, NodeRole, Phase, Share};
use strangler_fig::reconcile::{Sweep, SweepConfig};
use strangler_fig::stamp::StampScope;
use strangler_fig::worker::PageSize;
use tokio::time::{Instant, sleep, timeout};

use super::conductor::kill;
use super::life::Life;
use super::nervous::Nervous;
use super::rest::{landed, write_again};
use super::weather::Weather;
use super::world::World;

/// How long a leg may take once nothing goes wrong any more.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long a worker waits for a store.
const CALL: Duration = Duration::from_secs(5);

pub(crate) fn request() -> ChangeRequest {
    ChangeRequest::new("ann".parse().unwrap(), "OPS-12".parse().unwrap())
}

/// The operator's process, and what is done from it.
struct Hands {
    life: Arc<Life>,
    controller: Arc<MigrationController>,
}

/// There, back, there again, and to where it ends; or why it went no further.
pub(crate) async fn migrate(world: &Arc<World>, mut rng: Rng) -> Result<(), String> {
    let mut hands = None;
    let goals = [Phase::ModernOnly, Phase::LegacyOnly, Phase::ModernOnly, world.plan.last];
    for (leg, goal) in goals.into_iter().enumerate() {
        world.network.trace.say(0, format_args!("leg {leg}, to {goal}"));
        world.network.turn(Weather::Foul);
        let until = Instant::now() + world.plan.foul;
        while Instant::now() < until {
            muddle(world, &mut hands, (leg, goal), &mut rng).await;
        }
        world.network.turn(Weather::Fair);
        arrive(world, &mut hands, goal).await?;
    }
    // What somebody has begun to move lands, and then it goes where it is to end.
    world.settled.set(true);
    sleep(Duration::from_secs(10)).await;
    landed(world).await?;
    world.network.unheal();
    arrive(world, &mut hands, world.plan.last).await?;
    if let Some(Hands { life, .. }) = hands
        && !world.plan.is_single()
    {
        retire(world, &life).await?;
    }
    Ok(())
}

/// Something is begun, and perhaps not ended.
async fn muddle(
    world: &Arc<World>,
    hands: &mut Option<Hands>,
    (leg, goal): (usize, Phase),
    rng: &mut Rng,
) {
    let Some(working) = hold(world, hands).await else {
        return sleep(Duration::from_millis(200)).await;
    };
    let limit = Duration::from_millis(rng.u64(100..12_000));
    let begun = act(world, working, leg, goal, rng);
    let _ = timeout(limit, begun).await;
    let dies = world.plan.misfortunes && !world.plan.is_single() && rng.u8(0..8) == 0;
    if dies && let Some(hands) = hands.take() {
        kill(world, &hands.life);
    }
    sleep(Duration::from_millis(rng.u64(0..600))).await;
}

async fn act(world: &Arc<World>, hands: &Hands, leg: usize, goal: Phase, rng: &mut Rng) {
    let (request, controller) = (request(), &hands.controller);
    let is_ahead = world.plan.by_cohort && leg == 0;
    let what = if is_ahead { rng.u8(9..20) } else { rng.u8(0..24) };
    world.network.trace.say(hands.life.node(), format_args!("the operator does {what}"));
    let mut phase = || match rng.u8(0..3) {
        0 if is_ahead => Phase::Live,
        _ => Phase::ALL[rng.usize(0..Phase::ALL.len())],
    };
    let told = match what {
        0..8 => controller.advance_to(goal, &request).await.err(),
        8..10 => controller.roll_back(&request).await.err(),
        10 => controller.halt(&request).await.err(),
        11..14 => {
            let share = Share::new(rng.u16(0..=10_000)).unwrap();
            controller.set_share(share, &request).await.err()
        }
        14..17 => controller.advance_to(Target::Cohort(phase()), &request).await.err(),
        17 => controller.advance_to(phase(), &request).await.err(),
        18 | 19 => return backfill(world, hands, leg).await,
        20 => return check(world, hands).await,
        _ => {
            let sweep = sweep(&hands.life);
            let _ = sweep.establish(&*hands.life.service, std::future::pending()).await;
            return;
        }
    };
    if let Some(error) = told {
        world.network.trace.say(hands.life.node(), &error);
    }
}

async fn backfill(world: &World, hands: &Hands, leg: usize) {
    let config = BackfillConfig::default()
        .with_page_size(PageSize::fixed(NonZeroUsize::new(3).unwrap()))
        .with_claim_term(Duration::from_secs(2))
        .with_call_deadline(CALL);
    let (checkpoints, repairs) = (world.checkpoints.clone(), world.repairs.clone());
    let job = format!("leg-{leg}").parse().unwrap();
    let backfiller = Backfiller::new(&hands.life.rows, checkpoints, repairs, job);
    let backfiller = backfiller.with_config(config).with_boundaries(vec![5, 10]);
    let copied = backfiller.run(std::future::pending()).await;
    if copied.as_ref().is_ok_and(|report| report.is_done) {
        world.network.trace.count("backfill done");
    }
    let copied = copied.map_or(0, |report| report.copied);
    world.network.trace.event(hands.life.node(), "backfill", "copied", 0, copied);
}

async fn check(world: &World, hands: &Hands) {
    let checker = checker(&hands.life).with_repair_queue(world.repairs.clone());
    let report = checker.full(std::future::pending()).await;
    world.network.trace.event(
        hands.life.node(),
        "check",
        "found",
        report.keys,
        report.differences.total(),
    );
}

/// A checker that is in a hurry.
pub(crate) fn checker(
    life: &Life,
) -> ConsistencyChecker<super::database::Adapter, super::database::Adapter> {
    let config = CheckerConfig::default()
        .with_page_size(NonZeroUsize::new(5).unwrap())
        .with_settling(Duration::from_millis(300))
        .with_call_deadline(CALL);
    ConsistencyChecker::new(&life.rows).with_config(config)
}

fn sweep(life: &Life) -> Sweep<super::database::Adapter, super::database::Adapter> {
    let config = SweepConfig::default()
        .with_page_size(NonZeroUsize::new(5).unwrap())
        .with_call_deadline(CALL);
    Sweep::new(&life.rows).with_config(config)
}

/// The operator's process, started if there is none.
async fn hold<'a>(world: &Arc<World>, hands: &'a mut Option<Hands>) -> Option<&'a Hands> {
    if let Some(Hands { life, .. }) = hands
        && (life.process.is_dead() || life.is_out())
    {
        if !life.process.is_dead() {
            kill(world, life);
        }
        *hands = None;
    }
    if hands.is_none() {
        let life = if world.plan.is_single() {
            world.serving().into_iter().next()?
        } else {
            Life::begin(world, "operator", NodeRole::Worker).await
        };
        *hands = Some(Hands::new(world, life));
    }
    hands.as_ref()
}

impl Hands {
    fn new(world: &World, life: Arc<Life>) -> Self {
        let config = ControllerConfig::default()
            .with_poll_interval(Duration::from_millis(100))
            .with_settle_wait(Duration::from_secs(10))
            .with_call_deadline(Duration::from_secs(2))
            .with_drift_margin(Duration::from_millis(500))
            .with_clock(life.wall.clone());
        let config = if world.plan.is_single() {
            config.accepting_process_scope("node-0".parse().unwrap())
        } else {
            config
        };
        let controller = MigrationController::new(life.service.clone(), world.name.clone())
            .with_config(config)
            .with_sweeper(Arc::new(sweep(&life)));
        let controller = Arc::new(controller);
        if world.plan.nervous {
            watch(world, &life, &controller);
        }
        Self { life, controller }
    }
}

fn watch(world: &World, life: &Arc<Life>, controller: &Arc<MigrationController>) {
    let config = GuardConfig::default()
        .with_window(Duration::from_secs(1))
        .with_samples_min(NonZeroU64::MIN)
        .with_cool_down(Duration::from_secs(3))
        .with_rollbacks_max(5)
        .with_poll_interval(Duration::from_millis(800))
        .with_halt();
    let signals = Arc::new(Nervous::new(world));
    let guard = RollbackGuard::new(controller.clone(), signals).with_config(config);
    let process = life.process.clone();
    life.process.spawn(async move { guard.run(process.ending()).await });
}

/// Goes on until the migration is at `goal`, which nothing hinders any more.
async fn arrive(world: &Arc<World>, hands: &mut Option<Hands>, goal: Phase) -> Result<(), String> {
    let (mut last, request) = (None, request());
    let arrived = timeout(PATIENCE, async {
        while !is_at(&world.state().await, goal) {
            let Some(working) = hold(world, hands).await else {
                sleep(Duration::from_millis(200)).await;
                continue;
            };
            // A worker or a fence may hang from before: another try takes another way.
            let way = working.controller.advance_to(goal, &request);
            if let Ok(Err(error)) = timeout(Duration::from_secs(30), way).await {
                world.network.trace.say(working.life.node(), &error);
                last = Some(error);
                if world.modern.scope() == StampScope::Process {
                    let _ = write_again(world, &working.life).await;
                }
            }
            sleep(Duration::from_millis(500)).await;
        }
    });
    match arrived.await {
        Ok(()) => Ok(()),
        Err(_) => Err(format!("never came to {goal}: {last:?}, {:?}", world.state().await)),
    }
}

fn is_at(state: &MigrationState, goal: Phase) -> bool {
    // Two parts in `Cutover` that came from different families stay two.
    state.base().phase == goal && state.cohort().is_none_or(|cohort| cohort.part.phase == goal)
}

/// Ends a process as one should: its work first, then its lease.
pub(crate) async fn retire(world: &World, life: &Life) -> Result<(), String> {
    life.process.end();
    life.process.ended().await;
    life.rows.drained().await;
    life.process.leave();
    life.process.left().await;
    let mut last = None;
    for _ in 0..100 {
        match life.rows.tracker().release().await {
            Ok(()) => {
                world.has_ended(life.node());
                world.network.trace.say(life.node(), format_args!("has ended"));
                return Ok(());
            }
            Err(error) => last = Some(error),
        }
        sleep(Duration::from_millis(500)).await;
    }
    Err(format!("a lease is never released: {last:?}"))
}
