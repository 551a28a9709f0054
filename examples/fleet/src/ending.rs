use std::fmt;

use strangler_fig::testkit::history::{History, Verdict, check};

use crate::customers::TORN;

/// How many violations are shown.
const SHOWN: usize = 8;

/// What a run has come to.
#[derive(Debug)]
pub struct Ending {
    verdict: Verdict<u32, u64>,
    different: usize,
}

impl Ending {
    /// Judges every operation of every key; `different` keys have other contents in
    /// one store than in the other.
    #[must_use]
    pub fn of(history: &History<u32, u64>, different: usize) -> Self {
        Self { verdict: check(history), different }
    }

    /// Whether nothing was lost, stale, resurrected or different, and nothing is
    /// left open.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.verdict.is_linearizable() && self.different == 0
    }

    /// What the checker found.
    #[must_use]
    pub const fn verdict(&self) -> &Verdict<u32, u64> {
        &self.verdict
    }
}

impl fmt::Display for Ending {
    /// What was judged, the first violations, and one line of counts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Verdict { operations, keys, unknown, undecided_keys, .. } = &self.verdict;
        writeln!(f, "judged {operations} operations on {keys} keys, {unknown} writes in doubt")?;
        for violation in self.verdict.violations().iter().take(SHOWN) {
            let (kind, read) = (violation.kind, &violation.read);
            let expected: Vec<_> = violation.expected.iter().map(|value| shown(*value)).collect();
            let (seen, expected) = (shown(read.value), expected.join(" or "));
            writeln!(f, "{kind}: customer {} was read as {seen}, expected {expected}", read.key)?;
        }
        if *undecided_keys > 0 {
            writeln!(f, "undecided: {undecided_keys} keys")?;
        }
        let Verdict { acknowledged, lost, stale, resurrected, invented, .. } = &self.verdict;
        let (stale, different) = (stale + invented, self.different);
        write!(
            f,
            "acknowledged={acknowledged} lost={lost} stale={stale} resurrected={resurrected} \
             different={different}"
        )
    }
}

/// What a write left, by what tells it from all others.
fn shown(value: Option<u64>) -> String {
    match value {
        None => "absent".to_owned(),
        Some(TORN) => "parts of several writes".to_owned(),
        Some(value) => match (value >> 32, value & u64::from(u32::MAX)) {
            (0, _) => "it was at the beginning".to_owned(),
            (life, count) => format!("write {count} of life {life}"),
        },
    }
}
