//! Servers that a test starts for itself, kills, and starts again over the same files.
//!
//! As root, a server that refuses root runs under its own account, or as nobody.

#![allow(dead_code, reason = "each test takes what it needs")]

mod mariadb;
mod nats;
mod postgres;
mod process;
mod rabbitmq;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use process::{Place, Running};

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Product {
    /// With `wal_level=logical`.
    Postgres,
    Mariadb,
    Rabbitmq,
    /// With JetStream.
    Nats,
}

/// A server in a directory of its own; both end with it.
#[derive(Debug)]
pub(crate) struct OwnServer {
    product: Product,
    place: Place,
    running: Option<Running>,
}

impl OwnServer {
    /// How long a server may take to start, on a machine that is busy.
    const PATIENCE: Duration = Duration::from_mins(2);

    /// A new one, which answers.
    pub(crate) async fn new(product: Product) -> Self {
        let place = match product {
            Product::Postgres => Place::of("postgres", Some("postgres")),
            Product::Mariadb => Place::of("mariadb", Some("mysql")),
            Product::Rabbitmq => Place::of("rabbitmq", None),
            Product::Nats => Place::of("nats", None),
        };
        match product {
            Product::Postgres => postgres::prepare(&place),
            Product::Mariadb => mariadb::prepare(&place),
            Product::Rabbitmq | Product::Nats => {}
        }
        let mut server = Self { product, place, running: None };
        server.start().await;
        server
    }

    /// Where it is.
    pub(crate) fn url(&self) -> String {
        let port = self.place.port;
        match self.product {
            Product::Postgres => format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            Product::Mariadb => format!("mysql://root@127.0.0.1:{port}/test"),
            Product::Rabbitmq => format!("amqp://guest:guest@127.0.0.1:{port}"),
            Product::Nats => format!("nats://127.0.0.1:{port}"),
        }
    }

    /// What it writes to.
    pub(crate) fn directory(&self) -> &Path {
        &self.place.directory
    }

    /// Starts it over the files that are there, and waits until it answers.
    pub(crate) async fn start(&mut self) {
        self.launch();
        self.ready().await;
    }

    /// Starts it, and does not wait.
    pub(crate) fn launch(&mut self) {
        let command = match self.product {
            Product::Postgres => postgres::command(&self.place),
            Product::Mariadb => mariadb::command(&self.place),
            Product::Rabbitmq => rabbitmq::command(&self.place),
            Product::Nats => nats::command(&self.place),
        };
        self.running = Some(self.place.run(command));
    }

    /// Waits until it answers.
    pub(crate) async fn ready(&mut self) {
        let until = Instant::now() + Self::PATIENCE;
        while !self.answers().await {
            let running = self.running.as_mut().expect("it was started");
            let log = || fs::read_to_string(self.place.log()).unwrap_or_default();
            assert!(!running.has_ended(), "{:?} ended: {}", self.product, log());
            assert!(Instant::now() < until, "{:?} did not start: {}", self.product, log());
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends all of its processes at once, by SIGKILL; none is left when it returns.
    pub(crate) fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill(&self.place);
        }
    }

    /// Whether it does.
    pub(crate) async fn answers(&self) -> bool {
        let url = self.url();
        let answer = async {
            match self.product {
                Product::Postgres => postgres::answers(&url).await,
                Product::Mariadb => mariadb::answers(self.place.port).await,
                Product::Rabbitmq => rabbitmq::answers(self.place.port).await,
                Product::Nats => nats::answers(self.place.port).await,
            }
        };
        timeout(Duration::from_secs(5), answer).await.unwrap_or(false)
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.kill();
        if self.product == Product::Rabbitmq {
            rabbitmq::end_names(&self.place);
        }
        let _ = fs::remove_dir_all(&self.place.directory);
    }
}

/// What a command says, if it succeeds.
fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
