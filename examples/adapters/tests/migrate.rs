//! The command `migrate`, as a user runs it, on the real servers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;
use std::process::{Command, Output};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use tokio_postgres::NoTls;

const ROWS: u64 = 20_000;

/// A database in MariaDB and a schema in PostgreSQL of a test's own.
struct Servers {
    name: String,
    mariadb: String,
    postgres: String,
}

impl Servers {
    async fn new() -> Self {
        let name = format!("strangler_fig_migrate_{:016x}", fastrand::u64(..));
        let url = |variable, usual: &str| env::var(variable).unwrap_or_else(|_| usual.to_owned());
        let mariadb = url("MARIADB_URL", "mysql://root@127.0.0.1:3306/test");
        let postgres = url("POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test");
        let servers = Self { name, mariadb, postgres };
        servers.on_mariadb(&format!("CREATE DATABASE {}", servers.name), &servers.mariadb).await;
        let schema = format!("CREATE SCHEMA {}", servers.name);
        servers.on_postgres(&schema, &servers.postgres).await;
        servers
    }

    fn legacy(&self) -> String {
        let (server, _) = self.mariadb.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    fn modern(&self) -> String {
        let sign = if self.postgres.contains('?') { '&' } else { '?' };
        format!("{}{sign}options=-csearch_path%3D{}", self.postgres, self.name)
    }

    async fn on_mariadb(&self, sql: &str, url: &str) {
        let conn = mysql_async::Conn::from_url(url).await;
        let missing = |error| {
            panic!(
                "no MariaDB at {url} ({error}): run `make servers`, or set MARIADB_URL to another"
            )
        };
        let mut conn = conn.unwrap_or_else(missing);
        conn.query_drop(sql).await.unwrap();
        conn.disconnect().await.unwrap();
    }

    async fn on_postgres(&self, sql: &str, url: &str) {
        let connected = tokio_postgres::connect(url, NoTls).await;
        let missing = |error| {
            panic!(
                "no PostgreSQL at {url} ({error}): run `make servers`, or set POSTGRES_URL to another"
            )
        };
        let (client, connection) = connected.unwrap_or_else(missing);
        tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
        command.args(args).env("MARIADB_URL", self.legacy()).env("POSTGRES_URL", self.modern());
        command
    }

    fn migrate(&self, args: &[&str]) -> (i32, String) {
        told(&self.command(args).output().unwrap())
    }

    async fn drop_all(self) {
        self.on_mariadb(&format!("DROP DATABASE {}", self.name), &self.mariadb).await;
        let drop = format!("SET client_min_messages = error; DROP SCHEMA {} CASCADE", self.name);
        self.on_postgres(&drop, &self.postgres).await;
    }
}

fn told(output: &Output) -> (i32, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_copies_checks_and_repairs() {
    let servers = Servers::new().await;
    let rows = ROWS.to_string();
    let (code, said) = servers.migrate(&["demo", "--rows", &rows]);
    assert_eq!((code, said.trim()), (0, "legacy holds 20000 customers"));

    let (code, said) = servers.migrate(&["copy", "--dry-run"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("(dry run): done") && said.contains("20000 to copy"), "{said}");

    let (code, said) = servers.migrate(&["all", "--settling", "50"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("20000 copied") && said.contains("onsistent"), "{said}");

    // Somebody works behind the crate's back on either side.
    let planted = "UPDATE customer SET name = 'changed' ORDER BY id LIMIT 1";
    servers.on_mariadb(planted, &servers.legacy()).await;
    let planted =
        "DELETE FROM customer WHERE id = (SELECT id FROM customer ORDER BY id DESC LIMIT 1);
        UPDATE customer SET email = 'Changed@example.org'
        WHERE id = (SELECT id FROM customer ORDER BY id OFFSET 777 LIMIT 1)";
    servers.on_postgres(planted, &servers.modern()).await;
    for how in [&["check", "--settling", "50"][..], &["check", "--digest", "--settling", "50"]] {
        let (code, said) = servers.migrate(how);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("missing_in_modern  1"), "{said}");
        assert!(said.contains("conflict           2"), "{said}");
        assert!(said.contains("email: <redacted> in legacy, <redacted> in modern"), "{said}");
        assert!(!said.contains("hanged"), "no content is shown: {said}");
    }
    let (code, said) = servers.migrate(&["repair"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.starts_with("3 keys repaired"), "{said}");
    let (code, said) = servers.migrate(&["check", "--digest", "--settling", "50"]);
    assert_eq!(code, 0, "{said}");
    servers.drop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_it_goes_on_where_its_checkpoint_says() {
    let servers = Servers::new().await;
    servers.migrate(&["demo", "--rows", "20000"]);
    for _ in 0..5 {
        let mut child = servers.command(&["copy", "--rate", "4000"]).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(400)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (code, said) = servers.migrate(&["all", "--settling", "50"]);
    assert_eq!(code, 0, "{said}");
    let this_run = said.split("this run: ").nth(1).unwrap().split(' ').next().unwrap();
    let this_run: u64 = this_run.parse().unwrap();
    assert!(this_run < ROWS, "it began anew: {said}");
    servers.drop_all().await;
}

#[test]
fn what_cannot_be_done_is_one_clear_line() {
    let told_of = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
        command.args(args).env("MARIADB_URL", "mysql://root@127.0.0.1:9/nothing");
        told(&command.output().unwrap())
    };
    let (code, said) = told_of(&["check"]);
    assert_eq!((code, said.lines().count()), (2, 1), "{said}");
    assert!(said.starts_with("migrate: legacy at mysql://root@127.0.0.1:9/nothing"), "{said}");
    let (code, said) = told_of(&["chekc"]);
    assert_eq!((code, said.lines().count()), (2, 1), "{said}");
    assert!(told_of(&["--help"]).1.contains("Usage: migrate"));
}
