use std::ffi::OsString;

use lexopt::{Arg, Parser, ValueExt};

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Shows what goes wrong where a monolith is taken apart, and how it is found out.

Usage: cargo build --release -p adapters -p storefront
       target/release/pitfalls [NAME…] [OPTIONS]

Names (all of them, if none is given):
  shared         a login that opens another service's database
  distributed    services that wait for each other: coupling, seen in a trace
  traces         a hop that loses the trace
  stale          a model that goes on with what was changed or deleted
  chatty         one request for each record, where one would do
  partition      who waits, and what is lost, while a network is parted

Options:
  --seed N       seed of what is drawn (default 1)
  --help         print this

POSTGRES_URL, MARIADB_URL and AMQP_URL name the servers, as administrators; those
that are not set are found, or installed and started, by scripts/servers.sh.

Exit code: 0 if each check holds and finds its naive counterpart wrong; 1 if not;
2 if it could not be told: servers or programs are missing, or it was interrupted.
";

/// The pitfalls, in the order in which they are shown: users are moved only for the last two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pitfall {
    Shared,
    Distributed,
    Traces,
    Stale,
    Chatty,
    Partition,
}

impl Pitfall {
    pub(crate) const ALL: [Self; 6] =
        [Self::Shared, Self::Distributed, Self::Traces, Self::Stale, Self::Chatty, Self::Partition];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Distributed => "distributed",
            Self::Traces => "traces",
            Self::Stale => "stale",
            Self::Chatty => "chatty",
            Self::Partition => "partition",
        }
    }

    fn of(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|pitfall| pitfall.name() == name);
        found.ok_or_else(|| format!("there is no pitfall {name:?}"))
    }
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Help,
    /// To be the service that waits for all others.
    Serve,
    Show {
        pitfalls: Vec<Pitfall>,
        seed: u64,
    },
}

/// How this program is told to be the naive service.
pub(crate) const SERVE: &str = "--serve-chained";

impl Asked {
    pub(crate) fn parse(
        args: impl IntoIterator<Item = impl Into<OsString>, IntoIter: 'static>,
    ) -> Result<Self, lexopt::Error> {
        let (mut pitfalls, mut seed) = (Vec::new(), 1);
        let mut parser = Parser::from_args(args);
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Long("seed") => seed = parser.value()?.parse()?,
                Arg::Long("help") => return Ok(Self::Help),
                Arg::Long("serve-chained") => return Ok(Self::Serve),
                Arg::Value(name) => pitfalls.push(name.parse_with(Pitfall::of)?),
                other => return Err(other.unexpected()),
            }
        }
        if pitfalls.is_empty() {
            pitfalls = Pitfall::ALL.to_vec();
        }
        Ok(Self::Show { pitfalls, seed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_in_their_order_and_none_is_all() {
        let show = |pitfalls: &[Pitfall], seed| Asked::Show { pitfalls: pitfalls.to_vec(), seed };
        let parsed = Asked::parse(["stale", "shared", "--seed", "7"]).unwrap();
        assert_eq!(parsed, show(&[Pitfall::Stale, Pitfall::Shared], 7));
        assert_eq!(Asked::parse([""; 0]).unwrap(), show(&Pitfall::ALL, 1));
        assert_eq!(Asked::parse([SERVE]).unwrap(), Asked::Serve);
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for wrong in ["cats", "--nothing"] {
            assert!(Asked::parse([wrong]).is_err(), "{wrong}");
        }
    }
}
