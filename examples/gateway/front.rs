use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::middleware::from_fn;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;
use strangler_fig::gateway::dual::{DualWriteConfig, DualWriter};
use strangler_fig::gateway::tower::{BaseError, GatewayService, ServiceUpstream};
use strangler_fig::gateway::{
    Aggregate, Body, ClientAddress, Gateway, GatewayConfig, Mirror, Part, Upstream,
};
use strangler_fig::memory::FileRequestJournal;
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::resilience::Exponential;
use strangler_fig::route::TableHandle;
use strangler_fig::stamp::StampClock;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::Failed;

pub(crate) type HttpClient = Client<HttpConnector, Body>;

/// By this header a tester goes to a side of choice.
pub(crate) const OVERRIDE: &str = "x-canary";

pub(crate) fn client() -> HttpClient {
    Client::builder(TokioExecutor::new()).build_http()
}

/// Where the two sides are, and what all gateways in front of them share.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) legacy: SocketAddr,
    pub(crate) modern: SocketAddr,
    pub(crate) tables: TableHandle,
    pub(crate) mirror: Mirror,
    /// The folder of the requests that both sides are sent.
    pub(crate) requests: PathBuf,
}

impl Setup {
    /// A gateway that is called so, and what its writer leaves.
    pub(crate) fn gateway(&self, name: &str) -> Result<(Gateway, DualWriter), Failed> {
        let (legacy, modern) = (at(self.legacy)?, at(self.modern)?);
        let writer = self.writer(name, &legacy, &modern)?;
        let page = Aggregate::of([
            Part::required("order", "/orders/{id}"),
            Part::optional("reviews", "/reviews/{id}"),
        ])?;
        let gateway = Gateway::builder(self.tables.clone(), legacy, modern)
            .with_mirror(self.mirror.clone())
            .with_aggregate("page", page)
            .with_dual_writer(writer.clone())
            .with_config(GatewayConfig::default().with_served_by())
            .build()?;
        Ok((gateway, writer))
    }

    fn writer(
        &self,
        name: &str,
        legacy: &Arc<dyn Upstream>,
        modern: &Arc<dyn Upstream>,
    ) -> Result<DualWriter, Failed> {
        let node = NodeId { name: name.parse()?, incarnation: Incarnation::random()? };
        // Each process has its own; what they share is files.
        let journal = Arc::new(FileRequestJournal::new(&self.requests));
        let stamps = Arc::new(StampClock::new()?);
        let soon = Exponential::between(Duration::from_millis(20), Duration::from_millis(100));
        let config = DualWriteConfig::default()
            .with_deadline(Duration::from_millis(300))
            .with_journal_deadline(Duration::from_secs(2))
            .with_lenient_wait(Duration::from_millis(20))
            .with_term(Duration::from_millis(300))
            .with_poll_interval(Duration::from_millis(20))
            .with_backoff(soon);
        let writer = DualWriter::new(journal, node, stamps, legacy.clone(), modern.clone());
        Ok(writer.with_config(config))
    }
}

/// A side that is a server.
fn at(address: SocketAddr) -> Result<Arc<dyn Upstream>, BaseError> {
    let upstream = ServiceUpstream::new(client()).surely_unsent(Error::is_connect);
    Ok(Arc::new(upstream.at(&format!("http://{address}"))?))
}

/// A process that serves a gateway, as far as a runtime of its own is one.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Front {
    pub(crate) fn start(gateway: impl Into<Arc<Gateway>>) -> io::Result<Self> {
        let (runtime, service) = (Runtime::new()?, GatewayService::new(gateway));
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        runtime.spawn(async move {
            // Who has sent a request is its connection's word.
            let routes = Router::new()
                .fallback_service(service)
                .layer(from_fn(
                    async |mut request: axum::extract::Request, next: axum::middleware::Next| {
                        let peer =
                            request.extensions().get::<ConnectInfo<SocketAddr>>().map(|it| it.0);
                        if let Some(peer) = peer {
                            request.extensions_mut().insert(ClientAddress(peer.ip()));
                        }
                        next.run(request).await
                    },
                ))
                .into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(TcpListener::from_std(listener)?, routes).await
        });
        Ok(Self { address, runtime: Some(runtime) })
    }

    /// As by `kill -9`: whatever is under way ends in its middle.
    pub(crate) fn die(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.die();
    }
}
