//! Who is measured, and what is expected of each.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::error::Failure;
use crate::fixture::Fixture;
use crate::process::{self, Ran};

/// Something that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Candidate {
    /// Our check by scans.
    Full(&'static str),
    /// Our check by digests.
    Digest(&'static str),
    /// Our check of MariaDB and PostgreSQL.
    FullMariadb,
    /// Both tables as text, compared.
    CopyCmp(&'static str),
    /// reladiff.
    Reladiff(&'static str),
    /// Our backfill.
    Backfill,
    /// One table as text into the other.
    CopyCopy,
}

impl Candidate {
    /// Everyone who can be asked here.
    pub(crate) fn all(fixture: &Fixture) -> Vec<Self> {
        let mut all = vec![Self::CopyCmp("modern")];
        for &variant in fixture.variants {
            all.extend([Self::Full(variant), Self::Digest(variant)]);
            // With many it takes minutes, and compares row by row in the end.
            if fixture.servers.reladiff.is_some() && variant != "many" {
                all.push(Self::Reladiff(variant));
            }
        }
        all.extend([Self::CopyCopy, Self::Backfill]);
        all
    }

    /// Its name in figures.
    pub(crate) fn name(self) -> String {
        let of = |variant| match variant {
            "modern" => "equal",
            other => other,
        };
        match self {
            Self::Full(variant) => format!("checker.full.{}", of(variant)),
            Self::Digest(variant) => format!("checker.digest.{}", of(variant)),
            Self::FullMariadb => "checker.full.mariadb".to_owned(),
            Self::CopyCmp(variant) => format!("copy_cmp.{}", of(variant)),
            Self::Reladiff(variant) => format!("reladiff.{}", of(variant)),
            Self::Backfill => "backfill".to_owned(),
            Self::CopyCopy => "copy_copy".to_owned(),
        }
    }

    /// Runs it once, and does not return if it said what is wrong.
    pub(crate) fn run(self, fixture: &Fixture) -> Result<Ran, Failure> {
        let copies = matches!(self, Self::Backfill | Self::CopyCopy);
        if copies {
            fixture.emptied()?;
        }
        let before = fixture.servers.cpu();
        let mut ran = process::run(&mut self.command(fixture)?)?;
        // Until what was closed has ended.
        thread::sleep(Duration::from_millis(200));
        ran.server = fixture.servers.cpu().zip(before).map(|(after, before)| after - before);
        self.judged(fixture, &ran)?;
        if copies {
            // What is in the target now is judged by neither of the two.
            let same = process::run(&mut copy_cmp(&fixture.url("legacy"), &fixture.url("empty")))?;
            expect("the copy", same.code == Some(0), &same.said)?;
        }
        Ok(ran)
    }

    fn command(self, fixture: &Fixture) -> Result<Command, Failure> {
        let legacy = fixture.url("legacy");
        let mariadb = || fixture.mariadb().ok_or_else(|| Failure::new("there is no MariaDB"));
        match self {
            Self::Full(variant) => task("full", &legacy, &fixture.url(variant)),
            Self::Digest(variant) => task("digest", &legacy, &fixture.url(variant)),
            Self::FullMariadb => task("full-mariadb", &mariadb()?, &fixture.url("modern")),
            Self::Backfill => task("backfill", &legacy, &fixture.url("empty")),
            Self::CopyCmp(variant) => Ok(copy_cmp(&legacy, &fixture.url(variant))),
            Self::CopyCopy => Ok(copy_copy(&legacy, &fixture.url("empty"))),
            Self::Reladiff(variant) => {
                let program = fixture.servers.reladiff.as_deref();
                let program = program.ok_or_else(|| Failure::new("there is no reladiff"))?;
                Ok(reladiff(program, &legacy, &fixture.url(variant)))
            }
        }
    }

    fn judged(self, fixture: &Fixture, ran: &Ran) -> Result<(), Failure> {
        let differences = |variant| fixture.differences(variant);
        let lines = || ran.said.lines().map(str::trim);
        let (is_right, name) = (|word: &str| ran.said.contains(word), self.name());
        let right = match self {
            Self::Full(variant) | Self::Digest(variant) => {
                let verdict = if variant == "modern" { "consistent" } else { "inconsistent" };
                let count = format!(" {verdict} differences={}", differences(variant));
                is_right(&count) && !is_right("fell_back=true") && counted(fixture, variant, ran)
            }
            Self::FullMariadb => {
                is_right(" consistent differences=0") && counted(fixture, "modern", ran)
            }
            Self::CopyCmp(variant) => ran.code == Some(i32::from(variant != "modern")),
            // A line for a key that one side lacks, two for one that differs.
            Self::Reladiff(variant) => {
                let found = lines().filter(|line| line.starts_with(['+', '-'])).count();
                u64::try_from(found).ok() == Some(fixture.lines(variant))
            }
            Self::Backfill => is_right(&format!("keys={} done=true differences=0", fixture.rows)),
            Self::CopyCopy => ran.code == Some(0),
        };
        expect(&name, right, &ran.said)
    }
}

/// Whether a check has seen every key.
fn counted(fixture: &Fixture, variant: &str, ran: &Ran) -> bool {
    let keys = fixture.rows + u64::from(variant == "few");
    ran.said.contains(&format!("keys={keys} "))
}

fn expect(name: &str, is_right: bool, said: &str) -> Result<(), Failure> {
    let said: String = said.chars().take(300).collect();
    if is_right { Ok(()) } else { Err(Failure::new(format!("{name} is wrong: {said}"))) }
}

/// Ourselves, as the process that is measured.
pub(crate) fn task(name: &str, legacy: &str, modern: &str) -> Result<Command, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["task", name, legacy, modern]);
    Ok(command)
}

pub(crate) fn reladiff(program: &Path, legacy: &str, modern: &str) -> Command {
    let (legacy, modern) = (theirs(legacy), theirs(modern));
    let mut command = Command::new(program);
    command.args([&legacy, "customer_numbered", &modern, "customer_numbered"]);
    command.args(["-k", "id", "-c", "%", "-j", "2"]);
    command
}

/// The scheme it knows.
fn theirs(url: &str) -> String {
    url.strip_prefix("postgres://")
        .map_or_else(|| url.to_owned(), |rest| format!("postgresql://{rest}"))
}

fn copy_cmp(legacy: &str, modern: &str) -> Command {
    let rows = "COPY (SELECT * FROM customer ORDER BY id) TO STDOUT";
    shell(&format!(
        "psql -Xqd '{legacy}' -c '{rows}' | cmp -s - <(psql -Xqd '{modern}' -c '{rows}')"
    ))
}

fn copy_copy(legacy: &str, modern: &str) -> Command {
    shell(&format!(
        "psql -Xqd '{legacy}' -c 'COPY customer TO STDOUT' | psql -Xqd '{modern}' -c 'COPY customer FROM STDIN'"
    ))
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("bash");
    command.args(["-c", script]);
    command
}
