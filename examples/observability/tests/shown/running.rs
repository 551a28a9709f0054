//! The example, as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take: the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) struct Running {
    child: Child,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// Starts it, and waits until its day is over.
    pub(crate) fn start(collector: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_observability"));
        command.env("LISTEN", "127.0.0.1:0").env_remove("OTEL_EXPORTER_OTLP_ENDPOINT");
        command.env("OTEL_BSP_SCHEDULE_DELAY", "100").stdout(Stdio::piped());
        if let Some(collector) = collector {
            command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector);
        }
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = first.split("http://").nth(1).unwrap().trim_end_matches("/metrics");
        let address = address.to_owned();
        let running = Self { child, address };
        assert!(lines.next().unwrap().unwrap().starts_with("the day is over"));
        running
    }

    /// How it ends when it is asked to by that signal.
    pub(crate) fn interrupted(mut self, signal: &str) -> ExitStatus {
        let kill = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "it goes on");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The body of an answer.
    pub(crate) fn ask(&self, method: &str, path: &str, trace: Option<&str>, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let trace = trace.map_or_else(String::new, |trace| format!("traceparent: {trace}\r\n"));
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n{trace}content-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{method} {path}: {answer}");
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// A scrape, once it has all of these.
    pub(crate) fn scraped(&self, wanted: &[&str]) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let scrape = self.ask("GET", "/metrics", None, "");
            let missing: Vec<_> = wanted.iter().filter(|name| !scrape.contains(**name)).collect();
            if missing.is_empty() || Instant::now() > until {
                assert!(missing.is_empty(), "never told: {missing:?}");
                return scrape;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

#[test]
fn it_ends_when_it_is_asked_to() {
    for signal in ["-INT", "-TERM"] {
        assert!(Running::start(None).interrupted(signal).success(), "{signal}");
    }
}
