use std::ffi::OsString;
use std::time::Duration;

use lexopt::{Arg, Parser};

use crate::task::Task;

/// What `--help` prints.
pub const HELP: &str = "\
Migrates customers by a fleet of processes that are stopped, killed and cut off.

Usage: cargo run --release -p fleet -- [OPTIONS]

Options:
  --seed N       seed of the load and of the torment (default 1)
  --seconds N    how long the migration is to take, 5 to 600 (default 60)
  --nodes N      how many nodes the service has, 2 to 12 (default 6)
  --fenced       nodes answer nothing when their lease has run out
  --help         print this

POSTGRES_URL names the server (default postgres://postgres@127.0.0.1:5432/test).
";

/// What the command line asks for.
#[derive(Debug, Clone)]
pub struct Options {
    /// Seed of the load and of the torment.
    pub seed: u64,
    /// How long the migration is to take.
    pub duration: Duration,
    /// How many nodes the service has.
    pub nodes: u32,
    /// Whether nodes stop answering when their lease has run out.
    pub fenced: bool,
    /// Whether only the help is wanted.
    pub help: bool,
    /// What a process of the fleet is started for.
    pub task: Option<Task>,
}

impl Default for Options {
    fn default() -> Self {
        let duration = Duration::from_mins(1);
        Self { seed: 1, duration, nodes: 6, fenced: false, help: false, task: None }
    }
}

/// A command line that makes no sense; its text is one line.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// An option that is none, or lacks its value.
    #[error(transparent)]
    Usage(#[from] lexopt::Error),
    /// A value that cannot be.
    #[error("{option} wants {wanted}, not {found:?}")]
    Value {
        /// Which option.
        option: &'static str,
        /// What it takes.
        wanted: &'static str,
        /// What it was given.
        found: OsString,
    },
}

impl Options {
    /// The options of these arguments, without the program's name.
    ///
    /// # Errors
    ///
    /// [`OptionsError`]
    pub fn parse<A>(arguments: A) -> Result<Self, OptionsError>
    where
        A: IntoIterator<Item: Into<OsString>, IntoIter: 'static>,
    {
        let mut options = Self::default();
        let mut parser = Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("seed") => {
                    options.seed =
                        number("--seed", "a whole number", parser.value()?, 0..=u64::MAX)?;
                }
                Arg::Long("seconds") => {
                    let wanted = "a whole number from 5 to 600";
                    let seconds = number("--seconds", wanted, parser.value()?, 5..=600)?;
                    options.duration = Duration::from_secs(seconds);
                }
                Arg::Long("nodes") => {
                    let wanted = "a whole number from 2 to 12";
                    let nodes = number("--nodes", wanted, parser.value()?, 2..=12)?;
                    options.nodes = u32::try_from(nodes).unwrap_or(u32::MAX);
                }
                Arg::Long("fenced") => options.fenced = true,
                Arg::Long("task") => options.task = Some(task(parser.value()?)?),
                Arg::Long("help") | Arg::Short('h') => options.help = true,
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(options)
    }
}

fn number(
    option: &'static str,
    wanted: &'static str,
    value: OsString,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u64, OptionsError> {
    let found = value.to_str().and_then(|text| text.parse().ok());
    found.filter(|number| range.contains(number)).ok_or(OptionsError::Value {
        option,
        wanted,
        found: value,
    })
}

fn task(value: OsString) -> Result<Task, OptionsError> {
    let found = value.to_str().and_then(|text| serde_json::from_str(text).ok());
    let wanted = "what the director gives to its processes";
    found.ok_or(OptionsError::Value { option: "--task", wanted, found: value })
}
