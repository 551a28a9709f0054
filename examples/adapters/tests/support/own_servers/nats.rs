//! A NATS of a test's own, with JetStream.

use std::process::Command;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;

use super::process::Place;

pub(super) fn command(place: &Place) -> Command {
    let mut command = place.command("nats-server");
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
