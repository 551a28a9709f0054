use std::fmt::Write as _;

use stateright::Path;

use super::act::Act;
use super::site::{Lease, Site};
use crate::spec::Spec;
use crate::story::NODES;

const DRIVERS: [&str; 2] = ["the controller", "the guard"];

/// The story of a path that ends where `property` is broken.
pub(super) fn story(property: &str, path: Path<Site, Act>) -> String {
    let steps = path.into_vec();
    let mut story = format!("     at rest in {}\n", phase(steps[0].0.current));
    for (number, pair) in steps.windows(2).enumerate() {
        let [(before, act), (after, _)] = pair else { unreachable!("windows of two") };
        let act = act.as_ref().expect("every state but the last is left");
        let _ = writeln!(story, "{:>3}. {}", number + 1, told(act, before, after));
    }
    let wrong = steps[steps.len() - 1].0.wrong.unwrap_or("two nodes serve from two stores");
    let _ = writeln!(story, "     violated: {property}; {wrong}");
    story
}

fn phase(state: Spec) -> String {
    format!("{} (epoch {})", state.state.base().phase, state.state.epoch())
}

fn lease(lease: &Lease) -> String {
    let adopted = lease.adopted.map_or("nothing".to_owned(), phase);
    let (node, life) = lease.id;
    format!("renewal {} of {}'s life {life}, {adopted}", lease.renewal, NODES[usize::from(node)])
}

fn told(act: &Act, before: &Site, after: &Site) -> String {
    match act {
        Act::Fall(node) => format!("{} ends", NODES[*node]),
        Act::Rise(node) => format!("{} starts again", NODES[*node]),
        Act::Read(node) => format!("{} reads the state: {}", NODES[*node], phase(before.current)),
        Act::Adopt(node) => format!("{} adopts it", NODES[*node]),
        Act::Send(node) => format!("{} sends renewal {}", NODES[*node], after.nodes[*node].sent),
        Act::GiveUp(node) => format!("{} waits for no answer any more", NODES[*node]),
        Act::Arrive { letter, again } => {
            let more = if *again { ", and will once more" } else { "" };
            format!("the service gets {}{more}", lease(&before.letters[*letter]))
        }
        Act::Pass(node) => {
            format!(
                "the term of {}'s renewal {} has passed",
                NODES[*node], after.nodes[*node].passed
            )
        }
        Act::Notice(node) => format!("{} sees that it has", NODES[*node]),
        Act::Begin(node) => format!("{} begins an operation", NODES[*node]),
        Act::Answer(node) => format!("{} answers it", NODES[*node]),
        Act::LookAtState(driver) => {
            format!("{} sees the state {}", DRIVERS[*driver], phase(before.current))
        }
        Act::LookAtLeases(driver) => {
            let seen: Vec<_> = before.leases.iter().map(lease).collect();
            format!("{} sees the leases: {}", DRIVERS[*driver], seen.join("; "))
        }
        Act::Move { driver, next, .. } => format!("{} moves to {}", DRIVERS[*driver], phase(*next)),
        Act::Evict { driver, lease: seen } => {
            let fleet = before.drivers[*driver].fleet.as_deref().unwrap_or_default();
            let refused = if before.leases == after.leases { ", in vain" } else { "" };
            format!("{} evicts {}{refused}", DRIVERS[*driver], lease(&fleet[*seen]))
        }
        Act::Sweep(driver) => format!("{} begins a sweep", DRIVERS[*driver]),
        Act::Swept { driver, next } => {
            let counts = if next.is_some() { "it counts" } else { "it does not count" };
            format!("{} ends the sweep: {counts}", DRIVERS[*driver])
        }
    }
}
