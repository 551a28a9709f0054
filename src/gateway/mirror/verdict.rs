use crate::observe::Comparison;

/// What came of one mirrored request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Both have said the same.
    Equal,
    /// They differ, and only where legacy differs from itself.
    Noisy,
    /// They differ, also when asked again.
    Different,
    /// They differed, and not in the same way when asked again.
    Unsettled,
    /// A side did not answer, or comparing them panicked.
    Failed,
    /// They were not compared.
    Skipped,
}

impl Verdict {
    /// It, as observers know it.
    pub(super) const fn told(self) -> Comparison {
        match self {
            Self::Equal | Self::Noisy => Comparison::Match,
            Self::Different => Comparison::Mismatch,
            Self::Unsettled => Comparison::Unsettled,
            Self::Failed => Comparison::Failed,
            Self::Skipped => Comparison::Skipped,
        }
    }
}
