//! One process of those that events pass on their way, for a test that kills such processes at random.
//!
//! `event-node relay DATABASE BUS` takes messages from the outbox to the bus; with `--mark-first` it writes down that it
//! has sent them before it sends them. `event-node consumer DATABASE BUS` appends what comes to the table `effects`, and
//! what the inbox has seen before to `repeats`, in the inbox's transaction; with `--no-inbox` it asks none. Either goes
//! on until it is killed, or its standard input ends.

#![expect(clippy::print_stderr, reason = "a command")]

mod bus;
mod consumer;
mod mariadb;
mod mark_first;
mod postgres;
mod relay;

use std::error::Error;
use std::io::Read;
use std::process::{self, ExitCode};
use std::time::Duration;
use std::{io, thread};

use bus::Bus;

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// How long a database has for a call, on a machine that is busy.
const DEADLINE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    // Nobody is left behind by a test that is killed.
    thread::spawn(|| {
        let _ = io::stdin().read(&mut [0]);
        process::exit(0);
    });
    let ended = match *arguments {
        ["relay", database, bus] => relay::run(database, &Bus::open(bus).await).await,
        ["relay", database, bus, "--mark-first"] => {
            mark_first::run(database, &Bus::open(bus).await).await
        }
        ["consumer", database, bus] => consumer::run(database, &Bus::open(bus).await, true).await,
        ["consumer", database, bus, "--no-inbox"] => {
            consumer::run(database, &Bus::open(bus).await, false).await
        }
        _ => Err("usage: event-node relay|consumer DATABASE BUS [--mark-first|--no-inbox]".into()),
    };
    let why = ended.map_or_else(|error| error.to_string(), |()| "it has ended".to_owned());
    eprintln!("event-node {}: {why}", arguments.join(" "));
    ExitCode::FAILURE
}
