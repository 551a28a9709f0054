//! The command `migrate`, as a user runs it, on the real servers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/servers.rs"]
mod servers;

use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use adapters::customer::Customer;
use adapters::mariadb::{MariadbDatabase, MariadbRepository};
use adapters::postgres::{
    PostgresDatabase, PostgresRepairQueue, PostgresRepository, PostgresStateService,
};
use servers::Servers;
use strangler_fig::key::KeyExt;
use strangler_fig::phase::{Phase, PhaseTracker, TrackerConfig};
use strangler_fig::reconcile::{RepairNote, RepairQueue};
use strangler_fig::repository::MigrationRepository;

const ROWS: u64 = 20_000;

fn command(servers: &Servers, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
    command.args(args).env_remove("STATE_URL");
    command.env("LEGACY_URL", servers.legacy()).env("MODERN_URL", servers.modern());
    command
}

/// Where no fleet serves.
fn alone(servers: &Servers, args: &[&str]) -> (i32, String) {
    told(&command(servers, &[args, &["--alone"]].concat()).output().unwrap())
}

/// Beside a fleet; `operate` or `migrate`.
async fn beside(servers: &Servers, program: &'static str, args: &[&str]) -> (i32, String) {
    let mut command = Command::new(program);
    command.args(args).env("STATE_URL", servers.modern()).env("ACTOR", "ann");
    command.env("LEGACY_URL", servers.legacy()).env("MODERN_URL", servers.modern());
    // The fleet goes on meanwhile.
    told(&tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap())
}

fn told(output: &Output) -> (i32, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_copies_checks_and_repairs() {
    let servers = Servers::new().await;
    let rows = ROWS.to_string();
    let (code, said) = alone(&servers, &["demo", "--rows", &rows]);
    assert_eq!((code, said.trim()), (0, "legacy holds 20000 customers"));

    let (code, said) = alone(&servers, &["copy", "--dry-run"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("(dry run): done") && said.contains("20000 to copy"), "{said}");

    let (code, said) = alone(&servers, &["all", "--settling", "50", "--dry-run"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("missing_in_modern  20000") && !said.contains("repaired"), "{said}");

    let (code, said) = alone(&servers, &["all", "--settling", "50"]);
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
        let (code, said) = alone(&servers, how);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("missing_in_modern  1"), "{said}");
        assert!(said.contains("conflict           2"), "{said}");
        assert!(said.contains("email: <redacted> in legacy, <redacted> in modern"), "{said}");
        assert!(!said.contains("hanged"), "no content is shown: {said}");
    }
    let (code, said) = alone(&servers, &["repair"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.starts_with("3 keys repaired"), "{said}");
    let (code, said) = alone(&servers, &["check", "--digest", "--settling", "50"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(alone(&servers, &["forget"]).0, 0);
    let (code, said) = alone(&servers, &["copy"]);
    assert!(code == 0 && said.contains("20000 scanned"), "it begins anew: {said}");
    servers.drop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_it_goes_on_where_its_checkpoint_says() {
    let servers = Servers::new().await;
    alone(&servers, &["demo", "--rows", "20000"]);
    for _ in 0..5 {
        let mut child = command(&servers, &["copy", "--alone", "--rate", "4000"]).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(400)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let (code, said) = alone(&servers, &["all", "--settling", "50"]);
    assert_eq!(code, 0, "{said}");
    let this_run = said.split("this run: ").nth(1).unwrap().split(' ').next().unwrap();
    let this_run: u64 = this_run.parse().unwrap();
    assert!(this_run < ROWS, "it began anew: {said}");
    servers.drop_all().await;
}

/// Once modern counts, a row that legacy has not got, or has an older one of, is no reason to take modern's away.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_fleet_has_written_after_it_crossed_is_kept() {
    let (migrate, operate) = (env!("CARGO_BIN_EXE_migrate"), env!("CARGO_BIN_EXE_operate"));
    let servers = Servers::new().await;
    alone(&servers, &["demo", "--rows", "10"]);
    let done = async |program: &'static str, args: &[&str]| {
        let (code, said) = beside(&servers, program, args).await;
        assert_eq!(code, 0, "{args:?}: {said}");
    };
    done(operate, &["create", "--reason", "customers leave"]).await;
    let modern = || PostgresDatabase::new(&servers.modern()).unwrap();
    let service = Arc::new(PostgresStateService::open(modern()).await.unwrap());
    let (migration, node) = ("customers".parse().unwrap(), "node-1".parse().unwrap());
    let config = TrackerConfig::default().with_poll_interval(Duration::from_millis(100));
    let tracker = PhaseTracker::start(service, migration, node, config).await.unwrap();
    let follower = Arc::clone(&tracker);
    tokio::spawn(async move { follower.run(std::future::pending()).await });
    done(operate, &["advance-to", "dual_write", "--reason", "begin"]).await;
    done(migrate, &["copy"]).await;
    done(operate, &["advance-to", "modern_only", "--reason", "across"]).await;
    while tracker.state().base().phase != Phase::ModernOnly {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let legacy = MariadbRepository::new(MariadbDatabase::new(&servers.legacy()).unwrap());
    let customers =
        MigrationRepository::new(legacy, PostgresRepository::new(modern()), tracker).unwrap();
    let new = Customer {
        id: b"new".to_vec(),
        name: "Written in modern_only".to_owned(),
        email: None,
        balance: 0,
        joined: 0,
        visits: 0,
        is_active: true,
        seal: None,
    };
    customers.save(new.clone()).await.unwrap();
    let (code, said) = beside(&servers, migrate, &["check", "--settling", "50"]).await;
    assert!(code == 1 && said.contains("missing_in_legacy  1"), "{said}");
    done(migrate, &["repair"]).await;
    assert_eq!(customers.find(&new.id).await.unwrap(), Some(new.clone()));
    done(migrate, &["check", "--settling", "50"]).await;
    // The control: whoever says that there is no fleet takes legacy's word.
    let changed = Customer { name: "Written again".to_owned(), ..new.clone() };
    customers.save(changed).await.unwrap();
    alone(&servers, &["all", "--settling", "50"]);
    assert_eq!(customers.find(&new.id).await.unwrap(), Some(new));
    servers.drop_all().await;
}

/// Whom a supervisor asks to end leaves no lease behind; whom it kills does, for its term.
#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_it_gives_its_place_back() {
    let operate = env!("CARGO_BIN_EXE_operate");
    let servers = Servers::new().await;
    alone(&servers, &["demo", "--rows", "5000"]);
    assert_eq!(beside(&servers, operate, &["create", "--reason", "a test"]).await.0, 0);
    let leases =
        async || beside(&servers, operate, &["status"]).await.1.matches("migrate-").count();
    for (signal, left) in [("-TERM", false), ("-INT", false), ("-KILL", true)] {
        let mut command = command(&servers, &["copy", "--dry-run", "--rate", "100"]);
        let mut child = command.env("STATE_URL", servers.modern()).spawn().unwrap();
        let mut looks = 0..30;
        while leases().await == 0 {
            assert!(looks.next().is_some(), "it takes no place");
        }
        let kill = Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        child.wait().unwrap();
        assert_eq!(leases().await > 0, left, "{signal}");
    }
    servers.drop_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_listed_and_tried_again() {
    let servers = Servers::new().await;
    alone(&servers, &["demo", "--rows", "10"]);
    assert_eq!(alone(&servers, &["all", "--settling", "50"]).0, 0);
    assert_eq!(alone(&servers, &["parked"]), (0, "0 keys are parked\n".to_owned()));
    let queue = PostgresRepairQueue::new(PostgresDatabase::new(&servers.modern()).unwrap());
    let key = b"k\n".to_vec().to_bytes();
    let (listed, reason) = (key.escape_ascii().to_string(), "mismatch".to_owned());
    queue.note(&[RepairNote { key, reason }]).await.unwrap();
    let taken = queue.take(1.try_into().unwrap(), Duration::from_secs(9)).await.unwrap();
    queue.park(&taken[0], "modern refuses it").await.unwrap();
    let (code, said) = alone(&servers, &["parked"]);
    assert!(code == 1 && said.starts_with(&format!("key {listed}: mismatch, ")), "{said}");
    assert!(said.ends_with("modern refuses it\n1 keys are parked\n"), "{said}");
    let (code, said) = alone(&servers, &["repair"]);
    assert!(code == 1 && said.contains("1 are parked"), "{said}");
    let (code, said) = alone(&servers, &["retry", "--actor", "ann"]);
    assert!(code == 2 && said.contains("--reason"), "{said}");
    let (code, said) = alone(&servers, &["retry", "--actor", "ann", "--reason", "it was mended"]);
    assert!(code == 0 && said.contains("0 are parked"), "{said}");
    servers.drop_all().await;
}

#[test]
fn what_cannot_be_done_is_one_clear_line() {
    let told_of = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_migrate"));
        command.args(args).env_remove("LEGACY_URL");
        command.env("MARIADB_URL", "mysql://root@127.0.0.1:9/nothing");
        told(&command.output().unwrap())
    };
    let (code, said) = told_of(&["check"]);
    assert_eq!((code, said.lines().count()), (2, 1), "{said}");
    assert!(said.starts_with("migrate: legacy, MARIADB_URL, cannot be counted: "), "{said}");
    let (code, said) = told_of(&["repair", "--dry-run"]);
    assert!(code == 2 && said.contains("--dry-run is for copy"), "{said}");
    let (code, said) = told_of(&["chekc"]);
    assert_eq!((code, said.lines().count()), (2, 1), "{said}");
    assert!(told_of(&["--help"]).1.contains("Usage: migrate"));
}

/// Whether a fleet serves the stores is not guessed.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_state_it_has_to_be_said_that_there_is_no_fleet() {
    let servers = Servers::new().await;
    alone(&servers, &["demo", "--rows", "1"]);
    let (code, said) = told(&command(&servers, &["repair"]).output().unwrap());
    assert!(code == 2 && said.starts_with("migrate: STATE_URL is not set"), "{said}");
    let (code, said) =
        beside(&servers, env!("CARGO_BIN_EXE_migrate"), &["repair", "--alone"]).await;
    assert!(code == 2 && said.contains("--alone says there is none"), "{said}");
    let (code, said) = beside(&servers, env!("CARGO_BIN_EXE_migrate"), &["repair"]).await;
    assert!(code == 2 && said.contains("customers"), "no such migration: {said}");
    let (code, said) = beside(&servers, env!("CARGO_BIN_EXE_operate"), &["status"]).await;
    assert!(code == 2 && said.contains("there is no migration customers"), "{said}");
    servers.drop_all().await;
}
