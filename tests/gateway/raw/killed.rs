//! A modern service that dies in mid-run.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use super::net::{Server, front};

/// A server in a runtime of its own, which dies with all of its connections when it is dropped.
struct Mortal {
    runtime: Option<tokio::runtime::Runtime>,
    address: SocketAddr,
}

impl Mortal {
    fn start() -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        runtime.spawn(async move { sender.send(Server::start("modern").await.address).unwrap() });
        let address = receiver.recv().unwrap();
        Self { runtime: Some(runtime), address }
    }

    fn kill(mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// How often each has answered, and how often that is waited for.
#[derive(Debug, Default)]
struct Answers {
    modern: AtomicU32,
    legacy: AtomicU32,
}

const ENOUGH: u32 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_modern_killed_in_mid_run_costs_no_safe_request() {
    for _ in 0..3 {
        let (legacy, modern) = (Server::start("legacy").await, Mortal::start());
        let front = front(legacy.address, modern.address).await;
        let answers = Arc::new(Answers::default());
        let clients = (0..32).map(|_| tokio::spawn(asks(front, Arc::clone(&answers))));
        let clients: Vec<_> = clients.collect();
        while answers.modern.load(Ordering::Relaxed) < ENOUGH {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        modern.kill();
        for client in clients {
            client.await.unwrap();
        }
    }
}

/// Asks until legacy has answered often enough. Anything but an answer is a failure.
async fn asks(front: SocketAddr, answers: Arc<Answers>) {
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    while answers.legacy.load(Ordering::Relaxed) < ENOUGH {
        let response = client.get(format!("http://{front}/orders").parse().unwrap()).await.unwrap();
        assert_eq!(response.status(), 200);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let by = if body == "modern /orders\n" { &answers.modern } else { &answers.legacy };
        assert!(body.ends_with(b" /orders\n"), "{body:?}");
        by.fetch_add(1, Ordering::Relaxed);
    }
}
