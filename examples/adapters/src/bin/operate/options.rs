use std::ffi::OsString;
use std::num::NonZeroU32;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};
use strangler_fig::controller::Target;
use strangler_fig::phase::{MigrationName, Phase, Share};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Moves a migration, and says where it stands.

Usage: operate COMMAND [OPTIONS]

Look:
  status             where it stands, who works by it, what comes next
  plan PHASE         what advance-to would do; \"plan back\": what roll-back would
  history            the last moves: who, why, and what the gates saw

Move (each asks for --reason):
  create             begin: in legacy_only
  expect N           so many nodes must hold a lease
  advance            the next step
  advance-to PHASE   every step up to it, or back to it; cohort:PHASE or
                     base:PHASE moves that part alone
  share PERCENT      a cohort of this share; 0 takes it back
  roll-back          everything back into the legacy family
  halt               modern is gone: stop, and go on in legacy
  evict NODE         its process has ended (say so: --process-has-ended)
  decommission NAME  give up the way back, for good

Options:
  --reason TEXT      why, for the history
  --actor NAME       who (default: ACTOR, then USER)
  --force GATE       go through this gate though it be closed
  --wait SECONDS     how long a step may wait for the fleet (default 60)
  --json             status as JSON
  --help             print this

STATE_URL names the store of the state: postgres://, redis:// or nats:// (whose servers
flush what they acknowledge); MIGRATION the migration (default customers). LEGACY_URL
(mysql://) and MODERN_URL (postgres://) name the two stores: with them the gates look
at the backfill and the repair queue, and a step that needs a sweep makes it.

Exit code: 0 if it was done, 1 if something holds it up, 2 if it could not be tried or
told.
";

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    Status,
    Plan(Target),
    PlanBack,
    History,
    Create,
    Expect(NonZeroU32),
    Advance,
    AdvanceTo(Target),
    Share(Share),
    RollBack,
    Halt,
    Evict(String),
    Decommission(MigrationName),
}

/// What the command line asks for.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) command: Command,
    pub(crate) reason: Option<String>,
    pub(crate) actor: Option<String>,
    pub(crate) forced: Vec<String>,
    pub(crate) wait: Duration,
    pub(crate) is_json: bool,
    pub(crate) process_has_ended: bool,
}

impl Options {
    /// `None`: only help is asked for.
    pub(crate) fn parse(
        args: impl IntoIterator<Item = OsString>,
    ) -> Result<Option<Self>, lexopt::Error> {
        let mut options = Self {
            command: Command::Status,
            reason: None,
            actor: None,
            forced: Vec::new(),
            wait: Duration::from_mins(1),
            is_json: false,
            process_has_ended: false,
        };
        let (mut parser, mut words) = (Parser::from_iter(args), Vec::new());
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Value(word) => words.push(word.string()?),
                Arg::Long("reason") => options.reason = Some(parser.value()?.string()?),
                Arg::Long("actor") => options.actor = Some(parser.value()?.string()?),
                Arg::Long("force") => options.forced.push(parser.value()?.string()?),
                Arg::Long("wait") => {
                    options.wait = Duration::from_secs(parser.value()?.parse()?);
                }
                Arg::Long("json") => options.is_json = true,
                Arg::Long("process-has-ended") => options.process_has_ended = true,
                Arg::Long("help") => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        options.command = command(&words)?;
        Ok(Some(options))
    }
}

fn command(words: &[&str]) -> Result<Command, String> {
    Ok(match words {
        ["status"] | [] => Command::Status,
        ["plan", "back"] => Command::PlanBack,
        ["plan", to] => Command::Plan(target(to)?),
        ["history"] => Command::History,
        ["create"] => Command::Create,
        ["expect", nodes] => {
            Command::Expect(nodes.parse().map_err(|_| format!("{nodes:?} is no number of nodes"))?)
        }
        ["advance"] => Command::Advance,
        ["advance-to", to] => Command::AdvanceTo(target(to)?),
        ["share", percent] => Command::Share(share(percent)?),
        ["roll-back"] => Command::RollBack,
        ["halt"] => Command::Halt,
        ["evict", node] => Command::Evict((*node).to_owned()),
        ["decommission", name] => {
            Command::Decommission(name.parse().map_err(|error| format!("{error}"))?)
        }
        words => return Err(format!("{:?} is no command: see --help", words.join(" "))),
    })
}

fn target(text: &str) -> Result<Target, String> {
    let phase = |name: &str| {
        let found = Phase::ALL.into_iter().find(|phase| phase.name() == name);
        let names = Phase::ALL.map(Phase::name).join(", ");
        found.ok_or_else(|| format!("{name:?} is no phase: they are {names}"))
    };
    match text.split_once(':') {
        Some(("cohort", name)) => phase(name).map(Target::Cohort),
        Some(("base", name)) => phase(name).map(Target::Base),
        _ => phase(text).map(Target::Whole),
    }
}

/// A share in per cent, to two places.
fn share(text: &str) -> Result<Share, String> {
    let wrong = || format!("{text:?} is no share: it takes per cent, 0 to 100, to two places");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 2 || !whole.chars().chain(part.chars()).all(|c| c.is_ascii_digit()) {
        return Err(wrong());
    }
    let points = format!("{whole}{part:0<2}").parse().map_err(|_| wrong())?;
    Share::new(points).ok_or_else(wrong)
}
