use std::fmt;
use std::time::Duration;

use storefront::stage::Outcome;

use crate::judge::Stage;
use crate::tally::{Call, Kind, percentile};

/// What people saw: requests by outcome, and how long they waited by stage.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    pub(crate) calls: &'a [Call],
    pub(crate) stages: &'a [Stage],
}

impl Table<'_> {
    fn count(&self, kind: Kind, outcome: Outcome) -> usize {
        self.calls.iter().filter(|call| call.kind == kind && call.outcome == outcome).count()
    }

    fn by_outcome(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<20}", "requests")?;
        for head in ["answered", "refused", "come again", "broken", "no answer"] {
            write!(f, "{head:>12}")?;
        }
        for kind in Kind::ALL {
            write!(f, "\n{:<20}", kind.name())?;
            for outcome in Outcome::ALL {
                write!(f, "{:>12}", self.count(kind, outcome))?;
            }
        }
        writeln!(f)
    }

    fn by_stage(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<20}", "users in")?;
        for head in ["requests", "answered", "p50", "p95", "p99"] {
            write!(f, "{head:>12}")?;
        }
        for (number, stage) in self.stages.iter().enumerate() {
            let name = stage.name;
            let of = |call: &&Call| call.stage == number && call.kind.is_of_users();
            let calls: Vec<_> = self.calls.iter().filter(of).collect();
            let answered = calls.iter().filter(|call| call.outcome == Outcome::Answered);
            let mut waits: Vec<_> = answered.map(|call| call.waited).collect();
            waits.sort_unstable();
            let share = percent(waits.len(), calls.len());
            write!(f, "\n{name:<20}{:>12}{share:>12}", calls.len())?;
            for wait in [50, 95, 99].map(|percent| percentile(&waits, percent)) {
                write!(f, "{:>12}", shown(wait))?;
            }
        }
        writeln!(f)
    }
}

fn percent(part: usize, of: usize) -> String {
    if of == 0 {
        return "-".to_owned();
    }
    // Never rounded up to all of them.
    let tenths = part * 1_000 / of;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn shown(wait: Option<Duration>) -> String {
    wait.map_or_else(|| "-".to_owned(), |wait| format!("{:.1} ms", wait.as_secs_f64() * 1_000.0))
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.by_outcome(f)?;
        writeln!(f)?;
        self.by_stage(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_counts_what_was_seen_where() {
        let call = |stage, outcome, millis| Call {
            kind: Kind::Read,
            stage,
            status: None,
            outcome,
            waited: Duration::from_millis(millis),
        };
        let calls = [
            call(0, Outcome::Answered, 2),
            call(0, Outcome::Broken, 900),
            call(1, Outcome::Answered, 8),
        ];
        let stages = ["before", "after"].map(|name| Stage { name, failures_max: None });
        let shown = Table { calls: &calls, stages: &stages }.to_string();
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let line = |begin: &str| shown.lines().find(|line| line.starts_with(begin)).map(words);
        assert_eq!(line("read a user").unwrap()[3..], ["2", "0", "0", "1", "0"]);
        let before = ["before", "2", "50.0", "%", "2.0", "ms", "2.0", "ms", "2.0", "ms"];
        assert_eq!(line("before").unwrap(), before);
        assert_eq!(line("after").unwrap()[..3], ["after", "1", "100.0"]);
    }

    #[test]
    fn nearly_all_is_not_all() {
        assert_eq!(percent(9_999, 10_000), "99.9 %");
        assert_eq!(percent(0, 0), "-");
    }
}
