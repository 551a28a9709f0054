use async_trait::async_trait;

use super::{Gate, GateContext, GateReading};
use crate::phase::NodeRole;

/// Open when no writer outside the crate holds a place in the fleet: see
/// [`OutsideWriters`](crate::event::OutsideWriters).
///
/// Meant for the entry to `Cutover`. It may be forced there; that the fleet does not settle while they write cannot.
///
/// ```
/// use strangler_fig::controller::{Gate, GateContext, OutsideWritersOff};
/// use strangler_fig::phase::{
///     Fleet, Incarnation, MigrationState, Move, NodeId, NodeLease, NodeRole, Phase,
/// };
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let state = MigrationState::new("users".parse()?);
/// let node = NodeId { name: "monolith".parse()?, incarnation: Incarnation::fixed(0) };
/// let fleet = Fleet::new(vec![NodeLease::new(node).with_role(NodeRole::Outside)]);
///
/// let step = Move::to(Phase::Cutover);
/// let reading = OutsideWritersOff.read(&GateContext::new(&state, &fleet, &step)).await;
/// assert_eq!(reading.to_string(), "closed: monolith has not been switched off");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct OutsideWritersOff;

#[async_trait]
impl Gate for OutsideWritersOff {
    fn name(&self) -> &'static str {
        "outside_writers_off"
    }

    async fn read(&self, context: &GateContext<'_>) -> GateReading {
        let leases = context.fleet.leases().iter();
        match leases.into_iter().find(|lease| lease.role == NodeRole::Outside) {
            None => GateReading::open("no writer outside holds a place in the fleet"),
            Some(lease) => {
                GateReading::closed(format!("{} has not been switched off", lease.node.name))
            }
        }
    }
}
