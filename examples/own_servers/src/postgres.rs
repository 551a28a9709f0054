//! A PostgreSQL, from which changes can be decoded.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tokio_postgres::NoTls;

use crate::Failed;
use crate::place::{Place, finish};

/// The newest of Debian's, or that of the path.
fn program(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let numbered = versions.filter_map(|version| {
        let number = version.file_name().to_str()?.parse::<u32>().ok()?;
        Some((number, version.path().join("bin").join(name)))
    });
    let newest = numbered.filter(|(_, path)| path.exists()).max();
    newest.map_or_else(|| name.into(), |(_, path)| path)
}

pub(crate) fn prepare(place: &Place) -> Result<(), Failed> {
    let mut command = place.command(program("initdb"));
    command.args(["--no-sync", "-U", "postgres", "-A", "trust", "-E", "UTF8"]);
    command.args(["--locale=C.UTF-8", "-D", "data"]);
    finish(command)
}

pub(crate) fn command(place: &Place) -> Command {
    // Of one that was killed. Nobody is there any more.
    let _ = fs::remove_file(place.directory.join("data/postmaster.pid"));
    let mut command = place.command(program("postgres"));
    command.args(["-D", "data", "-p", &place.port.to_string(), "-h", "127.0.0.1", "-k", ""]);
    let settings = ["wal_level=logical", "max_connections=200", "shared_buffers=64MB"];
    command.args(settings.iter().flat_map(|setting| ["-c", setting]));
    command
}

pub(crate) async fn answers(url: &str) -> bool {
    let Ok((client, connection)) = tokio_postgres::connect(url, NoTls).await else {
        return false;
    };
    tokio::spawn(connection);
    client.batch_execute("SELECT").await.is_ok()
}
