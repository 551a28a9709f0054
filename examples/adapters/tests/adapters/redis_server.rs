//! A Redis of a test's own, to be misconfigured and killed.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use tokio::time::{Instant, sleep};

/// What a server needs to be trusted.
pub(crate) const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// The shared server.
pub(crate) fn server_url() -> String {
    std::env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned())
}

/// A connection beside the adapter's.
pub(crate) async fn connect(url: &str) -> redis::RedisResult<MultiplexedConnection> {
    redis::Client::open(url)?.get_multiplexed_async_connection().await
}

/// A server in a directory of its own; both end with it.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    directory: PathBuf,
}

impl Server {
    pub(crate) async fn with(args: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        drop(listener);
        let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("redis-{port}"));
        fs::create_dir_all(&directory).expect("a directory can be made");
        let child = started(port, &directory, args);
        let server = Self { child, port, directory };
        server.connect().await;
        server
    }

    /// Kills it, and starts it over the same files.
    pub(crate) async fn restart(&mut self, args: &[&str]) {
        self.kill();
        self.child = started(self.port, &self.directory, args);
        self.connect().await;
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) async fn connect(&self) -> MultiplexedConnection {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            match connect(&self.url()).await {
                Ok(connection) => return connection,
                Err(error) => assert!(Instant::now() < until, "it did not start: {error}"),
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// One command, as an operator gives it.
    pub(crate) async fn command(&self, command: &str) {
        let mut words = command.split(' ');
        let mut sent = redis::cmd(words.next().expect("there is a word"));
        sent.arg(words.collect::<Vec<_>>());
        let answer = sent.query_async::<redis::Value>(&mut self.connect().await).await;
        answer.unwrap_or_else(|error| panic!("{command}: {error}"));
    }

    fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}

fn started(port: u16, directory: &PathBuf, args: &[&str]) -> Child {
    let port = port.to_string();
    let mut command = Command::new("redis-server");
    command.args(["--port", &port, "--bind", "127.0.0.1", "--save", ""]).arg("--dir");
    command.arg(directory).args(args).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap_or_else(|error| panic!("no redis-server to start ({error}): install it"))
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
