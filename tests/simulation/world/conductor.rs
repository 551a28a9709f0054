//! What befalls a node: it is killed, cut off, its clock is set.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use strangler_fig::phase::NodeRole;
use tokio::time::sleep;

use super::life::Life;
use super::weather::Weather;
use super::world::World;

/// One life of node `number` after the other, for as long as anybody wants.
pub(crate) async fn conduct(world: Arc<World>, number: usize, mut rng: Rng) {
    let node = format!("node-{number}");
    loop {
        let life = Life::begin(&world, &node, NodeRole::Serving).await;
        world.serving.lock().unwrap()[number] = Some(life.clone());
        tokio::select! {
            biased;
            () = life.out() => {
                world.network.trace.say(life.node(), format_args!("{node} is out"));
            }
            () = befall(&world, &life, &mut rng) => {}
        }
        kill(&world, &life);
        world.serving.lock().unwrap()[number] = None;
        drop(life);
        sleep(Duration::from_millis(rng.u64(0..2_000))).await;
    }
}

/// Ends a process at once; from then on everybody may know.
pub(crate) fn kill(world: &World, life: &Life) {
    world.network.trace.say(life.node(), format_args!("is killed"));
    world.network.trace.count("process killed");
    life.process.kill();
    world.has_ended(life.node());
}

/// Ends when the process is to be killed.
async fn befall(world: &World, life: &Life, rng: &mut Rng) {
    loop {
        sleep(Duration::from_millis(rng.u64(500..12_000))).await;
        let what = rng.u8(0..5);
        if !world.plan.misfortunes || world.network.weather() != Weather::Foul {
            continue;
        }
        match what {
            0 | 1 => return,
            2 | 3 => {
                world.network.trace.say(life.node(), format_args!("is cut off"));
                world.network.trace.count("process cut off");
                // Long enough for a lease to run out, and for others to cross.
                let longest = if world.plan.fenced { 20_000 } else { 9_000 };
                life.process.cut_off(true);
                sleep(Duration::from_millis(rng.u64(100..longest))).await;
                life.process.cut_off(false);
            }
            _ => {
                let off = rng.i64(-world.plan.skew..=world.plan.skew);
                world.network.trace.say(life.node(), format_args!("its clock is set, {off} ms"));
                world.network.trace.count("clock set");
                life.wall.set(off);
            }
        }
    }
}
