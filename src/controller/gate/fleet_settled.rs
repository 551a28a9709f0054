use async_trait::async_trait;

use super::fleet_nodes::Nodes;
use super::{Gate, GateContext, GateReading};
use crate::phase::{NodeLease, NodeRole, PartName};

/// Open when every node works by every part of the state, and as many nodes hold a
/// lease as are expected. Workers have to, too; writers outside the crate never do.
///
/// ```
/// use strangler_fig::controller::{FleetSettled, Gate, GateContext};
/// use strangler_fig::phase::{
///     Fleet, Incarnation, MigrationState, Move, NodeId, NodeLease, Phase,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let state = MigrationState::new("users".parse()?);
/// let node = NodeId { name: "node-1".parse()?, incarnation: Incarnation::random()? };
/// let fleet = Fleet::new(vec![NodeLease::new(node).adopting(state.adopted())]);
///
/// let step = Move::to(Phase::DualWrite);
/// let reading = FleetSettled.read(&GateContext::new(&state, &fleet, &step)).await;
/// assert_eq!(reading.to_string(), "open: 1 of 1 leases work by epoch 0 or later");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct FleetSettled;

#[async_trait]
impl Gate for FleetSettled {
    fn name(&self) -> &'static str {
        "fleet_settled"
    }

    async fn read(&self, context: &GateContext<'_>) -> GateReading {
        settled(context)
    }
}

fn settled(context: &GateContext<'_>) -> GateReading {
    let GateContext { state, fleet, .. } = context;
    let nodes = Nodes::of(context);
    if nodes.are_missing() {
        return GateReading::closed(nodes.to_string());
    }
    let parts = || {
        let there = |name: &PartName| state.part(*name).is_some();
        [PartName::Base, PartName::Cohort].into_iter().filter(there)
    };
    let since = parts().filter_map(|name| state.part(name)).map(|part| part.since_epoch).max();
    let since = since.unwrap_or_default();
    let lags = |lease: &&NodeLease| lease.adopted.is_none_or(|adopted| adopted.epoch < since);
    let (all, late) = (fleet.leases().len(), fleet.leases().iter().filter(lags).count());
    let figures = format!("{} of {all} leases work by epoch {since} or later", all - late);
    // What can be waited for comes last.
    let outside = fleet.leases().iter().find(|lease| lease.role == NodeRole::Outside);
    match outside.or_else(|| fleet.leases().iter().find(lags)) {
        Some(lease) => GateReading::closed(format!("{figures}; {}", lagging(lease))),
        None => GateReading::of(parts().all(|name| state.has_settled(name, fleet)), figures),
    }
}

fn lagging(lease: &NodeLease) -> String {
    match lease.adopted {
        _ if lease.role == NodeRole::Outside => {
            format!("writers outside the crate ({}) have not been switched off", lease.node)
        }
        Some(adopted) => format!("node {} works by {}", lease.node, adopted.epoch),
        None => format!("node {} is starting", lease.node),
    }
}
