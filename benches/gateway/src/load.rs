//! wrk, and what it tells.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::error::Failure;
use crate::nginx;
use crate::place::Core;
use crate::process::on;

/// What it asks for.
const USERS: &str = include_str!("users.lua");

/// One run of wrk.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// How many connections ask, each as soon as it was answered.
    pub(crate) connections: u32,
    /// For how long.
    pub(crate) seconds: u32,
    /// Whether each answer is looked at, which slows wrk down.
    pub(crate) judged: bool,
}

/// What came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Loaded {
    /// Answers of any status.
    pub(crate) requests: u64,
    /// How long it took, in seconds.
    pub(crate) wall: f64,
    /// The middle of the answers' times, in microseconds.
    pub(crate) p50: f64,
    /// What one of a hundred exceeds.
    pub(crate) p99: f64,
    /// Requests without an answer of status 200 and, where it was judged, of a service's page.
    pub(crate) failed: u64,
}

impl Load {
    /// Begins to ask what listens on this port.
    pub(crate) fn start(self, port: u16) -> Result<Child, Failure> {
        let mut wrk = on(Core::Load, "wrk");
        wrk.args(["--threads", "1", "--timeout", "5s", "--script"]).arg(script()?);
        wrk.args(["--connections", &self.connections.to_string()]);
        wrk.args(["--duration", &format!("{}s", self.seconds)]);
        wrk.arg(format!("http://127.0.0.1:{port}/"));
        if self.judged {
            wrk.args(["--", "judge"]);
        }
        Ok(wrk.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    }

    /// The same, to its end.
    pub(crate) fn run(self, port: u16) -> Result<Loaded, Failure> {
        ended(self.start(port)?)
    }
}

/// Waits for a run's end.
pub(crate) fn ended(wrk: Child) -> Result<Loaded, Failure> {
    let output = wrk.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    read(&said).ok_or_else(|| {
        let errors = String::from_utf8_lossy(&output.stderr);
        Failure::new(format!("wrk failed: {said}{errors}"))
    })
}

/// Whether it is installed. Asked for its version, it exits with 1.
pub(crate) fn is_here() -> bool {
    Command::new("wrk").arg("--version").output().is_ok()
}

fn script() -> Result<PathBuf, Failure> {
    let script = nginx::home()?.join("users.lua");
    std::fs::write(&script, USERS)?;
    Ok(script)
}

/// The line that the script prints.
fn read(said: &str) -> Option<Loaded> {
    let line = said.lines().find_map(|line| line.strip_prefix("measured "))?;
    let value = |name: &str| {
        let mut fields = line.split(' ').filter_map(|field| field.split_once('='));
        fields.find_map(|(it, value)| (it == name).then_some(value))?.parse::<u32>().ok()
    };
    let mut failed = 0;
    for kind in ["connect", "read", "write", "status", "timeout", "wrong"] {
        failed += u64::from(value(kind)?);
    }
    Some(Loaded {
        requests: value("requests")?.into(),
        wall: f64::from(value("micros")?) / 1e6,
        p50: value("p50")?.into(),
        p99: value("p99")?.into(),
        failed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_failure_counts() {
        let said = "Running\nmeasured requests=9 micros=2000000 p50=3 p99=4 connect=1 read=2 \
                    write=3 status=4 timeout=5 wrong=6\n";
        let loaded = Loaded { requests: 9, wall: 2.0, p50: 3.0, p99: 4.0, failed: 21 };
        assert_eq!(read(said), Some(loaded));
        assert_eq!(read("measured requests=9 micros=1"), None);
    }
}
