//! The bus on librdkafka's mock cluster: its contract, and what brokers do that are away or refuse.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod cluster;
mod faults;

mod conformance {
    use super::cluster::Own;

    strangler_fig::event_bus_conformance!(async { Own::new() });
}
