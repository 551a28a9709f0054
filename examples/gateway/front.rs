use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use strangler_fig::gateway::dual::{DualWriteConfig, DualWriter};
use strangler_fig::gateway::tower::{BaseError, GatewayService, ServiceUpstream};
use strangler_fig::gateway::{Aggregate, Body, Gateway, GatewayConfig, Mirror, Part, Upstream};
use strangler_fig::memory::FileRequestJournal;
use strangler_fig::phase::{Incarnation, NodeId};
use strangler_fig::resilience::Exponential;
use strangler_fig::route::TableHandle;
use strangler_fig::stamp::StampClock;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::Failed;

pub(crate) type HttpClient = Client<HttpConnector, Body>;

/// How long the head of a request may take.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How many bytes of a message are read before somebody wants them: no head is longer.
const HEAD_MAX: usize = 64 << 10;
/// How long to wait when no connection can be accepted: others end.
const FULL: Duration = Duration::from_millis(10);

/// By this header a tester goes to a side of choice.
pub(crate) const OVERRIDE: &str = "x-canary";

pub(crate) fn client() -> HttpClient {
    Client::builder(TokioExecutor::new()).http1_max_buf_size(HEAD_MAX).build_http()
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

/// Serves for ever: heads that are too slow or too large end their connections.
async fn serve(listener: TcpListener, service: GatewayService) {
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(HEAD_MAX);
    loop {
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(FULL).await;
            continue;
        };
        // Who has sent a request is its connection's word.
        let service = TowerToHyperService::new(service.for_peer(peer.ip()));
        let connection = server.serve_connection(TokioIo::new(stream), service);
        // A client that goes away is no news.
        tokio::spawn(async { drop(connection.await) });
    }
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
            serve(TcpListener::from_std(listener)?, service).await;
            io::Result::Ok(())
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
