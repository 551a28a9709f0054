//! Who takes part, and whether it has done what it says.

use std::process::Command;
use std::thread;
use std::time::Duration;

use adapters::postgres::SAGA_JOURNAL_SCHEMA;

use super::NODES;
use super::documents::ENTRIES;
use crate::error::Failure;
use crate::process::{self, Ran};
use crate::servers::Servers;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contestant {
    /// Orchestrators.
    Sagas,
    /// As many rows by each `INSERT` that there are as many commits as the sagas had.
    Packed,
    /// The rows of each append by an `INSERT`.
    Appends,
    /// Each row by an `INSERT`.
    Rows,
}

/// What was measured of one.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) contestant: Contestant,
    pub(crate) ran: Ran,
    /// Which share of the machine's time no core was idle, nor waiting for a disk.
    pub(crate) busy: f64,
    /// How many transactions wrote entries.
    pub(crate) commits: u64,
    /// What is written of one saga.
    sample: String,
}

impl Contestant {
    pub(crate) const ALL: [Self; 4] = [Self::Sagas, Self::Packed, Self::Appends, Self::Rows];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sagas => "sagas",
            Self::Packed => "packed",
            Self::Appends => "appends",
            Self::Rows => "rows",
        }
    }

    /// Runs it once, in a database of its own, and does not return if it is wrong.
    /// `before` is what was measured of others.
    pub(crate) fn run(
        self,
        servers: &Servers,
        sagas: u64,
        before: &[Measured],
    ) -> Result<Measured, Failure> {
        let commits = before.iter().find(|it| it.contestant == Self::Sagas).map(|it| it.commits);
        let rows = match (self, commits) {
            (Self::Packed, Some(commits)) => (sagas * ENTRIES).div_ceil(commits),
            (Self::Appends, _) => 2,
            _ => 1,
        };
        let name = format!("strangler_bench_sagas_{}", self.name());
        let gone = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        let gone = format!("SET client_min_messages = error ;; {gone}");
        servers.sql(None, &format!("{gone} ;; CREATE DATABASE {name}"))?;
        let measured = self.measured(servers, &name, [sagas, rows]);
        servers.sql(None, &gone)?;
        measured
    }

    fn measured(
        self,
        servers: &Servers,
        name: &str,
        [sagas, rows]: [u64; 2],
    ) -> Result<Measured, Failure> {
        servers.sql(Some(name), SAGA_JOURNAL_SCHEMA)?;
        // What was written before is not to be flushed while something is timed.
        servers.sql(None, "CHECKPOINT")?;
        let url = servers.database(name);
        let commands = (0..NODES).map(|node| self.command(&url, [node, sagas, rows]));
        let commands = commands.collect::<Result<Vec<_>, _>>()?;
        let (before, ticks) = (servers.cpu(), process::ticks());
        let mut ran = process::run_all(commands)?;
        let busy = process::busy(ticks, process::ticks());
        // Until what was closed has ended.
        thread::sleep(Duration::from_millis(200));
        ran.server = servers.cpu().zip(before).map(|(after, before)| after - before);
        let asked = |sql: &str| servers.sql(Some(name), sql);
        self.judged(asked, sagas)?;
        let commits = asked("SELECT count(DISTINCT xmin::text) FROM saga_entry")?.parse()?;
        let sample = asked("SELECT * FROM saga_entry WHERE saga = 'order:17' ORDER BY position")?;
        Ok(Measured { contestant: self, ran, busy, commits, sample })
    }

    fn command(self, url: &str, numbers: [u64; 3]) -> Result<Command, Failure> {
        let task = if self == Self::Sagas { "sagas" } else { "insert" };
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["sagas-task", task, url]).args(numbers.map(|number| number.to_string()));
        Ok(command)
    }

    /// Every saga has committed, with all its entries.
    fn judged(
        self,
        asked: impl Fn(&str) -> Result<String, Failure>,
        sagas: u64,
    ) -> Result<(), Failure> {
        let entries = "SELECT count(*) || ' of ' || count(DISTINCT saga) FROM saga_entry";
        self.expect("entries", &asked(entries)?, &format!("{} of {sagas}", sagas * ENTRIES))?;
        if self == Self::Sagas {
            let committed = format!(
                "SELECT count(*) || ' of ' || (SELECT count(*) FROM saga) FROM saga
                WHERE status = 'committed' AND outcome IS NOT NULL AND length = {ENTRIES}
                    AND epoch = 1 AND holder IS NULL"
            );
            self.expect("committed", &asked(&committed)?, &format!("{sagas} of {sagas}"))?;
        }
        Ok(())
    }

    fn expect(self, what: &str, found: &str, expected: &str) -> Result<(), Failure> {
        if found == expected {
            return Ok(());
        }
        let name = self.name();
        Err(Failure::new(format!("{name} are wrong: {found} {what} instead of {expected}")))
    }
}

/// Whether all have written the same.
pub(crate) fn compared(measured: &[Measured]) -> Result<(), Failure> {
    let [sagas, others @ ..] = measured else { return Ok(()) };
    let Some(other) = others.iter().find(|other| other.sample != sagas.sample) else {
        return Ok(());
    };
    let (name, found, expected) = (other.contestant.name(), &other.sample, &sagas.sample);
    Err(Failure::new(format!("{name} wrote\n{found}\ninstead of\n{expected}")))
}
