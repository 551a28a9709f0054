//! A `RabbitMQ`, with a daemon of names of its own.

use std::fs;
use std::process::{Command, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::place::Place;

const SCRIPT: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// Ports beside that of the protocol: that of other nodes, and that of the names.
fn beside(place: &Place) -> [String; 2] {
    [1, 2].map(|more| (place.port + more).to_string())
}

pub(crate) fn command(place: &Place) -> Command {
    // Not Debian's command, which wants its own user and directories.
    let mut command = place.command(SCRIPT);
    let at = |name: &str| place.directory.join(name);
    let [nodes, names] = beside(place);
    command.env("HOME", &place.directory);
    command.env("RABBITMQ_NODENAME", format!("fig{}@localhost", place.port));
    command.env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1");
    command.env("RABBITMQ_NODE_PORT", place.port.to_string());
    command.env("RABBITMQ_DIST_PORT", nodes);
    command.env("ERL_EPMD_PORT", names).env("ERL_EPMD_ADDRESS", "127.0.0.1");
    command.env("RABBITMQ_MNESIA_BASE", at("data")).env("RABBITMQ_LOG_BASE", at("logs"));
    command.env("RABBITMQ_PID_FILE", at("pid"));
    command.env("RABBITMQ_ENABLED_PLUGINS_FILE", at("plugins"));
    command.env("RABBITMQ_CONF_ENV_FILE", "/dev/null").env("RABBITMQ_CONFIG_FILE", at("none"));
    command.env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 2:2 +sbwt none");
    // The script becomes the server, instead of waiting for it.
    command.env("RUNNING_UNDER_SYSTEMD", "1").env_remove("NOTIFY_SOCKET");
    command
}

/// Whether it speaks: its first frame is that of a method.
pub(crate) async fn answers(port: u16) -> bool {
    let greet = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"AMQP\x00\x00\x09\x01").await?;
        stream.read_u8().await
    };
    matches!(greet.await, Ok(1))
}

/// Whether the file in which a node finds its quorum queues has one of this name. It is written some time after a queue
/// was declared: a node that is killed before makes the queue again, empty, and may never lead it
/// (`rabbitmq/ra` pull request 443, `rabbitmq/rabbitmq-server` issue 15725).
pub(crate) fn keeps(place: &Place, queue: &str) -> bool {
    let node = format!("fig{}@localhost", place.port);
    let file = place.directory.join("data").join(&node).join("quorum").join(&node);
    let name = format!("%2F_{queue}");
    fs::read(file.join("names.dets"))
        .is_ok_and(|bytes| bytes.windows(name.len()).any(|window| window == name.as_bytes()))
}

/// Ends the daemon of names, which outlives the server.
pub(crate) fn end_names(place: &Place) {
    let [_, names] = beside(place);
    let mut command = Command::new("epmd");
    let _ = command.args(["-port", &names, "-kill"]).stdout(Stdio::null()).status();
}
