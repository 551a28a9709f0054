//! Our gateway, as one would run it: a table, two sides, and nothing that is tuned.

use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::client::legacy::Error;
use strangler_fig::gateway::tower::{GatewayService, ServiceUpstream};
use strangler_fig::gateway::{Gateway, Upstream};
use strangler_fig::route::{RouteTable, TableHandle};
use tower_service::Service;

use crate::bare;
use crate::error::Failure;
use crate::serve;

/// Half of the users get modern, with legacy as the net, as in nginx's configuration.
const TABLE: &str = r#"{
    "format": "strangler-fig/route-table", "version": 1, "salt": "shop", "default": "legacy",
    "rules": [{
        "name": "all", "path": { "prefix": "/" },
        "to": { "share": { "basis_points": 5000, "sticky": { "header": "x-user" } } },
        "fallback": true, "deadline_ms": 500
    }]
}"#;

/// Serves until the process ends.
pub(crate) fn run(port: &str, modern: &str, legacy: &str) -> Result<(), Failure> {
    let port = port.parse()?;
    serve::run(async move {
        let service = GatewayService::new(between(side(legacy)?, side(modern)?)?);
        serve::serve(port, |peer| {
            let service = service.for_peer(peer);
            service_fn(move |request| service.clone().call(request))
        })
        .await
    })
}

/// A gateway with legacy and modern behind it.
pub(crate) fn between(
    legacy: Arc<dyn Upstream>,
    modern: Arc<dyn Upstream>,
) -> Result<Gateway, Failure> {
    let tables = TableHandle::new(RouteTable::from_document(TABLE)?);
    Ok(Gateway::builder(tables, legacy, modern).build()?)
}

fn side(port: &str) -> Result<Arc<dyn Upstream>, Failure> {
    let upstream = ServiceUpstream::new(bare::client()).surely_unsent(Error::is_connect);
    Ok(Arc::new(upstream.at(&format!("http://127.0.0.1:{port}"))?))
}
