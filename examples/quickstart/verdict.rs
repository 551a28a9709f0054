use std::fmt;

use strangler_fig::testkit::history::{Operation, OperationKind, Verdict, check};

use crate::airport::Airport;
use crate::table::grouped;
use crate::traffic::Traffic;

/// How many violations are shown.
const SHOWN: usize = 8;

/// What a run has come to.
pub struct Ending {
    verdict: Verdict<String, Airport>,
    /// What queries missed.
    misses: Vec<String>,
    /// Keys whose contents differ between the stores at rest.
    different: usize,
}

impl Ending {
    /// Judges every operation of every key.
    pub fn of(traffic: &Traffic, different: usize) -> Self {
        let verdict = check(&traffic.recorder.history());
        Self { verdict, misses: traffic.misses(), different }
    }

    /// Whether nothing was lost, stale, resurrected or different, and nothing is
    /// left open.
    pub fn is_clean(&self) -> bool {
        self.verdict.is_linearizable() && self.misses.is_empty() && self.different == 0
    }

    pub fn acknowledged(&self) -> usize {
        self.verdict.acknowledged
    }

    pub fn lost(&self) -> usize {
        self.verdict.lost
    }

    /// Reads of what was superseded or never written, and queries that missed an
    /// acknowledged write.
    pub fn stale(&self) -> usize {
        self.verdict.stale + self.verdict.invented + self.misses.len()
    }

    pub fn resurrected(&self) -> usize {
        self.verdict.resurrected
    }
}

impl fmt::Display for Ending {
    /// What was judged, the first violations, and one line of counts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [operations, keys] =
            [self.verdict.operations, self.verdict.keys].map(|count| grouped(count as u64));
        writeln!(f, "judged {operations} operations on {keys} keys")?;
        for violation in self.verdict.violations().iter().take(SHOWN) {
            let expected: Vec<_> =
                violation.expected.iter().map(|value| shown(value.as_ref())).collect();
            let (kind, read) = (violation.kind, read(&violation.read));
            writeln!(f, "{kind}: {read}, expected {}", expected.join(" or "))?;
        }
        for miss in self.misses.iter().take(SHOWN) {
            writeln!(f, "stale: {miss}")?;
        }
        if self.verdict.undecided_keys > 0 {
            writeln!(f, "undecided: {} keys", self.verdict.undecided_keys)?;
        }
        write!(
            f,
            "acknowledged={} lost={} stale={} resurrected={} different={}",
            self.acknowledged(),
            self.lost(),
            self.stale(),
            self.resurrected(),
            self.different
        )
    }
}

fn read(read: &Operation<String, Airport>) -> String {
    let when = match read.kind {
        OperationKind::FinalRead { .. } => "read at the end",
        _ => "read",
    };
    format!("{} was {when} as {}", read.key, shown(read.value.as_ref()))
}

/// What a write left, by what tells it from all others.
pub fn shown(value: Option<&Airport>) -> String {
    value.map_or_else(|| "absent".to_owned(), |airport| format!("{:?}", airport.name))
}
