//! Other processes: this test binary, run again with a task.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use fs4::FileExt;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::memory::{FileStateConfig, FileStateService};
use strangler_fig::phase::{MigrationStateService, Versioned};

use super::{airports, lease, moved, renew};

const TASK: &str = "FILE_STATE_TASK";
const DIRECTORY: &str = "FILE_STATE_DIRECTORY";

/// A process that does `task` in `directory` until it is killed, or done.
pub(crate) struct Other {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Other {
    pub(crate) fn doing(task: &str, directory: &Path) -> Self {
        Self::by(Command::new(std::env::current_exe().unwrap()), task, directory)
    }

    /// The same in a process that may not write `blocks` blocks into one file;
    /// what a full disk looks like.
    pub(crate) fn limited(blocks: u32, task: &str, directory: &Path) -> Self {
        let mut shell = Command::new("sh");
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        shell.args(["-c", &script]).arg(std::env::current_exe().unwrap());
        Self::by(shell, task, directory)
    }

    fn by(mut command: Command, task: &str, directory: &Path) -> Self {
        let test = "child::a_child_does_its_task";
        command.args(["--exact", test, "--nocapture", "--test-threads=1"]);
        command.env(TASK, task).env(DIRECTORY, directory);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// What the process says next, behind `said `; `None` at its end.
    pub(crate) fn next(&mut self) -> Option<String> {
        self.lines.by_ref().map_while(Result::ok).find_map(|line| {
            // The test harness does not end its own line before ours.
            let (_, said) = line.split_once("said ")?;
            Some(said.to_owned())
        })
    }

    /// As `kill -9` does it.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::print_stdout, reason = "how a child process answers")]
fn say(text: impl std::fmt::Display) {
    println!("said {text}");
}

#[tokio::test]
async fn a_child_does_its_task() {
    let (Ok(task), Ok(directory)) = (std::env::var(TASK), std::env::var(DIRECTORY)) else {
        return;
    };
    let config = FileStateConfig::default().with_lock_timeout(Duration::from_secs(30));
    let service = FileStateService::with_config(&directory, config);
    match task.as_str() {
        "write for ever" => write_for_ever(&service).await,
        "count to 40" => count_to_forty(&service).await,
        "keep the lock" => keep_the_lock(&directory).await,
        "renew once" => renew_once(&service).await,
        _ => panic!("no such task: {task}"),
    }
}

/// Says each revision, which is also how many holds the lease has, once both
/// are acknowledged.
async fn write_for_ever(service: &FileStateService) {
    let Versioned { mut revision, mut state } =
        service.current(&airports()).await.unwrap().unwrap();
    loop {
        state = moved(&state, 1);
        revision = service.compare_and_set(revision, &state).await.unwrap();
        let lease = lease("writer", revision.0);
        renew(service, lease).await.unwrap();
        say(revision.0);
    }
}

async fn count_to_forty(service: &FileStateService) {
    let mut won = 0;
    while won < 40 {
        let found = service.current(&airports()).await.unwrap().unwrap();
        let next = moved(&found.state, u128::from(std::process::id()));
        match service.compare_and_set(found.revision, &next).await {
            Ok(_) => won += 1,
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::Conflict),
        }
    }
    say("done");
}

async fn keep_the_lock(directory: &str) {
    let path = Path::new(directory).join("airports.migration.lock");
    let file = std::fs::File::create(path).unwrap();
    FileExt::lock(&file).unwrap();
    say("locked");
    tokio::time::sleep(Duration::from_secs(60)).await;
}

async fn renew_once(service: &FileStateService) {
    match renew(service, lease("writer", 0)).await {
        Ok(()) => say("renewed"),
        Err(error) => say(told(&error)),
    }
}

/// The kind and both causes in one line.
fn told(error: &StoreError) -> String {
    let cause = std::error::Error::source(error).unwrap();
    let below = cause.source().map(ToString::to_string);
    format!("{:?}: {cause}: {}", error.kind(), below.unwrap_or_default())
}
