//! The checker and the backfill between real databases, beside what one would
//! write with `psql` and beside reladiff: a million rows, in one run.
//!
//! `make bench-data`, or `cargo run --release -p data -- --rows 1000000 --rounds 5`;
//! `--growth` leaves out what does not tell how time and memory grow, `--keep` keeps
//! the databases for another run.
//! Every program that is measured is a process of its own. `data task NAME LEGACY
//! MODERN` is what such a process of ours is.
//!
//! `cargo run --release -p data -- sagas` is about the journal of sagas instead, and
//! `-- events` about the relay of an outbox and the replicator.

mod candidates;
mod error;
mod events;
mod fixture;
mod process;
mod race;
mod sagas;
mod servers;
mod table;
mod wire;
mod work;

use std::process::ExitCode;

use lexopt::prelude::*;

use crate::error::Failure;
use crate::fixture::Fixture;
use crate::servers::Servers;

/// What is asked for.
struct Asked {
    rows: u64,
    rounds: usize,
    /// Whether the databases stay.
    keep: bool,
    /// Whether only the growth of time and memory counts.
    growth: bool,
}

fn main() -> ExitCode {
    let task: Vec<_> = std::env::args().skip(1).collect();
    let ended = match task.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["task", task, legacy, modern] => work::run(task, legacy, modern),
        ["sagas-task", task, url, node, sagas, rows] => sagas::task(task, url, [node, sagas, rows]),
        ["events-task", task, ref arguments @ ..] => events::task(task, arguments),
        ["events", ..] => events::bench(lexopt::Parser::from_args(&task[1..])),
        ["sagas", ..] => sagas::bench(lexopt::Parser::from_args(&task[1..])),
        _ => asked().and_then(|asked| bench(&asked)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("data: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn asked() -> Result<Asked, Failure> {
    let mut asked = Asked { rows: 1_000_000, rounds: 5, keep: false, growth: false };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("rows") => asked.rows = parser.value()?.parse()?,
            Long("rounds") => asked.rounds = parser.value()?.parse()?,
            Long("keep") => asked.keep = true,
            Long("growth") => asked.growth = true,
            other => return Err(other.unexpected().into()),
        }
    }
    if asked.rows < 1_000 || asked.rounds == 0 {
        return Err(Failure::new("at least a thousand rows, and one round"));
    }
    Ok(asked)
}

fn bench(asked: &Asked) -> Result<(), Failure> {
    let servers = Servers::found(asked.growth)?;
    println!("{} rows, {} rounds; {}", asked.rows, asked.rounds, servers::load());
    let fixture = Fixture::made(&servers, asked.rows, asked.growth)?;
    let measured = race::run(&fixture, asked.rounds);
    let wired = measured.is_ok().then(|| wire::measured(&fixture));
    if !asked.keep {
        fixture.drop()?;
    }
    table::print(&measured?, &wired.transpose()?.unwrap_or_default(), &fixture);
    println!("{}", servers::load());
    Ok(())
}
