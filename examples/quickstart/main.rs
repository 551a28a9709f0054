//! Moves 7,884 airports from a legacy `SQLite` database to a modern one with
//! another schema, under load.
//!
//! ```sh
//! cargo run --release --example quickstart
//! ```
#![expect(dead_code, reason = "the migration itself follows")]
#![expect(unreachable_pub, reason = "written as the modules of a service")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command")]

mod airport;
mod data;
mod database;
mod decimal;
mod legacy;
mod legacy_table;
mod modern;
mod modern_table;
mod options;
mod scratch;
mod stamps;

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use airport::Airport;
use legacy::LegacyAirports;
use modern::ModernAirports;
use options::{HELP, Options};
use scratch::Scratch;
use strangler_fig::repository::ScanRepository;

/// The exit code of a wrong option or data file.
const WRONG_INPUT: u8 = 2;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args_os().skip(1)) {
        Ok(options) => options,
        Err(error) => return wrong_input(&error),
    };
    if options.help {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    let airports = match data::airports(&options.data) {
        Ok(airports) => airports,
        Err(error) => return wrong_input(&error),
    };
    match run(airports) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quickstart: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

fn wrong_input(error: &dyn Error) -> ExitCode {
    eprintln!("quickstart: {error}");
    ExitCode::from(WRONG_INPUT)
}

/// What failed, and why, on one line.
fn chain(error: &dyn Error) -> String {
    let whys = std::iter::successors(Some(error), |error| (*error).source());
    let texts: Vec<_> = whys.map(ToString::to_string).collect();
    texts.join(": ")
}

#[tokio::main]
async fn run(airports: Vec<Airport>) -> Result<(), Box<dyn Error>> {
    let scratch = Scratch::new()?;
    let legacy = LegacyAirports::open(&scratch.file("legacy.db"))?;
    let modern = ModernAirports::open(&scratch.file("modern.db"))?;

    let (count, started) = (airports.len(), Instant::now());
    legacy.save_all(airports).await?;
    println!("legacy: {count} airports, loaded in {:?}", started.elapsed());
    let page = modern.scan(None, std::num::NonZeroUsize::MIN).await?;
    println!("modern: {} airports", page.records.len());
    Ok(())
}
