use std::fmt;

/// What was measured, and all that is not as it should be.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    measured: String,
    faults: Vec<String>,
}

impl Verdict {
    /// Says what is seen on the way.
    #[expect(clippy::unused_self, reason = "it belongs to what is judged")]
    pub(crate) fn see(&self, what: impl fmt::Display) {
        println!("    {what}");
    }

    /// Something has to be so.
    pub(crate) fn expect(&mut self, is_so: bool, what: impl fmt::Display) {
        if !is_so {
            self.faults.push(format!("not so: {what}"));
        }
    }

    /// The naive way has to be found wrong by the same check.
    pub(crate) fn expect_caught(&mut self, is_caught: bool, what: impl fmt::Display) {
        if !is_caught {
            self.faults.push(format!("not found out: {what}"));
        }
    }

    /// The figure of it.
    pub(crate) fn measured(mut self, what: String) -> Self {
        self.measured = what;
        self
    }

    pub(crate) const fn holds(&self) -> bool {
        self.faults.is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.holds() { "holds" } else { "FAILS" };
        write!(f, "{word}  {}", self.measured)?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n             {fault}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fault_is_enough() {
        let mut verdict = Verdict::default();
        verdict.expect(true, "one");
        verdict.expect_caught(true, "two");
        assert!(verdict.holds());
        verdict.expect_caught(false, "the naive way");
        assert!(!verdict.holds());
        assert!(verdict.to_string().contains("not found out: the naive way"));
    }
}
