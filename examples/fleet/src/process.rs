use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use strangler_fig::phase::NodeId;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::Outcome;
use crate::task::Task;

/// A process of the fleet, that this one has started: it is killed when dropped.
///
/// Its number is used for a signal only while it has not been waited for, so that
/// it is nobody else's.
#[derive(Debug)]
pub struct Process {
    /// Its lease.
    pub id: NodeId,
    child: Child,
    orders: ChildStdin,
    told: UnboundedReceiver<String>,
}

impl Process {
    /// Starts `program` for `task`.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start(program: &Path, task: &Task) -> Outcome<Self> {
        let mut child = Command::new(program)
            .arg("--task")
            .arg(task.to_argument())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let orders = child.stdin.take().ok_or("a process without a standard input")?;
        let output = child.stdout.take().ok_or("a process without a standard output")?;
        let (tell, told) = unbounded_channel();
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                // A process that is gone is heard by nobody.
                let _ = tell.send(line);
            }
        });
        Ok(Self { id: task.id().clone(), child, orders, told })
    }

    /// Stops it where it is.
    ///
    /// # Errors
    ///
    /// When the signal cannot be sent.
    pub fn stop(&self) -> io::Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on.
    ///
    /// # Errors
    ///
    /// When the signal cannot be sent.
    pub fn resume(&self) -> io::Result<()> {
        self.signal(Signal::CONT)
    }

    /// Kills it; answers when it has ended.
    ///
    /// # Errors
    ///
    /// When it cannot be waited for.
    pub async fn kill(&mut self) -> io::Result<()> {
        match self.ended()? {
            Some(_) => Ok(()),
            None => self.child.kill().await,
        }
    }

    /// Tells it what to do. A process that has ended hears nothing.
    pub async fn order(&mut self, line: &str) {
        let _ = self.orders.write_all(format!("{line}\n").as_bytes()).await;
    }

    /// The next line it says; none when it has ended.
    pub async fn told(&mut self) -> Option<String> {
        self.told.recv().await
    }

    /// Resolves when it says `line`.
    ///
    /// # Errors
    ///
    /// When it does not, for so long.
    pub async fn says(&mut self, line: &str, within: Duration) -> Outcome {
        let heard = async {
            while let Some(told) = self.told().await {
                if told == line {
                    return true;
                }
            }
            false
        };
        match timeout(within, heard).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("{} ended without a word of {line:?}", self.id.name).into()),
            Err(_) => Err(format!("{} did not say {line:?} in time", self.id.name).into()),
        }
    }

    /// How it has ended, if it has.
    ///
    /// # Errors
    ///
    /// When it cannot be asked.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// When it takes longer than that, or it ended badly.
    pub async fn end(&mut self, within: Duration) -> Outcome {
        let name = &self.id.name;
        match timeout(within, self.child.wait()).await {
            Ok(ended) if ended.as_ref().is_ok_and(ExitStatus::success) => Ok(()),
            Ok(ended) => Err(format!("{name} ended with {}", ended?).into()),
            Err(_) => Err(format!("{name} does not end").into()),
        }
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        let number = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        match number {
            Some(number) => Ok(kill_process(number, signal)?),
            None => Ok(()), // it has ended
        }
    }
}
