use std::ffi::OsString;
use std::num::NonZeroU64;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Copies, checks and repairs customers from MariaDB to PostgreSQL.

Usage: migrate [JOB] [OPTIONS]

Jobs:
  all     copy, check, and if something differs, repair and check (the default)
  copy    copy every row; goes on where it was stopped
  check   compare every row; differences go to the repair queue
  repair  repair what is in the queue
  demo    fill a table in MariaDB with customers

Options:
  --rows N       how many customers the demo makes (default 100000)
  --rate N       copy at most so many rows a second
  --settling MS  how long a difference must stand to count, longer than any lag
                 of replication (default 2000)
  --digest       let the servers compare: only digests of the rows are sent
  --dry-run      say what would be copied; note no differences
  --help         print this

The servers are those of MARIADB_URL and POSTGRES_URL; the databases they name
hold a table `customer` each. What is missing in PostgreSQL is made.

Exit code: 0 if the stores are level, 1 if not, 2 if it could not be told.
";

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    All,
    Copy,
    Check,
    Repair,
    Demo,
}

/// What the command line and the environment ask for.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) job: Job,
    pub(crate) legacy: String,
    pub(crate) modern: String,
    pub(crate) rows: u64,
    pub(crate) rate: Option<NonZeroU64>,
    pub(crate) settling: Duration,
    pub(crate) by_digest: bool,
    pub(crate) is_dry_run: bool,
}

impl Options {
    fn new() -> Self {
        let url = |name, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.to_owned());
        Self {
            job: Job::All,
            legacy: url("MARIADB_URL", "mysql://root@127.0.0.1:3306/test"),
            modern: url("POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test"),
            rows: 100_000,
            rate: None,
            settling: Duration::from_secs(2),
            by_digest: false,
            is_dry_run: false,
        }
    }

    /// `None`: only help is asked for.
    pub(crate) fn parse(
        args: impl IntoIterator<Item = OsString>,
    ) -> Result<Option<Self>, lexopt::Error> {
        let mut options = Self::new();
        let mut parser = Parser::from_iter(args);
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Value(job) => options.job = job.parse_with(job_of)?,
                Arg::Long("rows") => options.rows = parser.value()?.parse()?,
                Arg::Long("rate") => options.rate = Some(parser.value()?.parse()?),
                Arg::Long("settling") => {
                    options.settling = Duration::from_millis(parser.value()?.parse()?);
                }
                Arg::Long("digest") => options.by_digest = true,
                Arg::Long("dry-run") => options.is_dry_run = true,
                Arg::Long("help") => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(options))
    }
}

fn job_of(name: &str) -> Result<Job, &'static str> {
    match name {
        "all" => Ok(Job::All),
        "copy" => Ok(Job::Copy),
        "check" => Ok(Job::Check),
        "repair" => Ok(Job::Repair),
        "demo" => Ok(Job::Demo),
        _ => Err("a job is all, copy, check, repair or demo"),
    }
}
