//! The gateway in front of monolith and services.
//!
//! | variable | |
//! |---|---|
//! | `LISTEN` | its address |
//! | `MONOLITH_URL` | what answers all that nobody else does |
//! | `USER_SERVICE_URL`, `ORDER_SERVICE_URL`, `INVENTORY_SERVICE_URL`, `PAYMENT_SERVICE_URL` | the services |
//! | `NODE` | its name in the fleet |
//! | `STATE_URL` | where the state of the users' migration is |
//! | `RUST_LOG` | what is logged; `info` if nothing is said |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | the collector of traces, `http://host:port`; none if nothing is said |
//!
//! A life that was evicted (it was stopped for longer than its lease) ends with an error: whoever supervises it begins another.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use storefront::Failed;
use storefront::chassis::{Telemetry, checked, required, run};
use storefront::gateway::{Services, Web, routes};
use storefront::users::Node;
use strangler_fig::gateway::Upstream;

#[tokio::main]
async fn main() -> ExitCode {
    run("gateway", serve).await
}

async fn serve(telemetry: Telemetry) -> Result<(), Failed> {
    let address: SocketAddr = required("LISTEN")?;
    let web = Web::new();
    let at = |name: &str| upstream(&web, name);
    let monolith = at("MONOLITH_URL")?;
    let services = Services {
        users: at("USER_SERVICE_URL")?,
        orders: at("ORDER_SERVICE_URL")?,
        inventory: at("INVENTORY_SERVICE_URL")?,
        payments: at("PAYMENT_SERVICE_URL")?,
    };
    let node = Node::join(&telemetry).await?;
    match routes(monolith, services, node.tracker().clone(), node.observer().clone()) {
        Ok(routes) => node.serve(address, routes, &telemetry).await,
        Err(error) => {
            node.leave().await;
            Err(error)
        }
    }
}

/// What is at the URL of this variable.
fn upstream(web: &Web, name: &str) -> Result<Arc<dyn Upstream>, Failed> {
    checked(name, |base| web.upstream(base))
}
