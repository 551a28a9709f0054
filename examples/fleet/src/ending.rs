use std::fmt;

use strangler_fig::testkit::history::{History, Verdict, check};

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
            writeln!(f, "{violation}")?;
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
