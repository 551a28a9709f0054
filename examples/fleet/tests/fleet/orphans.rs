use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio_postgres::NoTls;

use crate::server::url;

/// Parent and state of a process, if there is one of this number.
fn stat(process: u32) -> Option<(u32, char)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in brackets may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((fields.next()?.parse().ok()?, state))
}

fn children(parent: u32) -> Vec<u32> {
    let names =
        fs::read_dir("/proc").unwrap().filter_map(Result::ok).map(|entry| entry.file_name());
    let processes = names.filter_map(|name| name.to_str()?.parse().ok());
    processes.filter(|process| stat(*process).is_some_and(|(of, _)| of == parent)).collect()
}

async fn drop_schemas(run: &str) {
    let (client, connection) = tokio_postgres::connect(&url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    for room in ["state", "legacy", "modern"] {
        let sql =
            format!("SET client_min_messages = error; DROP SCHEMA IF EXISTS {run}_{room} CASCADE");
        client.batch_execute(&sql).await.unwrap();
    }
}

#[tokio::test]
async fn no_process_outlives_a_director_that_is_killed() {
    let mut director = Command::new(env!("CARGO_BIN_EXE_fleet"))
        .env("POSTGRES_URL", url())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(director.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("DualWrite")));
    let nodes = children(director.id());
    assert!(nodes.len() >= 5, "one may be dead: {nodes:?}");

    director.kill().unwrap();
    director.wait().unwrap();
    let by = Instant::now() + Duration::from_secs(10);
    let is_alive = |node: &u32| stat(*node).is_some_and(|(_, state)| state != 'Z');
    while nodes.iter().any(is_alive) {
        assert!(Instant::now() < by, "they live: {nodes:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // It could not clean up itself.
    drop_schemas(&format!("fleet_{}_0", director.id())).await;
    let journals = format!("strangler-fig-fleet-{}-0", director.id());
    fs::remove_dir_all(std::env::temp_dir().join(journals)).unwrap();
}
