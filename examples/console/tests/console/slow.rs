//! Clients that take their time, and how the process ends.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use console::serve::{Limits, serve};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::served::{OPERATORS, Served, TOKEN};

const SHORT: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(30);
const HEAD_OF_A_FORM: &str = "POST /sign-in HTTP/1.1\r\nhost: console\r\norigin: http://console\r\n\
    content-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\n";

fn limits() -> Limits {
    let long = Duration::from_mins(10);
    Limits { connections_max: 4, head: SHORT, connection: long, answer: long, ending: SHORT }
}

/// A console with these limits, until it is told to stop.
async fn serves(limits: Limits) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stops) = oneshot::channel();
    let pages = Served::new().await.pages;
    let task = tokio::spawn(async move {
        serve(listener, pages, limits, async { stops.await.unwrap_or_default() }).await;
    });
    (address, stop, task)
}

/// Sends as much, and no more; what is answered until the connection ends.
async fn sends(address: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let (address, _stop, _task) = serves(limits()).await;
    // More of them than may be at once: each makes room for the next.
    let one = || async { sends(address, "GET / HTTP/1.1\r\nhost: con").await };
    let began = Instant::now();
    futures::future::join_all((0..12).map(|_| one())).await;
    assert!(began.elapsed() >= SHORT * 3, "four at a time");
    let good = format!(
        "GET /status.txt HTTP/1.1\r\nhost: console\r\nauthorization: Bearer {TOKEN}\r\n\r\n"
    );
    let answer = sends(address, &good).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("legacy_only"), "{answer}");
}

#[tokio::test]
async fn a_form_that_does_not_come_is_not_waited_for() {
    let (address, _stop, _task) = serves(limits()).await;
    let answer = sends(address, &format!("{HEAD_OF_A_FORM}token=")).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_form_is_not_waited_for_at_all_where_nobody_has_signed_in() {
    let (address, _stop, _task) = serves(Limits { head: PATIENCE, ..limits() }).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = HEAD_OF_A_FORM.replace("/sign-in", "/advance");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    timeout(Duration::from_secs(5), stream.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
}

#[tokio::test]
async fn a_connection_ends_though_it_is_kept_busy() {
    let (address, _stop, _task) = serves(Limits { connection: SHORT, ..limits() }).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let ends = async {
        loop {
            let asked = stream.write_all(b"GET /sign-in HTTP/1.1\r\nhost: console\r\n\r\n").await;
            let mut answer = vec![0; 100_000];
            if asked.is_err() || stream.read(&mut answer).await.is_ok_and(|read| read == 0) {
                return;
            }
            sleep(SHORT / 10).await;
        }
    };
    timeout(PATIENCE, ends).await.unwrap();
}

#[tokio::test]
async fn who_hangs_on_does_not_keep_the_process_from_its_end() {
    let long = Limits { head: Duration::from_mins(10), ..limits() };
    let (address, stop, task) = serves(long).await;
    let mut streams = Vec::new();
    for text in ["", "GET / HTTP/1.1\r\n", HEAD_OF_A_FORM] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    sleep(SHORT).await;
    stop.send(()).unwrap();
    timeout(PATIENCE / 10, task).await.unwrap().unwrap();
}

/// The command itself, ended as a shell and as a supervisor do, while somebody hangs on.
#[cfg(unix)]
#[tokio::test]
async fn the_command_ends_by_signals_and_leaves_nothing_behind() {
    for signal in ["-INT", "-TERM"] {
        let folder = std::env::temp_dir().join(format!("console{signal}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_console"))
            .env("CONSOLE_OPERATORS", OPERATORS)
            .env("CONSOLE_LISTEN", "127.0.0.1:0")
            .env("TMPDIR", &folder)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(command.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE * 4, lines.next_line()).await.unwrap().unwrap().unwrap();
        let address = line.rsplit("http://").next().unwrap().to_owned();
        let mut hangs_on = TcpStream::connect(&address).await.unwrap();
        hangs_on.write_all(HEAD_OF_A_FORM.as_bytes()).await.unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "its databases are there");
        let process = command.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().await.unwrap().success());
        let ended = timeout(PATIENCE, command.wait()).await.unwrap().unwrap();
        assert!(ended.success(), "{signal}: {ended}");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "{signal}");
        std::fs::remove_dir(&folder).unwrap();
    }
}
