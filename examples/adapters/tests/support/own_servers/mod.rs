//! Servers that a test starts for itself, kills, and starts again over the same files.
//!
//! As root, a server that refuses root runs under its own account, or as nobody.

#![allow(dead_code, unused_imports, reason = "each test takes what it needs")]

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

pub(crate) use nats::program as nats_program;
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
    /// How often one that was killed is started at most.
    const STARTS: u32 = 4;

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

    /// Starts it after it was killed, and waits until it answers. One that was killed may find its files so that it ends
    /// while it starts, and comes up the next time: it is started a few times.
    pub(crate) async fn restart(&mut self) {
        for _ in 1..Self::STARTS {
            self.launch();
            if self.comes_up().await {
                return;
            }
            self.kill();
        }
        self.start().await;
    }

    /// Waits until it answers.
    pub(crate) async fn ready(&mut self) {
        let comes_up = self.comes_up().await;
        assert!(comes_up, "{:?} ended: {}", self.product, self.log());
    }

    /// Waits until it answers; or has ended.
    async fn comes_up(&mut self) -> bool {
        let until = Instant::now() + Self::PATIENCE;
        while !self.answers().await {
            let running = self.running.as_mut().expect("it was started");
            if running.has_ended() {
                return false;
            }
            assert!(Instant::now() < until, "{:?} did not start: {}", self.product, self.log());
            sleep(Duration::from_millis(50)).await;
        }
        true
    }

    /// Waits until a quorum queue of a `RabbitMQ`, which was declared, is one that it finds again after it was killed.
    pub(crate) async fn keeps(&self, queue: &str) {
        let until = Instant::now() + Self::PATIENCE;
        while !rabbitmq::keeps(&self.place, queue) {
            assert!(Instant::now() < until, "{queue} is on no file: {}", self.log());
            sleep(Duration::from_millis(50)).await;
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.place.log()).unwrap_or_default()
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
