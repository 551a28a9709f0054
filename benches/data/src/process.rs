//! Programs, each a process of its own: how long it took, what CPU it used, how
//! much memory it held at most.

use std::fs;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Failure;

/// How often the memory of a process that does not tell it is looked at.
const LOOKED_EVERY: Duration = Duration::from_millis(20);

/// What a run of a program took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ran {
    /// Wall time in seconds.
    pub(crate) wall: f64,
    /// CPU time in seconds, of the program and of those it started.
    pub(crate) cpu: f64,
    /// CPU time in seconds of the server, if it is one of this machine.
    pub(crate) server: Option<f64>,
    /// The most memory that was resident, in MiB.
    pub(crate) rss: f64,
    /// What it printed.
    pub(crate) said: String,
    /// What it exited with.
    pub(crate) code: Option<i32>,
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Result<Ran, Failure> {
    let (cpu, began) = (children_cpu()?, Instant::now());
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let child = child.map_err(|error| Failure::new(format!("{command:?}: {error}")))?;
    let (output, ended, seen) = waited(child)?;
    let wall = ended.duration_since(began).as_secs_f64();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = said.split("rss_kib=").nth(1).and_then(|rest| rest.trim().parse().ok());
    #[expect(clippy::cast_precision_loss, reason = "figures are for people")]
    let rss = told.unwrap_or(seen) as f64 / 1_024.0;
    let code = output.status.code();
    if code.is_none_or(|code| code > 1) {
        let errors = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::new(format!("{command:?} failed: {}", errors.trim())));
    }
    Ok(Ran { wall, cpu: children_cpu()? - cpu, server: None, rss, said, code })
}

/// Runs programs side by side, to the end of the last; one that fails is an error.
pub(crate) fn run_all(commands: Vec<Command>) -> Result<Ran, Failure> {
    let (cpu, began) = (children_cpu()?, Instant::now());
    let started = commands.into_iter().map(|mut command| command.stdin(Stdio::null()).spawn());
    let children = started.collect::<Result<Vec<_>, _>>()?;
    let ended: Vec<_> = children.into_iter().map(|mut child| child.wait()).collect();
    let wall = began.elapsed().as_secs_f64();
    for status in ended {
        let status = status?;
        if !status.success() {
            return Err(Failure::new(format!("a process failed: {status}")));
        }
    }
    Ok(Ran { wall, cpu: children_cpu()? - cpu, ..Ran::default() })
}

/// What it printed, when it ended, and the most memory it was seen with.
fn waited(child: Child) -> Result<(Output, Instant, u64), Failure> {
    let pid = child.id().to_string();
    let waiting = thread::spawn(move || {
        let output = child.wait_with_output();
        (output, Instant::now())
    });
    let mut peak = 0;
    while !waiting.is_finished() {
        peak = peak.max(peak_rss_kib(&pid).unwrap_or_default());
        thread::sleep(LOOKED_EVERY);
    }
    let (output, ended) = waiting.join().map_err(|_| Failure::new("a thread panicked"))?;
    Ok((output?, ended, peak))
}

/// The most memory of a process that was resident.
pub(crate) fn peak_rss_kib(pid: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// CPU seconds of the processes that this one waited for, and of theirs.
fn children_cpu() -> Result<f64, Failure> {
    cpu_of_ended("self").ok_or_else(|| Failure::new("/proc does not tell CPU times"))
}

/// CPU seconds of the processes that ended and that process `pid` waited for, and of
/// theirs: for a server, those of the connections that were closed.
pub(crate) fn cpu_of_ended(pid: &str) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the name, which may hold blanks, `cutime` and `cstime` are 14th and 15th.
    let fields = stat.rsplit(')').next()?.split_whitespace();
    let ticks: Vec<f64> = fields.skip(13).take(2).filter_map(|it| it.parse().ok()).collect();
    (ticks.len() == 2).then(|| ticks.iter().sum::<f64>() / 100.0)
}

/// How long all cores of the machine were at work, and how long they were there.
pub(crate) fn ticks() -> (f64, f64) {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = stat.lines().next().unwrap_or_default();
    // Time of guests, behind the eighth, is in the first already.
    let fields = first.split_whitespace().skip(1).take(8);
    let ticks: Vec<f64> = fields.filter_map(|it| it.parse().ok()).collect();
    let total: f64 = ticks.iter().sum();
    // Idle, and waiting for a disk.
    let idle: f64 = ticks.iter().skip(3).take(2).sum();
    (total - idle, total)
}

/// The share between two moments.
pub(crate) fn busy(before: (f64, f64), after: (f64, f64)) -> f64 {
    (after.0 - before.0) / (after.1 - before.1).max(1.0)
}
