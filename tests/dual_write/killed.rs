//! Real processes on the file-backed journal, killed as `kill -9` does it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::gateway::dual::{DualWriteConfig, DualWriter, RequestJournal, Shelf};
use strangler_fig::gateway::{Request, Response, Upstream};
use strangler_fig::memory::FileRequestJournal;
use strangler_fig::phase::{Incarnation, NodeId, Side};
use strangler_fig::resilience::Exponential;
use strangler_fig::route::{DualWritePlan, IdSource};
use strangler_fig::stamp::StampClock;

use crate::crash::request;
use crate::service::{answer, effect};

const DIRECTORY: &str = "DUAL_WRITE_DIRECTORY";
const NUMBER: &str = "DUAL_WRITE_NUMBER";
const TERM: Duration = Duration::from_millis(600);

/// A service whose effects are files, made with one call each: a key is done once, whoever asks.
#[derive(Debug)]
struct Files(PathBuf);

#[async_trait]
impl Upstream for Files {
    async fn send(&self, request: Request) -> Result<Response, StoreError> {
        let effect = effect(request).await;
        let made = self.0.join(&effect.key);
        let text = format!("{} {}", effect.stamp, effect.id.unwrap_or_default());
        match fs::read_to_string(&made) {
            Ok(before) if before == text => return Ok(answer(StatusCode::CREATED, "")),
            Ok(before) => {
                fs::write(self.0.join("wrong"), format!("{before} and {text}")).unwrap();
                return Ok(answer(StatusCode::CREATED, ""));
            }
            Err(_) => {}
        }
        let temporary = self.0.join(format!("{}.{}.tmp", effect.key, std::process::id()));
        fs::write(&temporary, text).unwrap();
        fs::rename(temporary, made).unwrap();
        Ok(answer(StatusCode::CREATED, ""))
    }
}

fn writer(directory: &Path, number: u128) -> DualWriter {
    let journal = FileRequestJournal::new(directory.join("journal"));
    let node = NodeId { name: "gateway".parse().unwrap(), incarnation: Incarnation::fixed(number) };
    let side = |name| Arc::new(Files(directory.join(name)));
    let stamps = Arc::new(StampClock::new().unwrap());
    let config = DualWriteConfig::default()
        .with_deadline(Duration::from_millis(200))
        .with_term(TERM)
        .with_poll_interval(Duration::from_millis(50))
        .with_backoff(Exponential::between(Duration::from_millis(20), Duration::from_millis(100)));
    DualWriter::new(Arc::new(journal), node, stamps, side("legacy"), side("modern"))
        .with_config(config)
}

fn started(directory: &Path, number: u128) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "killed::a_child_writes_until_it_is_killed", "--nocapture"]);
    command.env(DIRECTORY, directory).env(NUMBER, number.to_string());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[tokio::test]
async fn a_child_writes_until_it_is_killed() {
    let (Ok(directory), Ok(number)) = (std::env::var(DIRECTORY), std::env::var(NUMBER)) else {
        return;
    };
    let directory = PathBuf::from(directory);
    let writer = writer(&directory, number.parse().unwrap());
    let mut log = fs::OpenOptions::new().append(true).create(true).open(directory.join("told"));
    for count in 0.. {
        let key = format!("{number}-{count}");
        let mut plan = DualWritePlan::new(Side::Legacy, IdSource::Gateway);
        plan.is_strict = count % 2 == 0;
        let status = writer.handle(request(&key), plan, "orders").await.status();
        // One call, which a kill does not cut in two.
        let line = format!("{key} {}\n", status.as_u16());
        log.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }
}

/// What was done by a side, by key.
fn done(side: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(side).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_none_or(|ending| ending != "tmp"));
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    files.map(|path| (name(&path), fs::read_to_string(&path).unwrap())).collect()
}

#[tokio::test]
async fn what_a_killed_process_has_left_half_done_is_done_by_another() {
    let own = format!("strangler-fig-dual-write-{}", std::process::id());
    let directory = std::env::temp_dir().join(own);
    for name in ["journal", "legacy", "modern"] {
        fs::create_dir_all(directory.join(name)).unwrap();
    }
    for number in 1..=12 {
        let mut child = started(&directory, number);
        let began = Instant::now();
        let mark = format!("\n{number}-");
        let has_begun = || {
            let told = fs::read_to_string(directory.join("told")).unwrap_or_default();
            format!("\n{told}").contains(&mark)
        };
        while !has_begun() && began.elapsed() < Duration::from_secs(30) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tokio::time::sleep(Duration::from_micros(fastrand::u64(0..30_000))).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let before = [done(&directory.join("legacy")), done(&directory.join("modern"))];
    let writer = writer(&directory, 99);
    tokio::time::sleep(TERM + Duration::from_millis(200)).await;
    writer.replayer().drain(std::future::pending()).await.unwrap();
    let journal = FileRequestJournal::new(directory.join("journal"));
    let limit = std::num::NonZeroUsize::MAX;
    for shelf in [Shelf::Open, Shelf::Parked] {
        assert_eq!(journal.list(shelf, None, limit).await.unwrap(), [], "{shelf:?}");
    }
    let [legacy, modern] = ["legacy", "modern"].map(|side| done(&directory.join(side)));
    assert_eq!(legacy, modern, "each key was done by both, under one stamp and id");
    assert!(!legacy.contains_key("wrong"));
    let told = fs::read_to_string(directory.join("told")).unwrap();
    for line in told.lines() {
        let (key, status) = line.split_once(' ').unwrap();
        assert_eq!(status, "201", "{line}");
        assert!(legacy.contains_key(key), "{key} was promised");
        let is_strict = key.ends_with(['0', '2', '4', '6', '8']);
        assert!(!is_strict || before[1].contains_key(key), "{key} was promised to be with both");
    }
    assert!(legacy.len() >= 12 && before[0].len() >= 12, "{} were done", legacy.len());
    fs::remove_dir_all(&directory).unwrap();
}
