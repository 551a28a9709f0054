//! What becomes of the world when something happens.

use strangler_fig::stamp::{Record, Stamp};

use crate::ablation;
use crate::act::Act;
use crate::job::{Job, Next, Query, Read, Repair, Sweep, Write};
use crate::protocol::Protocol;
use crate::world::{Lease, Standing, World};

impl Protocol {
    /// The world after `act`.
    #[expect(clippy::needless_pass_by_value, reason = "as the checker hands it over")]
    pub(crate) fn after(&self, world: &World, act: Act) -> Option<World> {
        let mut world = world.clone();
        match act {
            Act::Move(_, next) => {
                world.left.moves -= 1;
                let next = ablation::after(self.without, world.current().state, next);
                world.history.push(next);
            }
            Act::Adopt { node, to } => world.nodes[node].adopted = Some(to),
            Act::Crash { node: number } => {
                let node = number;
                world.left.crashes -= 1;
                let (gone, jobs) = world.jobs.drain(..).partition(|job| job.node() == node);
                world.jobs = jobs;
                Vec::into_iter(gone).for_each(|job: Job| job.vanish(&mut world));
                let node = &mut world.nodes[node];
                node.left_behind = Some(Lease { adopted: node.adopted });
                (node.is_up, node.adopted, node.last) = (false, None, Stamp::ZERO);
                (node.standing, node.remembered) = (Standing::Open, [None; 2]);
                // Where stamps are kept in the process, its calls end with it.
                world.effects.retain(|effect| effect.node != Some(number));
            }
            Act::Evict { node } => world.nodes[node].left_behind = None,
            Act::Restart { node, wall } => {
                let it = &mut world.nodes[node];
                (it.is_up, it.life) = (true, it.life + 1);
                if self.scopes.any_process() {
                    world.start(node, wall);
                }
            }
            Act::Fence { node } => {
                world.left.fences -= 1;
                world.nodes[node].standing = Standing::Fenced;
            }
            Act::Reopen { node } => world.nodes[node].standing = Standing::Open,
            Act::EvictFenced { node } => world.nodes[node].standing = Standing::Evicted,
            Act::Forget { node, side } => {
                world.left.forgets -= 1;
                world.nodes[node].remembered[side as usize] = None;
            }
            Act::Land { effect } => {
                let effect = world.effects.remove(effect);
                let node = effect.node.unwrap_or_default();
                world.apply(node, effect.side, &effect.record, self.without);
            }
            Act::Write { node, deletes } => {
                let left = &mut world.left;
                *if deletes { &mut left.deletions } else { &mut left.saves } -= 1;
                let write = Write::begin(node, deletes, &mut world);
                world.jobs.push(Job::Write(write));
            }
            Act::Read { node } => {
                world.left.reads -= 1;
                let read = Read::begin(node, world.left.reads, &mut world);
                world.jobs.push(Job::Read(read));
            }
            Act::Query { node } => {
                world.left.queries -= 1;
                let query = Query::begin(node, &world);
                world.jobs.push(Job::Query(query));
            }
            Act::Repair { node } => {
                world.left.repairs -= 1;
                let repair = Repair::begin(node, &world, self.without);
                world.jobs.push(Job::Repair(repair));
            }
            Act::Sweep { node } => {
                world.left.sweeps -= 1;
                let sweep = Sweep::begin(node, &world, self.without)?;
                world.jobs.push(Job::Sweep(sweep));
            }
            Act::Bypass { deletes } => {
                world.left.bypasses -= 1;
                let id = world.judge.write(deletes);
                world.judge.acknowledge(id);
                // A new row has no stamp, an old one keeps its own; with a row its
                // stamp goes, where it stands in the row.
                let stamp = world.legacy.stamp.max(Stamp::BASE);
                world.legacy = if deletes { Record::absent() } else { Record::live(stamp, id) };
                world.is_bypassed = true;
            }
            Act::Outside { deletes } => {
                world.left.outsides -= 1;
                let id = world.judge.write(deletes);
                world.judge.acknowledge(id);
                let stamp = world.stamp_outside();
                world.legacy = Record { stamp, value: (!deletes).then_some(id) };
            }
            Act::SwitchOff => world.outside = [false; 2],
            Act::Step { job, choice } => {
                let job = world.jobs.remove(job);
                if let Next::On(job) = job.step(choice, &mut world, self.without) {
                    world.jobs.push(job);
                }
            }
        }
        world.jobs.sort_unstable_by_key(Job::order);
        world.is_bypassed &= !world.is_at_rest();
        Some(world)
    }
}
