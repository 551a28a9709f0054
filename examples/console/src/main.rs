//! Serves the console of a rehearsal: 7,884 airports on their way from one `SQLite` database to another.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command")]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use console::authorizer::Tokens;
use console::data;
use console::desk::chain;
use console::migration::Migration;
use console::origin::Origin;
use console::router::{Console, Settings, router};
use console::serve::{Limits, serve};
use tokio::net::TcpListener;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../quickstart/data/airports.csv");
const HELP: &str = "\
Serves a page that shows a migration while it goes on, with the buttons that move it.

Usage: CONSOLE_OPERATORS=ann=TOKEN cargo run --release -p console

Environment:
  CONSOLE_OPERATORS  who may sign in, by which token: ann=TOKEN,bob=TOKEN (openssl rand -base64 24)
  CONSOLE_LISTEN     where it listens (default 127.0.0.1:8080)
  CONSOLE_ORIGIN     where browsers find it, behind a proxy: https://console.example
  CONSOLE_SECURE     1: the cookie goes over TLS alone, as it does with an origin of https
";

fn main() -> ExitCode {
    if std::env::args().len() > 1 {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match rehearse() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("console: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn rehearse() -> Result<(), Box<dyn Error>> {
    let operators = std::env::var("CONSOLE_OPERATORS")
        .map_err(|_| "CONSOLE_OPERATORS says who may sign in: see --help")?;
    let tokens = Tokens::parse(&operators)?;
    let listen = std::env::var("CONSOLE_LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned());
    let origin = std::env::var("CONSOLE_ORIGIN").ok();
    let origin: Option<Origin> = origin.map(|origin| origin.parse()).transpose()?;
    let is_secure = std::env::var("CONSOLE_SECURE").is_ok_and(|it| it == "1")
        || origin.as_ref().is_some_and(Origin::is_secure);
    let stopped = stopped()?;
    let migration = Migration::start(data::airports(Path::new(DATA))?, 1).await?;
    let console =
        Console::new(Arc::new(migration), Arc::new(tokens), Settings { is_secure, origin });
    let listener = TcpListener::bind(&listen).await?;
    println!("The console is at http://{}", listener.local_addr()?);
    serve(listener, router(console), Limits::default(), stopped).await;
    Ok(())
}

/// Resolves when it is to end: by Ctrl-C, or as a supervisor ends it. It listens for that from now on.
#[cfg(unix)]
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupted, mut terminated) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupted = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupted.recv().await;
    })
}
