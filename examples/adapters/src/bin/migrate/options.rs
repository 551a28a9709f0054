use std::ffi::OsString;
use std::num::NonZeroU64;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

use crate::environment;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Copies, checks and repairs customers from MariaDB to PostgreSQL.

Usage: migrate [JOB] [OPTIONS]

Jobs:
  all     copy, check, and if something differs, repair and check (the default)
  copy    copy every row; goes on where it was stopped
  check   compare every row; differences go to the repair queue
  repair  repair what is due in the queue
  parked  which keys were given up, and why
  retry   what was given up is due again, and is repaired; asks for --reason
  forget  how far copying came: the next copy begins anew
  demo    fill a table in MariaDB with customers

Options:
  --alone        no fleet serves these stores: legacy is what counts, and wins
  --rows N       how many customers the demo makes (default 100000)
  --rate N       copy at most so many rows a second
  --settling MS  how long a difference must stand to count, longer than any lag
                 of replication (default 2000)
  --digest       let the servers compare: only digests of the rows are sent
  --dry-run      copy, check, all: say what would be copied, note no differences,
                 repair nothing
  --reason TEXT  why, for the log
  --actor NAME   who (default: ACTOR, then USER)
  --help         print this

STATE_URL names the store of the state, MIGRATION the migration (default customers),
as for operate: by them this command is a worker of the fleet, joins rows by the rule
of the phase, and crossings wait for it. LEGACY_URL (mysql://) and MODERN_URL
(postgres://) name the two stores (default: MARIADB_URL and POSTGRES_URL, then the
usual ports), which hold a table `customer` each. What is missing in PostgreSQL is made.

Exit code: 0 if it was done: every row was copied or noted, the stores are level,
nothing waits or is parked; 1 if not; 2 if it could not be told.
";

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    All,
    Copy,
    Check,
    Repair,
    Parked,
    Retry,
    Forget,
    Demo,
}

/// What the command line and the environment ask for.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) job: Job,
    pub(crate) is_alone: bool,
    pub(crate) legacy: Place,
    pub(crate) modern: Place,
    pub(crate) rows: u64,
    pub(crate) rate: Option<NonZeroU64>,
    pub(crate) settling: Duration,
    pub(crate) by_digest: bool,
    pub(crate) is_dry_run: bool,
    pub(crate) reason: Option<String>,
    pub(crate) actor: Option<String>,
}

/// A store, and who says where it is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) url: String,
    pub(crate) said_by: &'static str,
}

impl Place {
    fn at(name: &'static str, other: &'static str, usual: &str) -> Self {
        let said_by = if environment(name).is_some() { name } else { other };
        let url = environment(said_by).unwrap_or_else(|| usual.to_owned());
        Self { url, said_by }
    }
}

impl Options {
    fn new() -> Self {
        let (mariadb, postgres) =
            ("mysql://root@127.0.0.1:3306/test", "postgres://postgres@127.0.0.1:5432/test");
        Self {
            job: Job::All,
            is_alone: false,
            legacy: Place::at("LEGACY_URL", "MARIADB_URL", mariadb),
            modern: Place::at("MODERN_URL", "POSTGRES_URL", postgres),
            rows: 100_000,
            rate: None,
            settling: Duration::from_secs(2),
            by_digest: false,
            is_dry_run: false,
            reason: None,
            actor: None,
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
                Arg::Long("alone") => options.is_alone = true,
                Arg::Long("digest") => options.by_digest = true,
                Arg::Long("dry-run") => options.is_dry_run = true,
                Arg::Long("reason") => options.reason = Some(parser.value()?.string()?),
                Arg::Long("actor") => options.actor = Some(parser.value()?.string()?),
                Arg::Long("help") => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        if options.is_dry_run && !matches!(options.job, Job::All | Job::Copy | Job::Check) {
            return Err("--dry-run is for copy, check and all".into());
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
        "parked" => Ok(Job::Parked),
        "retry" => Ok(Job::Retry),
        "forget" => Ok(Job::Forget),
        "demo" => Ok(Job::Demo),
        _ => Err("a job is all, copy, check, repair, parked, retry, forget or demo"),
    }
}
