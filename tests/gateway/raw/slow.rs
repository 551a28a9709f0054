//! Many slow clients.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use strangler_fig::gateway::GatewayConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::net::{Server, exchange, front_with, nobody, statuses};

/// 500 here; the bench has 10,000.
const CLIENTS: usize = 500;

/// Far fewer places than slow clients.
fn narrow() -> GatewayConfig {
    let places = |count| NonZeroU32::new(count).unwrap();
    GatewayConfig::default()
        .with_in_flight_max(places(100))
        .with_streams_max(places(50))
        .with_responses_max(places(250))
}

/// Slow clients of all kinds, until they are dropped.
fn crowd(front: SocketAddr) -> JoinSet<()> {
    (0..CLIENTS).map(|at| slow(front, at % 4)).collect()
}

async fn slow(front: SocketAddr, kind: usize) {
    let Ok(mut stream) = TcpStream::connect(front).await else { return };
    let head = |method| {
        format!("{method} / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 9999\r\n\r\n")
    };
    match kind {
        0 => drip(&mut stream, "GET / HTTP/1.1\r\nHost: shop.example\r\nX-Slow: ").await,
        1 => drip(&mut stream, &head("POST")).await,
        // It could fall back, and is collected.
        2 => drip(&mut stream, &head("GET")).await,
        _ => {
            let head = "GET /large HTTP/1.1\r\nHost: shop.example\r\n\r\n";
            let _ = stream.write_all(head.as_bytes()).await;
            let mut byte = [0];
            while stream.read(&mut byte).await.is_ok_and(|read| read > 0) {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn drip(stream: &mut TcpStream, head: &str) {
    let _ = stream.write_all(head.as_bytes()).await;
    while stream.write_all(b"x").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Others are answered with this meanwhile, each in time.
async fn answers_others(front: SocketAddr, text: &'static str) {
    let slow = crowd(front);
    // Those who all come at once may take all places, until what is too much was told so.
    tokio::time::sleep(Duration::from_millis(500)).await;
    settled(front).await;
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let mut slowest = Duration::ZERO;
    for _ in 0..200 {
        let began = Instant::now();
        let response = client.get(format!("http://{front}/orders").parse().unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, text);
        slowest = slowest.max(began.elapsed());
    }
    // One that waits for somebody slow waits longer than that, on however slow a machine.
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    drop(slow);
}

/// Resolves when somebody is answered.
async fn settled(front: SocketAddr) {
    let get = "GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";
    for _ in 0..100 {
        if statuses(&exchange(front, get).await) == [200] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody is answered");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_starve_nobody() {
    let (legacy, modern) = (Server::start("legacy").await, Server::start("modern").await);
    let front = front_with(narrow(), legacy.address, modern.address).await;
    answers_others(front, "modern /orders\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_clients_do_not_starve_the_fallback() {
    let legacy = Server::start("legacy").await;
    let front = front_with(narrow(), legacy.address, nobody().await).await;
    answers_others(front, "legacy /orders\n").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_who_take_their_time_are_no_more_than_is_allowed() {
    let (legacy, modern) = (Server::start("legacy").await, Server::start("modern").await);
    let config = narrow().with_responses_max(NonZeroU32::new(20).unwrap());
    let front = front_with(config, legacy.address, modern.address).await;
    let readers: JoinSet<()> = (0..40).map(|_| slow(front, 3)).collect();
    for _ in 0..500 {
        if modern.read().len() >= 20 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(modern.read().len(), 20, "the others are sent nowhere");
    let get = "GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n";
    assert_eq!(statuses(&exchange(front, get).await), [503]);
    drop(readers);
    // Their places are given back.
    settled(front).await;
}
