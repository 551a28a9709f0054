//! What becomes of a fleet when something happens.

use super::act::Act;
use super::model::{FleetModel, needed};
use super::node::{Life, Round};
use super::rule::Rule;
use super::service;
use super::site::{Driver, Lease, Site, Sweeping};
use crate::spec::Spec;

impl FleetModel {
    fn answer(site: &mut Site, node: usize) {
        let it = &mut site.nodes[node];
        it.is_answering = false;
        let epoch = it.epoch();
        if epoch < site.gate {
            site.wrong = Some("an answer by a state that a move has relied on to be left");
        }
        if let Some(sweep) = &mut site.sweep {
            sweep.is_stale |= epoch < sweep.needed;
        }
    }

    fn arrive(&self, site: &mut Site, letter: usize, again: bool) {
        let late = if again {
            site.left.twice -= 1;
            site.letters[letter].clone()
        } else {
            site.letters.remove(letter)
        };
        let is_barred = site.barred.contains(&late.id);
        let stored = service::renewed(site.lease(late.id), is_barred, &late, self.without);
        let node = usize::from(late.id.0);
        let waits = site.nodes[node].round == Round::Sent(late.renewal)
            && self.id(node, site) == late.id
            && site.nodes[node].is_up();
        let Some(stored) = stored else {
            if waits {
                site.nodes[node].life = Life::Closed;
                site.nodes[node].round = Round::Idle;
            }
            return;
        };
        site.store(stored);
        if waits {
            let it = &mut site.nodes[node];
            (it.round, it.answered) = (Round::Idle, it.answered.max(late.renewal));
            it.life = match (it.life, it.adopted) {
                (Life::Registering, None) => Life::Starting,
                (life, None) => life,
                (_, Some(_)) => Life::Serving,
            };
        }
    }

    fn stored(site: &mut Site, driver: usize, next: Spec) {
        site.current = next;
        site.drivers[driver] = Driver::default();
    }

    fn send(&self, site: &mut Site, node: usize, adopted: Option<Spec>) {
        let id = self.id(node, site);
        let it = &mut site.nodes[node];
        it.sent += 1;
        it.round = Round::Sent(it.sent);
        site.letters.push(Lease { id, renewal: it.sent, adopted });
        site.letters.sort_unstable();
    }

    /// The fleet after `act`.
    pub(super) fn after(&self, site: &Site, act: Act) -> Option<Site> {
        let mut site = site.clone();
        match act {
            Act::Fall(node) => {
                site.left.crashes -= 1;
                site.nodes[node].fall();
            }
            Act::Rise(node) => {
                site.nodes[node].rise();
                if !self.is_without(Rule::LeaseBeforeTheState) {
                    self.send(&mut site, node, None);
                }
            }
            Act::Read(node) => site.nodes[node].round = Round::Read(site.current),
            Act::Adopt(node) => {
                let it = &mut site.nodes[node];
                let Round::Read(read) = it.round else { return None };
                let epoch = |at: Spec| at.state.epoch();
                if it.adopted.is_none_or(|adopted| epoch(adopted) < epoch(read)) {
                    it.adopted = Some(read);
                }
                it.round = Round::Adopted;
            }
            Act::Send(node) => {
                site.left.renewals -= 1;
                let (round, adopted) = (site.nodes[node].round, site.nodes[node].adopted);
                if let Round::Read(read) = round {
                    self.send(&mut site, node, Some(read));
                    site.nodes[node].round = round;
                } else {
                    self.send(&mut site, node, adopted);
                }
            }
            Act::GiveUp(node) => site.nodes[node].round = Round::Idle,
            Act::Arrive { letter, again } => self.arrive(&mut site, letter, again),
            Act::Pass(node) => {
                let it = &mut site.nodes[node];
                it.passed += 1;
                if !self.is_without(Rule::TermFromBeforeItWasSent) {
                    it.noticed = it.passed;
                }
            }
            Act::Notice(node) => site.nodes[node].noticed += 1,
            Act::Begin(node) => site.nodes[node].is_answering = true,
            Act::Answer(node) => Self::answer(&mut site, node),
            Act::LookAtState(driver) => {
                site.drivers[driver] = Driver { state: Some(site.current), fleet: None };
            }
            Act::LookAtLeases(driver) => {
                site.drivers[driver].fleet = Some(site.leases.clone());
            }
            Act::Move { driver, step, next } => {
                site.left.moves -= 1;
                let state = site.drivers[driver].state?;
                site.gate = site.gate.max(needed(state, &step));
                Self::stored(&mut site, driver, next);
            }
            Act::Evict { driver, lease } => {
                site.left.evictions -= 1;
                let seen = site.drivers[driver].fleet.as_ref()?[lease].clone();
                if service::evicts(site.lease(seen.id), &seen, self.without) {
                    site.remove(seen.id);
                    site.barred.push(seen.id);
                    site.barred.sort_unstable();
                    site.barred.dedup();
                }
                site.drivers[driver] = Driver::default();
            }
            Act::Sweep(driver) => {
                site.left.sweeps -= 1;
                let seen = &site.drivers[driver];
                let state = seen.state?;
                let leases = seen.fleet.as_ref()?;
                let fleet = self.fleet_before_a_sweep(state, leases);
                let ticket = state.state.begin_sweep_in_cutover(&fleet).ok()?;
                let needed = state.state.base().since_epoch;
                site.sweep = Some(Sweeping { ticket, needed, is_stale: false });
            }
            Act::Swept { driver, next } => {
                let sweep = site.sweep.take()?;
                if let Some(next) = next {
                    if sweep.is_stale {
                        site.wrong = Some("a sweep counts that a node did not obey");
                    }
                    site.gate = site.gate.max(sweep.needed);
                    Self::stored(&mut site, driver, next);
                }
            }
        }
        Some(site)
    }
}
