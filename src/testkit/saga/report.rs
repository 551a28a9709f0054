use std::fmt;

/// What the crash kit found.
///
/// ```
/// use strangler_fig::testkit::saga::KitReport;
///
/// let report = KitReport::default();
/// assert!(report.is_clean());
/// report.assert_clean();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct KitReport {
    /// How many runs there were.
    pub runs: usize,
    /// What went wrong in them.
    pub findings: Vec<Finding>,
}

/// One thing that went wrong.
///
/// ```
/// use strangler_fig::testkit::saga::Finding;
///
/// /// Whether a run ended in no time.
/// fn hung(finding: &Finding) -> bool {
///     finding.what.contains("hung")
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Finding {
    /// What was done to the saga.
    pub scenario: String,
    /// What came of it.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.scenario, self.what)
    }
}

impl KitReport {
    /// Whether nothing went wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// Fails a test that found something, and tells all of it.
    ///
    /// # Panics
    ///
    /// When something went wrong.
    pub fn assert_clean(&self) {
        let findings: Vec<_> = self.findings.iter().map(ToString::to_string).collect();
        assert!(findings.is_empty(), "of {} runs:\n{}", self.runs, findings.join("\n"));
    }
}
