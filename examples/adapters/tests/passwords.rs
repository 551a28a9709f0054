//! What the commands say of servers that they do not reach tells no password.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/servers.rs"]
mod servers;

use std::process::Command;

use servers::Servers;

const PASSWORD: &str = "hush";
const PLACES: [&str; 3] = ["127.0.0.1:1/test", "127.0.0.1:port/test", "127.0.0.1:1/test?nothing=x"];

/// Runs it, which has to fail, and answers what it says.
fn said(program: &str, args: &[&str], urls: &[(&str, &str)]) -> String {
    let mut command = Command::new(program);
    let output = command.args(args).envs(urls.iter().copied()).output().unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(!output.status.success() && !said.is_empty(), "{args:?} does not fail: {said}");
    said
}

fn url(scheme: &str, place: &str) -> String {
    format!("{scheme}://ann:{PASSWORD}@{place}")
}

#[test]
fn operate_tells_none() {
    let operate = env!("CARGO_BIN_EXE_operate");
    for place in PLACES {
        for scheme in ["postgres", "redis", "nats", "mongodb"] {
            let state = url(scheme, place);
            let said = said(operate, &["status"], &[("STATE_URL", &state)]);
            assert!(!said.contains(PASSWORD), "{said}");
        }
    }
    let said = said(operate, &["status"], &[("STATE_URL", PASSWORD)]);
    assert!(said.contains("STATE_URL") && !said.contains(PASSWORD), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_tells_none() {
    let (migrate, servers) = (env!("CARGO_BIN_EXE_migrate"), Servers::new().await);
    let (legacy, modern) = (servers.legacy(), servers.modern());
    let urls = [("MARIADB_URL", &*legacy), ("POSTGRES_URL", &*modern)];
    let demo = Command::new(migrate).args(["demo", "--rows", "1"]).envs(urls).status();
    assert!(demo.unwrap().success());
    for place in PLACES {
        let (mariadb, postgres) = (url("mysql", place), url("postgres", place));
        for job in ["demo", "check"] {
            let said = said(migrate, &[job], &[("MARIADB_URL", &mariadb)]);
            assert!(said.contains("MARIADB_URL") && !said.contains(PASSWORD), "{said}");
        }
        let urls = [("MARIADB_URL", &*legacy), ("POSTGRES_URL", &*postgres)];
        let said = said(migrate, &["check", "--alone"], &urls);
        assert!(said.contains("POSTGRES_URL") && !said.contains(PASSWORD), "{said}");
    }
    servers.drop_all().await;
}
