use std::ffi::OsString;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

use crate::judge::Plant;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Moves the users of a shop out of its monolith, on real servers, while people shop.

Usage: cargo build --release -p adapters -p storefront
       target/release/storefront [OPTIONS]

Options:
  --chaos        on servers that it starts for itself: kill and stop them and
                 the processes, and cut their sessions, all the way
  --seed N       seed of the traffic and of the chaos (default 1)
  --seconds N    how long people shop, 10 to 600 (default 60)
  --plant FAULT  spoil what was seen before it is judged: lost, stale,
                 resurrected, doubled, uncompensated, noticed; the judge has
                 to find it
  --help         print this

Without --chaos, POSTGRES_URL, MARIADB_URL and AMQP_URL name the servers, as
administrators; those that are not set are found, or installed and started, by
scripts/servers.sh.

Exit code: 0 if every count of the last line is zero (lost, stale, resurrected,
doubled, uncompensated, unfinished, stock_off, undecided, noticed), all else than
shopping took less than five minutes and, without --chaos, no process fell or had
to be killed; 1 if not; 2 if it could not be told: servers or programs are missing,
a step of the migration does not succeed, or it was interrupted.
";

/// The shortest run, and the longest.
const SECONDS: std::ops::RangeInclusive<u64> = 10..=600;

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) is_chaotic: bool,
    pub(crate) seed: u64,
    pub(crate) shopping: Duration,
    pub(crate) plant: Option<Plant>,
}

impl Options {
    /// `None`: only help is asked for.
    pub(crate) fn parse(
        args: impl IntoIterator<Item = impl Into<OsString>, IntoIter: 'static>,
    ) -> Result<Option<Self>, lexopt::Error> {
        let mut options =
            Self { is_chaotic: false, seed: 1, shopping: Duration::from_mins(1), plant: None };
        let mut parser = Parser::from_args(args);
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Long("chaos") => options.is_chaotic = true,
                Arg::Long("seed") => options.seed = parser.value()?.parse()?,
                Arg::Long("seconds") => {
                    let seconds: u64 = parser.value()?.parse()?;
                    if !SECONDS.contains(&seconds) {
                        return Err(format!("--seconds wants 10 to 600, not {seconds}").into());
                    }
                    options.shopping = Duration::from_secs(seconds);
                }
                Arg::Long("plant") => options.plant = Some(parser.value()?.parse_with(Plant::of)?),
                Arg::Long("help") => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_say_what_they_mean() {
        let parsed = Options::parse(["--chaos", "--seed", "7", "--seconds", "20"]).unwrap();
        let options = parsed.unwrap();
        assert!(options.is_chaotic);
        assert_eq!((options.seed, options.shopping), (7, Duration::from_secs(20)));
        assert_eq!(Options::parse(["--help"]).unwrap(), None);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for wrong in [vec!["--seconds", "3"], vec!["--plant", "roses"], vec!["--nothing"]] {
            assert!(Options::parse(wrong.clone()).is_err(), "{wrong:?}");
        }
    }
}
