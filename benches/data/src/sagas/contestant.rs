//! Who takes part, and whether it has done what it says.

use std::process::Command;
use std::thread;
use std::time::Duration;

use adapters::postgres::SAGA_JOURNAL_SCHEMA;

use super::NODES;
use super::documents::{APPENDS, ENTRIES};
use crate::error::Failure;
use crate::process::{self, Ran};
use crate::servers::Servers;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contestant {
    /// Orchestrators.
    Sagas,
    /// The calls of the journal that they make, by nobody.
    Calls,
    /// The rows of each of these calls by one `INSERT`, committed together.
    Batches,
    /// Each row by an `INSERT`, committed by itself.
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
    /// The entries of one saga, a line for each transaction.
    sample: String,
}

impl Contestant {
    pub(crate) const ALL: [Self; 4] = [Self::Sagas, Self::Calls, Self::Batches, Self::Rows];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sagas => "sagas",
            Self::Calls => "calls",
            Self::Batches => "batches",
            Self::Rows => "rows",
        }
    }

    /// Runs it once, in a database of its own, and does not return if it is wrong.
    pub(crate) fn run(self, servers: &Servers, sagas: u64) -> Result<Measured, Failure> {
        let name = format!("strangler_bench_sagas_{}", self.name());
        let gone = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        let gone = format!("SET client_min_messages = error ;; {gone}");
        servers.sql(None, &format!("{gone} ;; CREATE DATABASE {name}"))?;
        let measured = self.measured(servers, &name, sagas);
        servers.sql(None, &gone)?;
        measured
    }

    fn measured(self, servers: &Servers, name: &str, sagas: u64) -> Result<Measured, Failure> {
        servers.sql(Some(name), SAGA_JOURNAL_SCHEMA)?;
        // What was written before is not to be flushed while something is timed.
        servers.sql(None, "CHECKPOINT")?;
        let url = servers.database(name);
        let commands = (0..NODES).map(|node| self.command(&url, node, sagas));
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
        let sample = asked(
            "SELECT string_agg(document, ' ' ORDER BY position) FROM saga_entry
            WHERE saga = 'order:17' GROUP BY xmin::text ORDER BY min(position)",
        )?;
        Ok(Measured { contestant: self, ran, busy, commits, sample })
    }

    fn command(self, url: &str, node: u64, sagas: u64) -> Result<Command, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["sagas-task", self.name(), url, &node.to_string(), &sagas.to_string()]);
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
        if matches!(self, Self::Sagas | Self::Calls) {
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

/// Whether all wrote the same: the same texts, in as many transactions.
pub(crate) fn compared(measured: &[Measured]) -> Result<(), Failure> {
    let [sagas, others @ ..] = measured else { return Ok(()) };
    for other in others {
        let is_same = match other.contestant {
            Contestant::Rows => other.sample.replace('\n', " ") == sagas.sample.replace('\n', " "),
            _ => other.sample == sagas.sample && other.commits == sagas.commits,
        };
        if !is_same {
            let (name, found, expected) = (other.contestant.name(), &other.sample, &sagas.sample);
            let commits = (other.commits, sagas.commits);
            return Err(Failure::new(format!(
                "{name} wrote otherwise, {commits:?} commits:\n{found}\ninstead of\n{expected}"
            )));
        }
    }
    debug_assert_eq!(sagas.sample.lines().count(), APPENDS);
    Ok(())
}
