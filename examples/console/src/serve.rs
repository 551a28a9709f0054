//! Serves the pages to whoever connects, none of whom can hold a connection for ever.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Extension};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// After an error of the listener, as where there are too many files.
const PAUSE: Duration = Duration::from_secs(1);

/// How long what may take, and how many connections there may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// More wait until one of them ends.
    pub connections_max: usize,
    /// The head of a request, and the time between two.
    pub head: Duration,
    /// After this a connection ends with the answer in hand.
    pub connection: Duration,
    /// The answer in hand, from then on: of an action, too.
    pub answer: Duration,
    /// The answers in hand when all is to end.
    pub ending: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 256,
            head: Duration::from_secs(10),
            connection: Duration::from_mins(1),
            answer: Duration::from_mins(10),
            ending: Duration::from_secs(10),
        }
    }
}

/// Serves until `stopped` resolves, and then what is in hand, for a while.
pub async fn serve(
    listener: TcpListener,
    pages: Router,
    limits: Limits,
    stopped: impl Future<Output = ()>,
) {
    let seats = Arc::new(Semaphore::new(limits.connections_max));
    let (ending, ends) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut stopped = pin!(stopped);
    loop {
        select! {
            biased;
            () = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            (seat, stream, peer) = accepted(&listener, &seats) => {
                let pages = pages.clone().layer(Extension(ConnectInfo(peer)));
                let ends = ends.clone();
                connections.spawn(async move {
                    serve_one(stream, pages, limits, ends).await;
                    drop(seat);
                });
            }
        }
    }
    drop(listener);
    ending.send_replace(true);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(limits.ending, all).await.is_err() {
        connections.shutdown().await;
    }
}

async fn accepted(
    listener: &TcpListener,
    seats: &Arc<Semaphore>,
) -> (Option<OwnedSemaphorePermit>, TcpStream, SocketAddr) {
    // Nobody closes the semaphore.
    let seat = seats.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (seat, stream, peer),
            Err(_) => sleep(PAUSE).await,
        }
    }
}

async fn serve_one(
    stream: TcpStream,
    pages: Router,
    limits: Limits,
    mut ends: watch::Receiver<bool>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head);
    let service = TowerToHyperService::new(pages);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
    select! {
        _ = connection.as_mut() => return,
        () = sleep(limits.connection) => {}
        _ = ends.wait_for(|ends| *ends) => {}
    }
    connection.as_mut().graceful_shutdown();
    // Whoever does not take the answer is left alone with it.
    let _ = timeout(limits.answer, connection).await;
}
