//! The gateway beside nginx, which does the same job: `split_clients` for the share,
//! `proxy_next_upstream` for the fallback. One load generator, one run, in turns.
//!
//! `make bench-gateway`, or `scripts/gateway.sh cargo run --profile served -p gateway -- --rounds 3
//! --seconds 4`; `--only race`, `slow` or `killed` runs a part of it. Proxies have one core
//! for themselves; the load and the services share the other.
//!
//! Every program that is measured is a process of its own: `gateway backend NAME PORT`,
//! `gateway gateway PORT MODERN LEGACY`, `gateway bare …`, `gateway hang …`, `gateway ask …`.
//! `gateway own` prints what the gateway costs a request without any socket.

mod asking;
mod backend;
mod bare;
mod client;
mod error;
mod gateway;
mod hanging;
mod killed;
mod load;
mod nginx;
mod own;
mod place;
mod process;
mod proxies;
mod race;
mod serve;
mod slow;
mod table;

use std::process::ExitCode;

use lexopt::prelude::*;

use crate::error::Failure;
use crate::place::Places;
use crate::proxies::Proxy;

/// What is asked for.
struct Asked {
    rounds: usize,
    /// How long a turn takes.
    seconds: u32,
    /// The only part to run, if it is one.
    only: Option<String>,
}

fn main() -> ExitCode {
    let task: Vec<_> = std::env::args().skip(1).collect();
    let ended = match task.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["backend", name, port] => backend::run(name, port),
        ["gateway", port, modern, legacy] => gateway::run(port, modern, legacy),
        ["bare", port, modern, legacy] => bare::run(port, modern, legacy),
        ["hang", port, clients, user] => hanging::run(port, clients, user),
        ["ask", port, seconds] => asking::run(port, seconds),
        ["own"] => own::run(),
        _ => asked().and_then(|asked| bench(&asked)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("gateway: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn asked() -> Result<Asked, Failure> {
    let mut asked = Asked { rounds: 3, seconds: 4, only: None };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("rounds") => asked.rounds = parser.value()?.parse()?,
            Long("seconds") => asked.seconds = parser.value()?.parse()?,
            Long("only") => asked.only = Some(parser.value()?.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let known = asked.only.as_deref().is_none_or(|it| ["race", "slow", "killed"].contains(&it));
    if asked.rounds == 0 || asked.seconds == 0 || !known {
        return Err(Failure::new("a round, a second, and of the parts `race`, `slow`, `killed`"));
    }
    Ok(asked)
}

fn bench(asked: &Asked) -> Result<(), Failure> {
    if !nginx::is_here() || !load::is_here() {
        return Err(Failure::new("no nginx or no wrk here: scripts/gateway.sh installs them"));
    }
    if std::thread::available_parallelism()?.get() < 2 {
        return Err(Failure::new("two cores are needed: one for proxies, one for the load"));
    }
    let is_asked = |part: &str| asked.only.as_deref().is_none_or(|only| only == part);
    let places = Places::free()?;
    println!("{} rounds of turns of {} s; {}", asked.rounds, asked.seconds, process::load());
    let mut wrong = Vec::new();
    if is_asked("race") {
        table::print_race(&race::run(&places, asked.rounds, asked.seconds)?);
    }
    if is_asked("slow") {
        wrong.extend(slow_clients(&places)?);
    }
    if is_asked("killed") {
        wrong.extend(killed_service(&places)?);
    }
    println!("{}", process::load());
    if wrong.is_empty() { Ok(()) } else { Err(Failure::new(wrong.join("; "))) }
}

/// What went wrong with the gateway while slow clients hung on, or with the counting.
fn slow_clients(places: &Places) -> Result<Vec<String>, Failure> {
    let clients = slow::clients();
    if clients < slow::CLIENTS {
        println!("descriptors allow {clients} slow clients only: run it by scripts/gateway.sh");
    }
    table::print_slow(&slow::run(places, Proxy::Nginx, clients, slow::ASKED_FOR)?);
    let ours = slow::run(places, Proxy::Gateway, clients, slow::ASKED_FOR)?;
    table::print_slow(&ours);
    // Few are enough to see that what has no fallback is found.
    let without = slow::run(places, Proxy::Bare, 30, 2)?.asked;
    println!("without a fallback, {} of {} requests starve", without.starved, without.all);
    let mut wrong = Vec::new();
    if ours.asked.starved > 0 {
        wrong.push(format!("{} requests starved", ours.asked.starved));
    }
    if without.starved == 0 {
        wrong.push("what starves without a fallback is not seen".to_owned());
    }
    Ok(wrong)
}

/// What went wrong with the gateway when modern was killed, or with the counting.
fn killed_service(places: &Places) -> Result<Vec<String>, Failure> {
    let mut wrong = Vec::new();
    for proxy in [Proxy::Nginx, Proxy::Gateway, Proxy::Bare] {
        let killed = killed::run(places, proxy)?;
        table::print_killed(&killed);
        match proxy {
            Proxy::Gateway if killed.failed > 0 => {
                wrong.push(format!("{} requests failed when modern was killed", killed.failed));
            }
            Proxy::Bare if killed.failed == 0 => {
                wrong.push("what fails without a fallback is not seen".to_owned());
            }
            _ => {}
        }
    }
    Ok(wrong)
}
