use std::ffi::OsString;
use std::num::NonZeroU64;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

/// What `--help` prints.
pub const HELP: &str = "\
Copies parcels from a legacy SQLite database to a modern one. Kill it whenever
you like, and run it again.

Usage: cargo run --release --example backfill_resume -- [OPTIONS]

Options:
  --rows N   how many parcels legacy holds, when it is made (default 200000)
  --rate N   at most so many a second (default: no limit)
  --dir DIR  where the databases are (default: a folder for temporary files)
  --help     print this
";

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub rows: i64,
    pub rate: Option<NonZeroU64>,
    pub directory: PathBuf,
}

impl Options {
    /// `None`: only help is asked for.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Option<Self>, lexopt::Error> {
        let directory = std::env::temp_dir().join("strangler-fig-backfill");
        let mut options = Self { rows: 200_000, rate: None, directory };
        let mut parser = Parser::from_iter(args);
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Long("rows") => options.rows = parser.value()?.parse()?,
                Arg::Long("rate") => options.rate = Some(parser.value()?.parse()?),
                Arg::Long("dir") => options.directory = parser.value()?.into(),
                Arg::Long("help") => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(options))
    }
}
