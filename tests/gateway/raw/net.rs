//! A gateway on a real socket, between real sockets.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use strangler_fig::gateway::tower::{GatewayService, ServiceUpstream};
use strangler_fig::gateway::{Gateway, GatewayConfig, Upstream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{MODERN_FIRST, tables};

/// What a server has read of a request.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    /// What its body was, if it was whole.
    pub(crate) body: Option<String>,
    pub(crate) trailers: HeaderMap,
}

/// What is at `/large`: more than the buffers of a connection hold.
static LARGE: [u8; 8 << 20] = [b'x'; 8 << 20];

/// A server that keeps what it reads, and answers with its name and the path, or with much.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    read: Arc<Mutex<Vec<Read>>>,
}

impl Server {
    pub(crate) async fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, read) = (listener.local_addr().unwrap(), Arc::default());
        let server = Self { address, read };
        tokio::spawn(server.clone().serve(listener, name));
        server
    }

    async fn serve(self, listener: TcpListener, name: &'static str) {
        while let Ok((stream, _)) = listener.accept().await {
            let server = self.clone();
            let service = service_fn(move |request| server.clone().answer(request, name));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    }

    async fn answer(
        self,
        request: http::Request<Incoming>,
        name: &'static str,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let text = match head.uri.path() {
            "/large" => Bytes::from_static(&LARGE),
            _ => Bytes::from(format!("{name} {}\n", head.uri)),
        };
        let collected = body.collect().await;
        let trailers =
            collected.as_ref().ok().and_then(|it| it.trailers().cloned()).unwrap_or_default();
        let body = collected.ok().map(|it| String::from_utf8_lossy(&it.to_bytes()).into_owned());
        let (method, target) = (head.method.to_string(), head.uri.to_string());
        let read = Read { method, target, headers: head.headers, body, trailers };
        self.read.lock().unwrap().push(read);
        Ok(Response::new(Full::new(text)))
    }

    pub(crate) fn read(&self) -> Vec<Read> {
        self.read.lock().unwrap().clone()
    }

    /// The only request that it has read.
    pub(crate) fn only(&self) -> Read {
        let mut read = self.read();
        assert_eq!(read.len(), 1, "{read:?}");
        read.remove(0)
    }

    pub(crate) fn is_untouched(&self) -> bool {
        self.read.lock().unwrap().is_empty()
    }
}

/// A server that answers every connection with these bytes, once something was sent.
pub(crate) async fn says(bytes: impl Into<Vec<u8>>) -> SocketAddr {
    let (listener, bytes) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), bytes.into());
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let bytes = bytes.clone();
            tokio::spawn(async move {
                let mut room = [0; 4096];
                while stream.read(&mut room).await.is_ok_and(|read| read > 0) {
                    if stream.write_all(&bytes).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

/// An address where nobody listens.
pub(crate) async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

pub(crate) fn at(address: SocketAddr) -> Arc<dyn Upstream> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let upstream = ServiceUpstream::new(client).surely_unsent(Error::is_connect);
    Arc::new(upstream.at(&format!("http://{address}")).unwrap())
}

/// A gateway between these, on a socket of its own.
pub(crate) async fn front(legacy: SocketAddr, modern: SocketAddr) -> SocketAddr {
    let builder = Gateway::builder(tables(MODERN_FIRST), at(legacy), at(modern));
    serve(builder.build().unwrap()).await
}

/// The same, so patient that it is no machine's speed that decides who answers.
pub(crate) async fn front_with(
    config: GatewayConfig,
    legacy: SocketAddr,
    modern: SocketAddr,
) -> SocketAddr {
    let rules = r#"[{ "name": "all", "path": { "prefix": "/" }, "to": "modern", "fallback": true, "deadline_ms": 10000 }]"#;
    let builder = Gateway::builder(tables(rules), at(legacy), at(modern));
    serve(builder.with_config(config).build().unwrap()).await
}

pub(crate) async fn serve(gateway: Gateway) -> SocketAddr {
    let service = GatewayService::new(gateway);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            let service = TowerToHyperService::new(service.for_peer(peer.ip()));
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(1))
                .max_buf_size(64 * 1024)
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });
    address
}

/// What comes back for these bytes, until the connection ends or nothing more comes.
pub(crate) async fn exchange(address: SocketAddr, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Whoever refuses early may close before everything was written.
    let _ = stream.write_all(bytes.as_ref()).await;
    rest(&mut stream).await
}

pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let (mut back, mut room) = (Vec::new(), [0; 4096]);
    let patience = Duration::from_secs(1);
    while let Ok(Ok(read)) = tokio::time::timeout(patience, stream.read(&mut room)).await {
        if read == 0 {
            break;
        }
        back.extend_from_slice(&room[..read]);
    }
    String::from_utf8_lossy(&back).into_owned()
}

/// The statuses of the responses in what came back.
pub(crate) fn statuses(back: &str) -> Vec<u16> {
    let starts = back.match_indices("HTTP/1.").map(|(at, start)| at + start.len() + 2);
    starts.map(|at| back[at..at + 3].parse().unwrap()).collect()
}
