//! A NATS with JetStream. It is to be killed, so it is one that keeps then what it has acknowledged.

use std::process::{Command, Stdio};
use std::sync::LazyLock;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;

use crate::Failed;
use crate::place::Place;

static PROGRAM: LazyLock<Result<String, String>> = LazyLock::new(|| {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/nats_server.sh");
    let found = Command::new(script).stderr(Stdio::inherit()).output();
    let found = found.map_err(|error| format!("{script}: {error}"))?;
    if !found.status.success() {
        return Err("no nats-server: scripts/nats_server.sh says why".to_owned());
    }
    Ok(String::from_utf8_lossy(&found.stdout).trim().to_owned())
});

/// The program, which is installed if need be.
///
/// # Errors
///
/// It cannot be.
pub fn program() -> Result<&'static str, Failed> {
    PROGRAM.as_deref().map_err(|why| why.clone().into())
}

pub(crate) fn command(place: &Place) -> Result<Command, Failed> {
    let mut command = place.command(program()?);
    command.args(["--addr", "127.0.0.1", "--port", &place.port.to_string()]);
    command.args(["--jetstream", "--store_dir", "data"]);
    Ok(command)
}

/// Whether it greets with what it has, JetStream among it.
pub(crate) async fn answers(port: u16) -> bool {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await else { return false };
    let mut greeting = String::new();
    let read = BufReader::new(stream).read_line(&mut greeting).await;
    read.is_ok() && greeting.contains("\"jetstream\":true")
}
