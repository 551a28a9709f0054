//! Every command in `docs/RUNBOOK.md` is run, in its order, on the real servers, beside
//! three nodes under load; and prints what the document says.
//!
//! `RUNBOOK=update cargo test -p adapters --test runbook` writes what they print into the
//! document, all of it of one run.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod document;
mod nodes;
#[path = "../support/servers.rs"]
mod servers;

use std::fmt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use document::{Document, Piece, masked};
use nodes::Nodes;
use servers::Servers;
use strangler_fig::phase::Refused;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/RUNBOOK.md");

/// What a command prints, both streams, as on a terminal; and its exit code if it failed.
async fn output(command: &str, servers: &Servers) -> Vec<String> {
    let binaries = std::path::Path::new(env!("CARGO_BIN_EXE_operate")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("{{ {command}\n}} 2>&1")).env("PATH", path).env("ACTOR", "ann");
    for name in ["STATE_URL", "MODERN_URL", "POSTGRES_URL"] {
        shell.env(name, servers.modern());
    }
    for name in ["LEGACY_URL", "MARIADB_URL"] {
        shell.env(name, servers.legacy());
    }
    shell.stdin(Stdio::null());
    // The nodes go on meanwhile.
    let ran = tokio::task::spawn_blocking(move || shell.output().unwrap()).await.unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    text.lines().map(str::trim_end).map(str::to_owned).collect()
}

/// Who prints what stands and changes nothing: asked again, for a while, where a fleet on
/// a slow machine is not yet where the document shows it.
const LOOKS: [&str; 4] = ["operate status", "operate plan", "operate history", "migrate check"];
const PATIENCE: Duration = Duration::from_secs(20);

/// What a command prints once it prints what is told, or in the end.
async fn output_as(told: &[String], command: &str, servers: &Servers) -> Vec<String> {
    let begun = Instant::now();
    let may_ask_again = LOOKS.iter().any(|look| command.contains(look));
    loop {
        let found = output(command, servers).await;
        let is_over = !may_ask_again || begun.elapsed() > PATIENCE;
        if is_over || masked(&found) == masked(told) {
            return found;
        }
    }
}

/// Commands that print something else than the document says: told last, and line by line.
struct Untrue(Vec<String>);

impl fmt::Debug for Untrue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RUNBOOK.md is not true any more:\n{}", self.0.join("\n\n"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_prints_what_the_runbook_says() -> Result<(), Untrue> {
    let servers = Servers::new().await;
    let mut nodes = Nodes::default();
    let mut document = Document::parse(&std::fs::read_to_string(PATH).unwrap());
    let is_updated = std::env::var_os("RUNBOOK").is_some_and(|it| it == "update");
    let mut wrong = Vec::new();
    for piece in &mut document.pieces {
        match piece {
            Piece::Text(_) => {}
            Piece::Scene(scene) => nodes.play(scene, &servers).await,
            Piece::Command { line, output: told } => {
                let found = output_as(told, line, &servers).await;
                if is_updated {
                    *told = found;
                } else if masked(&found) != masked(told) {
                    let (found_lines, told_lines) = (found.join("\n"), told.join("\n"));
                    wrong.push(format!("$ {line}\n{found_lines}\n-- not --\n{told_lines}"));
                }
            }
        }
    }
    nodes.stop().await;
    servers.drop_all().await;
    if is_updated {
        std::fs::write(PATH, document.to_string()).unwrap();
        return Ok(());
    }
    if wrong.is_empty() { Ok(()) } else { Err(Untrue(wrong)) }
}

/// What a step waited for is masked, since it is a matter of moments; but it is told in today's words.
#[test]
fn what_a_step_waited_for_is_told_as_the_library_tells_it() {
    let text = std::fs::read_to_string(PATH).unwrap();
    let told: Vec<_> = text.lines().filter_map(|line| line.split_once(" (it waited ")).collect();
    assert!(told.len() > 3, "{told:?}");
    for (_, waited) in told {
        assert!(is_a_wait(waited), "{waited}");
    }
    let life = "node node-1/00a3bfc3573f80abe07e9024d369dc5d has not settled";
    assert!(is_a_wait(&format!("1.2s: {life}: it is at epoch 4, needed is epoch 5)")));
    assert!(is_a_wait(&format!("1.2s: {life}: it starts, needed is epoch 5)")));
    assert!(!is_a_wait(&format!("1.2s: {life}: it is at epoch Some(4), needed is 5)")));
}

/// `353.1ms: node node-1/… has not settled: it is at epoch 4, needed is epoch 5)`
fn is_a_wait(text: &str) -> bool {
    let wait = || {
        let why = text.split_once(": ")?.1.strip_suffix(')')?;
        let node = why.strip_prefix("node ")?.split(' ').next()?.parse().ok()?;
        let epochs = why.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok());
        let epochs: Vec<u64> = epochs.collect();
        let needed = *epochs.last()?;
        let adopted = why.contains("it is at").then(|| epochs[epochs.len() - 2]);
        Some(why == Refused::Unsettled { node, adopted, needed }.to_string())
    };
    wait().unwrap_or(false)
}

#[test]
fn an_output_that_differs_is_noticed() {
    let told = |text: &str| masked(&[text.to_owned()]);
    assert_ne!(told("epoch 3: to shadow"), told("epoch 4: to shadow"));
    assert_eq!(told("in 1.2s"), told("in 204.6ms"));
    assert_eq!(told("epoch 3: to live (it waited 1s: node-1)"), told("epoch 3: to live"));
    let lives = ["d6a21b5f95f04c326a61d9b1b2a2a9c4", "00000000000000000000000000000001"];
    assert_eq!(told(&format!("node-1/{}", lives[0])), told(&format!("node-1/{}", lives[1])));
}
