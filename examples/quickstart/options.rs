use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser};

/// What `--help` prints.
pub const HELP: &str = "\
Moves 7,884 airports from a legacy SQLite database to a modern one, under load.

Usage: cargo run --release --example quickstart -- [OPTIONS]

Options:
  --seed N       seed of the load (default 1)
  --seconds N    how long the load lasts, 1 to 600 (default 20)
  --data FILE    the airports, as CSV (default: the file beside the example)
  --back         to the modern store and back, twice: by choice, and because it died
  --faults       let the modern store be slow, refuse, and fail after its effect
  --naive        the control: the textbook's migration, without the crate
  --help         print this
";

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/quickstart/data/airports.csv");
/// The verdict needs every operation in memory.
const SECONDS_MAX: u64 = 600;

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag")]
pub struct Options {
    pub seed: u64,
    pub duration: Duration,
    pub data: PathBuf,
    pub back: bool,
    pub naive: bool,
    pub faults: bool,
    pub help: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            duration: Duration::from_secs(20),
            data: DATA.into(),
            back: false,
            naive: false,
            faults: false,
            help: false,
        }
    }
}

/// A command line that makes no sense; its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    #[error(transparent)]
    Usage(#[from] lexopt::Error),
    #[error("--naive goes without --back and --faults")]
    NotAlone,
    #[error("{option} wants {wanted}, not {found:?}")]
    Value { option: &'static str, wanted: &'static str, found: OsString },
}

impl Options {
    /// The options of these arguments, without the program's name.
    pub fn parse<A>(arguments: A) -> Result<Self, OptionsError>
    where
        A: IntoIterator<Item: Into<OsString>, IntoIter: 'static>,
    {
        let mut options = Self::default();
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("seed") => options.seed = seed(parser.value()?)?,
                Arg::Long("seconds") => options.duration = seconds(parser.value()?)?,
                Arg::Long("data") => options.data = parser.value()?.into(),
                Arg::Long("back") => options.back = true,
                Arg::Long("naive") => options.naive = true,
                Arg::Long("faults") => options.faults = true,
                Arg::Long("help") | Arg::Short('h') => options.help = true,
                other => return Err(other.unexpected().into()),
            }
        }
        if options.naive && (options.back || options.faults) {
            return Err(OptionsError::NotAlone);
        }
        Ok(options)
    }
}

fn seed(value: OsString) -> Result<u64, OptionsError> {
    number(&value).ok_or(OptionsError::Value {
        option: "--seed",
        wanted: "a whole number",
        found: value,
    })
}

fn seconds(value: OsString) -> Result<Duration, OptionsError> {
    number(&value)
        .filter(|seconds| (1..=SECONDS_MAX).contains(seconds))
        .map(Duration::from_secs)
        .ok_or(OptionsError::Value {
            option: "--seconds",
            wanted: "a whole number from 1 to 600",
            found: value,
        })
}

fn number(value: &OsString) -> Option<u64> {
    value.to_str()?.parse().ok()
}
