//! A NATS of a test's own, with JetStream. It is to be killed, so it is one that keeps then what it has acknowledged.

use std::process::{Command, Stdio};
use std::sync::LazyLock;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;

use super::process::Place;

static PROGRAM: LazyLock<String> = LazyLock::new(|| {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/nats_server.sh");
    let found = Command::new(script).stderr(Stdio::inherit()).output().expect("the script runs");
    assert!(found.status.success(), "no nats-server: scripts/nats_server.sh says why");
    String::from_utf8(found.stdout).expect("a path is a text").trim().to_owned()
});

/// The program.
pub(crate) fn program() -> &'static str {
    &PROGRAM
}

pub(super) fn command(place: &Place) -> Command {
    let mut command = place.command(program());
    command.args(["--addr", "127.0.0.1", "--port", &place.port.to_string()]);
    command.args(["--jetstream", "--store_dir", "data"]);
    command
}

/// Whether it greets with what it has, JetStream among it.
pub(super) async fn answers(port: u16) -> bool {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await else { return false };
    let mut greeting = String::new();
    let read = BufReader::new(stream).read_line(&mut greeting).await;
    read.is_ok() && greeting.contains("\"jetstream\":true")
}
