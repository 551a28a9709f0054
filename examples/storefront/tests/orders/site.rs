//! Schemas and queues of a test's own, and the three services on them.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::env;
use std::net::TcpListener;
use std::time::Duration;

use adapters::rabbitmq::{RabbitmqBus, RabbitmqConfig};
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use storefront::orders::{Mailbox, Order};
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;

const PATIENCE: Duration = Duration::from_mins(1);
pub(crate) const SOON: Duration = Duration::from_millis(100);

fn server(variable: &str, usual: &str) -> String {
    env::var(variable).unwrap_or_else(|_| usual.to_owned())
}

/// A schema of a test's own.
pub(crate) struct Room(String);

impl Room {
    pub(crate) async fn new() -> Self {
        let room = Self(format!("storefront_{:016x}", fastrand::u64(..)));
        room.run(&format!("CREATE SCHEMA {}", room.0)).await;
        room
    }

    pub(crate) fn url(&self) -> String {
        let server = server("POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test");
        let sign = if server.contains('?') { '&' } else { '?' };
        format!("{server}{sign}options=-csearch_path%3D{}", self.0)
    }

    pub(crate) async fn run(&self, sql: &str) {
        let connected = tokio_postgres::connect(&self.url(), NoTls).await;
        let (client, connection) = connected.expect("no PostgreSQL: run `make servers`");
        tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
    }

    pub(crate) async fn remove(self) {
        let drop = format!("SET client_min_messages = error; DROP SCHEMA {} CASCADE", self.0);
        self.run(&drop).await;
    }
}

/// A service, its schema, and its process.
pub(crate) struct Served {
    program: &'static str,
    room: Room,
    address: String,
    prefix: String,
    process: Child,
}

impl Served {
    async fn new(program: &'static str, prefix: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let room = Room::new().await;
        let process = started(program, &room, &address, prefix);
        let served = Self { program, room, address, prefix: prefix.to_owned(), process };
        served.ready().await;
        served
    }

    async fn ready(&self) {
        let ready = async {
            while !matches!(self.ask(Method::GET, "/readyz", "").await, Some((StatusCode::OK, _))) {
                sleep(SOON).await;
            }
        };
        timeout(PATIENCE, ready).await.expect("it is ready soon");
    }

    /// Without a word, and from the beginning.
    pub(crate) async fn die_and_live(&mut self) {
        self.process.kill().await.unwrap();
        self.process = started(self.program, &self.room, &self.address, &self.prefix);
        self.ready().await;
    }

    /// Its answer, if it is there.
    async fn ask(&self, method: Method, path: &str, body: &str) -> Option<(StatusCode, Value)> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()))
            .unwrap();
        // A connection for each: whoever answered the last one may be dead.
        let client = Client::builder(TokioExecutor::new()).build_http();
        let answer = client.request(request).await.ok()?;
        let status = answer.status();
        let body = answer.into_body().collect().await.ok()?.to_bytes();
        Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.ask(Method::GET, path, "").await.expect("it is there")
    }

    /// Orders, again and again until there is an answer.
    pub(crate) async fn order(&self, order: &Order) -> StatusCode {
        let body = serde_json::to_string(order).unwrap();
        loop {
            match self.ask(Method::POST, "/orders", &body).await {
                Some((status, _)) if !status.is_server_error() => return status,
                _ => sleep(SOON).await,
            }
        }
    }
}

fn started(program: &str, room: &Room, address: &str, prefix: &str) -> Child {
    Command::new(program)
        .env("LISTEN", address)
        .env("DATABASE_URL", room.url())
        .env("AMQP_URL", server("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672"))
        .env("TOPICS_PREFIX", prefix)
        .env("NODE", "node-1")
        .env("STOCK", "p-1=30,p-2=1000")
        .env("RUST_LOG", "warn")
        .kill_on_drop(true)
        .spawn()
        .expect("the program is there")
}

/// The three of them.
pub(crate) struct Site {
    pub(crate) orders: Served,
    pub(crate) stock: Served,
    pub(crate) payments: Served,
}

impl Site {
    pub(crate) async fn new() -> Self {
        let prefix = format!("storefront_{:016x}", fastrand::u64(..));
        let served = |program| Served::new(program, &prefix);
        let (orders, stock, payments) = tokio::join!(
            served(env!("CARGO_BIN_EXE_order-service")),
            served(env!("CARGO_BIN_EXE_inventory-service")),
            served(env!("CARGO_BIN_EXE_payment-service")),
        );
        Self { orders, stock, payments }
    }

    pub(crate) async fn remove(self) {
        let config = RabbitmqConfig::default().with_prefix(&self.orders.prefix);
        let url = server("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672");
        for Served { mut process, room, .. } in [self.orders, self.stock, self.payments] {
            process.kill().await.unwrap();
            room.remove().await;
        }
        let names = Mailbox::ALL.map(Mailbox::subscription);
        RabbitmqBus::new(&url, config).remove(&names).await.unwrap();
    }
}
