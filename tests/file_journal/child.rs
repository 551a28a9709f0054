//! Other processes: this test binary, run again with a task.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use fs4::FileExt;
use strangler_fig::error::StoreErrorKind;
use strangler_fig::memory::FileSagaJournal;
use strangler_fig::saga::SagaJournal;

use super::{TERM, append, create, order, runner};

const TASK: &str = "FILE_JOURNAL_TASK";
const DIRECTORY: &str = "FILE_JOURNAL_DIRECTORY";

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
    let journal = FileSagaJournal::new(&directory).with_lock_timeout(Duration::from_secs(30));
    match task.as_str() {
        "append for ever" => append_for_ever(&journal).await,
        "append until it is full" => append_until_full(&journal).await,
        "create" => match create(&journal, order()).await {
            Ok(_) => say("created"),
            Err(error) => say(format!("{:?}: {}", error.kind(), error.with_causes())),
        },
        "count to 30" => count_to_thirty(&journal).await,
        "keep the locks" => keep_the_locks(&directory).await,
        _ => panic!("no such task: {task}"),
    }
}

/// Says how many entries there are, each time one was acknowledged.
async fn append_for_ever(journal: &FileSagaJournal) {
    let claim = journal.claim(&order(), &runner("node-1"), TERM).await.unwrap().unwrap();
    let mut length = journal.load(&order()).await.unwrap().unwrap().0.length;
    loop {
        append(journal, &claim, length).await.unwrap();
        length += 1;
        say(length);
    }
}

/// Says how many entries were acknowledged, and why no more.
async fn append_until_full(journal: &FileSagaJournal) {
    let claim = journal.claim(&order(), &runner("node-1"), TERM).await.unwrap().unwrap();
    let mut length = journal.load(&order()).await.unwrap().unwrap().0.length;
    loop {
        if let Err(error) = append(journal, &claim, length).await {
            say(length);
            say(format!("{:?}: {}", error.kind(), error.with_causes()));
            return;
        }
        length += 1;
    }
}

/// Appends thirty entries among others that do so under the same claim.
async fn count_to_thirty(journal: &FileSagaJournal) {
    let mut won = 0;
    while won < 30 {
        let (header, _) = journal.load(&order()).await.unwrap().unwrap();
        let claim = strangler_fig::saga::SagaClaim { saga: order(), epoch: header.epoch };
        match append(journal, &claim, header.length).await {
            Ok(()) => won += 1,
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::Conflict),
        }
    }
    say("done");
}

async fn keep_the_locks(directory: &str) {
    let files: Vec<_> = (0..16)
        .map(|digit| {
            let path = Path::new(directory).join(format!("{digit:x}.lock"));
            std::fs::File::create(path).unwrap()
        })
        .collect();
    for file in &files {
        FileExt::lock(file).unwrap();
    }
    say("locked");
    tokio::time::sleep(Duration::from_secs(60)).await;
}
