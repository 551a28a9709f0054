//! The command `migrate`, as a user runs it, on the real servers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/servers.rs"]
mod servers;

use std::process::{Command, Output};
use std::time::Duration;

use servers::Servers;

const ROWS: u64 = 20_000;

fn command(servers: &Servers, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
    command.args(args);
    command.env("MARIADB_URL", servers.legacy()).env("POSTGRES_URL", servers.modern());
    command
}

fn migrate(servers: &Servers, args: &[&str]) -> (i32, String) {
    told(&command(servers, args).output().unwrap())
}

fn told(output: &Output) -> (i32, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_copies_checks_and_repairs() {
    let servers = Servers::new().await;
    let rows = ROWS.to_string();
    let (code, said) = migrate(&servers, &["demo", "--rows", &rows]);
    assert_eq!((code, said.trim()), (0, "legacy holds 20000 customers"));

    let (code, said) = migrate(&servers, &["copy", "--dry-run"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("(dry run): done") && said.contains("20000 to copy"), "{said}");

    let (code, said) = migrate(&servers, &["all", "--settling", "50"]);
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
        let (code, said) = migrate(&servers, how);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("missing_in_modern  1"), "{said}");
        assert!(said.contains("conflict           2"), "{said}");
        assert!(said.contains("email: <redacted> in legacy, <redacted> in modern"), "{said}");
        assert!(!said.contains("hanged"), "no content is shown: {said}");
    }
    let (code, said) = migrate(&servers, &["repair"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.starts_with("3 keys repaired"), "{said}");
    let (code, said) = migrate(&servers, &["check", "--digest", "--settling", "50"]);
    assert_eq!(code, 0, "{said}");
    servers.drop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_it_goes_on_where_its_checkpoint_says() {
    let servers = Servers::new().await;
    migrate(&servers, &["demo", "--rows", "20000"]);
    for _ in 0..5 {
        let mut child = command(&servers, &["copy", "--rate", "4000"]).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(400)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (code, said) = migrate(&servers, &["all", "--settling", "50"]);
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
    assert!(said.starts_with("migrate: legacy, MARIADB_URL, cannot be counted: "), "{said}");
    let (code, said) = told_of(&["chekc"]);
    assert_eq!((code, said.lines().count()), (2, 1), "{said}");
    assert!(told_of(&["--help"]).1.contains("Usage: migrate"));
}
