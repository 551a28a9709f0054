//! Sagas of four steps that do nothing, through the journal on PostgreSQL, by two
//! orchestrators, each a process of its own; and beside them, in the same run, loops of
//! plain `INSERT`s that write the same rows by as many processes and connections.
//!
//! `make bench-sagas`, or `cargo run --release -p data -- sagas --sagas 100000`.

mod contestant;
mod documents;
mod table;
mod work;

use lexopt::prelude::*;

pub(crate) use self::work::run as task;

use self::contestant::Contestant;
use crate::error::Failure;
use crate::servers::{self, Servers};

/// How many processes there are.
const NODES: u64 = 2;
/// How many connections each of them has: as many as the pool of the adapters.
const CONNECTIONS: usize = 8;
/// How many sagas run in each of them at once.
const IN_FLIGHT: usize = 32;

/// Runs everything once, judges it, and prints it.
pub(crate) fn bench(mut parser: lexopt::Parser) -> Result<(), Failure> {
    let mut sagas = 100_000;
    while let Some(argument) = parser.next()? {
        match argument {
            Long("sagas") => sagas = parser.value()?.parse()?,
            other => return Err(other.unexpected().into()),
        }
    }
    if sagas < 1_000 {
        return Err(Failure::new("at least a thousand sagas"));
    }
    let servers = Servers::found(true)?;
    println!("{sagas} sagas, {NODES} processes of {CONNECTIONS} connections; {}", servers::load());
    let mut measured = Vec::new();
    for contestant in Contestant::ALL {
        eprintln!("{}", contestant.name());
        let one = contestant.run(&servers, sagas, &measured)?;
        measured.push(one);
    }
    contestant::compared(&measured)?;
    table::print(&measured, sagas);
    println!("{}", servers::load());
    Ok(())
}
