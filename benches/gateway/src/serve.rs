//! What our servers share: one thread, hyper's HTTP/1.1, a loop that accepts.

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Builder;

use crate::error::Failure;

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 4_096;
/// How long the head of a request may take.
const HEAD_WITHIN: Duration = Duration::from_secs(60);
/// The most of a message that is read before somebody wants it.
pub(crate) const BUFFER_MAX: usize = 16 * 1_024;
/// How long to wait when there are no descriptors: others are given back.
const FULL: Duration = Duration::from_millis(10);

/// Runs a future on this thread.
pub(crate) fn run<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    Builder::new_current_thread().enable_all().build()?.block_on(future)
}

/// Accepts connections for ever; `service` makes what answers on one of them.
pub(crate) async fn serve<S, B>(port: u16, service: impl Fn(IpAddr) -> S) -> Result<(), Failure>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    let listener = listen(port)?;
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(BUFFER_MAX);
    loop {
        let Ok((stream, from)) = listener.accept().await else {
            tokio::time::sleep(FULL).await;
            continue;
        };
        stream.set_nodelay(true)?;
        let connection = server.serve_connection(TokioIo::new(stream), service(from.ip()));
        // A client that goes away is no news.
        tokio::spawn(async { drop(connection.await) });
    }
}

fn listen(port: u16) -> Result<TcpListener, Failure> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(([127, 0, 0, 1], port).into())?;
    Ok(socket.listen(BACKLOG)?)
}
