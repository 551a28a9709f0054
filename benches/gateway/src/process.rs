//! Programs that are started, looked at, and ended.

use std::fs;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::Failure;
use crate::place::Core;

/// How long a server may take until it listens.
const STARTS_WITHIN: Duration = Duration::from_secs(10);
/// How long it may take to end.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// A program on one core, which ends when we do.
pub(crate) fn on(core: Core, program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "taskset", "-c", core.number(), program]);
    command
}

/// A part of this program, as a process of its own on a core.
pub(crate) fn part(core: Core, part: &str) -> Result<Command, Failure> {
    let own = std::env::current_exe()?;
    let own = own.to_str().ok_or_else(|| Failure::new("the path of this program is no text"))?;
    let mut command = on(core, own);
    command.arg(part);
    Ok(command)
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// The process whose time and memory count.
    worker: u32,
}

impl Server {
    /// Starts one, and waits until it listens.
    pub(crate) fn start(command: &mut Command, port: u16) -> Result<Self, Failure> {
        let child = command.stdin(Stdio::null()).spawn();
        let child = child.map_err(|error| Failure::new(format!("{command:?}: {error}")))?;
        let mut server = Self { worker: child.id(), child };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if server.child.try_wait()?.is_some() || began.elapsed() > STARTS_WITHIN {
                return Err(Failure::new(format!("{command:?} does not listen on port {port}")));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    /// The same, measured by a process that it started.
    pub(crate) fn measured_by(mut self, worker: u32) -> Self {
        self.worker = worker;
        self
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// CPU seconds it has used.
    pub(crate) fn cpu(&self) -> Result<f64, Failure> {
        cpu_seconds(self.worker).ok_or_else(|| Failure::new("/proc does not tell CPU times"))
    }

    /// The most memory of it that was resident, in MiB.
    pub(crate) fn peak_rss_mib(&self) -> Result<f64, Failure> {
        peak_rss_mib(self.worker).ok_or_else(|| Failure::new("/proc does not tell memory"))
    }

    /// Ends it without a warning.
    pub(crate) fn kill(mut self) -> Result<(), Failure> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// Asked to end first: a server may have workers.
impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let asked = pid.map(|pid| kill_process(pid, Signal::TERM));
        let began = Instant::now();
        while matches!(asked, Some(Ok(()))) && began.elapsed() < ENDS_WITHIN {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        // Nothing is left to be done about one that cannot be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a process has used so far, in user and kernel mode.
fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the name, which may hold blanks, `utime` and `stime` are 12th and 13th.
    let fields = stat.rsplit(')').next()?.split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|it| it.parse().ok()).collect();
    (ticks.len() == 2).then(|| ticks.iter().sum::<f64>() / 100.0)
}

fn peak_rss_mib(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1_024.0)
}

/// What else the machine is doing.
pub(crate) fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    format!("load {load} on {cores} cores")
}
