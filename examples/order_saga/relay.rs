use std::sync::Arc;
use std::time::Duration;

use strangler_fig::event::{OutboxRelay, RelayConfig};
use strangler_fig::phase::NodeId;

use crate::service::Service;

/// How long the lanes of a relay that has died stay its own.
const TERM: Duration = Duration::from_millis(200);

/// What takes the answers of a service to the bus.
pub(crate) fn relay(service: &Service, node: NodeId) -> OutboxRelay {
    // The next life has what its dead one held as soon as its terms are over.
    let config = RelayConfig::default().with_term(TERM);
    let (outbox, bus) = (Arc::new(service.store.outbox().clone()), Arc::new(service.bus.clone()));
    OutboxRelay::new(outbox, bus, node).with_config(config)
}
