//! A MariaDB.

use std::path::Path;
use std::process::Command;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use crate::Failed;
use crate::place::{Place, finish};

fn program() -> &'static str {
    let of_debian = "/usr/sbin/mariadbd";
    if Path::new(of_debian).exists() { of_debian } else { "mariadbd" }
}

pub(crate) fn prepare(place: &Place) -> Result<(), Failed> {
    // No file of /etc counts: it names the directories of another server.
    let mut command = place.command("mariadb-install-db");
    command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
    command.arg(format!("--datadir={}", place.directory.join("data").display()));
    finish(command)
}

pub(crate) fn command(place: &Place) -> Command {
    let mut command = place.command(program());
    command.arg("--no-defaults");
    command.arg(format!("--datadir={}", place.directory.join("data").display()));
    command.arg(format!("--pid-file={}", place.directory.join("pid").display()));
    // By a short name: the address of a socket has little room.
    command.args(["--socket=socket", "--bind-address=127.0.0.1"]);
    command.args([&format!("--port={}", place.port), "--innodb-buffer-pool-size=64M"]);
    command.args(["--innodb-flush-log-at-trx-commit=1", "--skip-log-bin"]);
    command
}

pub(crate) async fn answers(port: u16) -> bool {
    let Ok(mut conn) = Conn::from_url(format!("mysql://root@127.0.0.1:{port}")).await else {
        return false;
    };
    let made = conn.query_drop("CREATE DATABASE IF NOT EXISTS test").await.is_ok();
    made & conn.disconnect().await.is_ok()
}
