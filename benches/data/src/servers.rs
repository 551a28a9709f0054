//! The servers, and the programs that are needed beside them.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::error::Failure;
use crate::fixture::mariadb_answers;
use crate::process;

/// Where the databases are, and who talks to them.
#[derive(Debug, Clone)]
pub(crate) struct Servers {
    /// The address of a database of PostgreSQL; others are made beside it.
    postgres: String,
    /// The same of MariaDB, if there is one.
    pub(crate) mariadb: Option<String>,
    /// reladiff, if it is installed.
    pub(crate) reladiff: Option<PathBuf>,
    /// The process of PostgreSQL, if it is one of this machine.
    postmaster: Option<String>,
}

impl Servers {
    /// Those of the environment, or on the usual ports; PostgreSQL `alone`, perhaps.
    pub(crate) fn found(alone: bool) -> Result<Self, Failure> {
        let or = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
        let postgres = or("POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test");
        let mariadb = or("MARIADB_URL", "mysql://root@127.0.0.1:3306/test");
        let reladiff =
            PathBuf::from(or("CARGO_TARGET_DIR", "target")).join("reladiff/bin/reladiff");
        for program in ["psql", "cmp", "bash"] {
            let known = Command::new(program).arg("--version").output();
            known.map_err(|_| Failure::new(format!("there is no `{program}` here")))?;
        }
        let mut servers = Self {
            postmaster: None,
            postgres,
            mariadb: (!alone && mariadb_answers(&mariadb)).then_some(mariadb),
            reladiff: (!alone && reladiff.is_file()).then_some(reladiff),
        };
        servers.sql(None, "SELECT 1").map_err(|_| {
            let url = &servers.postgres;
            Failure::new(format!("no PostgreSQL at {url}: run `make servers`, or set POSTGRES_URL"))
        })?;
        servers.postmaster = servers.postmaster();
        if !alone && servers.mariadb.is_none() {
            println!("no MariaDB: set MARIADB_URL to measure it too");
        }
        if !alone && servers.reladiff.is_none() {
            println!("no reladiff: `scripts/reladiff.sh` installs it");
        }
        Ok(servers)
    }

    /// Its number, where we may know it and the process is to be seen here.
    fn postmaster(&self) -> Option<String> {
        let file = "SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)";
        let pid = self.sql(None, file).ok()?;
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
        name.starts_with("postgres").then_some(pid)
    }

    /// CPU seconds of the connections that were closed. Who else uses the server
    /// counts too.
    pub(crate) fn cpu(&self) -> Option<f64> {
        process::cpu_of_ended(self.postmaster.as_ref()?)
    }

    /// The address of a database beside the one that was given.
    pub(crate) fn database(&self, name: &str) -> String {
        beside(&self.postgres, name)
    }

    /// What `psql` answers to statements, in one database or in that of the address.
    pub(crate) fn sql(&self, database: Option<&str>, sql: &str) -> Result<String, Failure> {
        let url = database.map_or_else(|| self.postgres.clone(), |name| self.database(name));
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &url]);
        for statement in sql.split(";;").filter(|it| !it.trim().is_empty()) {
            psql.args(["-c", statement]);
        }
        let output = psql.output()?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Failure::new(format!("psql: {errors}")));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// The same address with another database in it.
pub(crate) fn beside(url: &str, name: &str) -> String {
    let (address, options) = url.split_once('?').map_or((url, ""), |(url, options)| (url, options));
    let server = address.rsplit_once('/').map_or(address, |(server, _)| server);
    let sign = if options.is_empty() { "" } else { "?" };
    format!("{server}/{name}{sign}{options}")
}

/// What else the machine is doing.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    format!("load {load} on {cores} cores")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_beside_another_is_at_the_same_server() {
        assert_eq!(
            beside("postgres://me@host:1/test?a=b", "other"),
            "postgres://me@host:1/other?a=b"
        );
        assert_eq!(beside("mysql://host/test", "other"), "mysql://host/other");
    }
}
