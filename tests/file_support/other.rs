//! Other processes: a test binary, run again with a task.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use fs4::FileExt;

const TASK: &str = "FILE_TEST_TASK";
const DIRECTORY: &str = "FILE_TEST_DIRECTORY";

/// The task of this process and the directory for it, if it is such a one. Each binary asks in its test
/// `child::a_child_does_its_task`.
pub(crate) fn task() -> Option<(String, String)> {
    Some((std::env::var(TASK).ok()?, std::env::var(DIRECTORY).ok()?))
}

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
pub(crate) fn say(text: impl std::fmt::Display) {
    println!("said {text}");
}

/// Keeps these locks until it is killed.
pub(crate) async fn keep(locks: impl Iterator<Item = std::path::PathBuf>) {
    let files: Vec<_> = locks.map(|path| std::fs::File::create(path).unwrap()).collect();
    for file in &files {
        FileExt::lock(file).unwrap();
    }
    say("locked");
    tokio::time::sleep(Duration::from_secs(60)).await;
}
