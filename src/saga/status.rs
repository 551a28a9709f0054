use tokio::time::Instant;

/// Where one step of a saga stands.
///
/// ```
/// use strangler_fig::saga::StepStatus;
///
/// assert!(StepStatus::InDoubt.may_have_effect());
/// assert!(!StepStatus::Compensated.may_have_effect());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StepStatus {
    /// Nothing was done.
    Pending,
    /// It is being executed.
    Executing,
    /// It is to be executed again.
    Retrying {
        /// When.
        due: Instant,
    },
    /// Nobody knows what became of it; it is asked.
    Probing {
        /// When; not again while it is being asked.
        due: Option<Instant>,
    },
    /// It has had its effect.
    Succeeded,
    /// It has failed, without an effect.
    Failed,
    /// It has failed, and may have had its effect.
    InDoubt,
    /// It is being compensated.
    Compensating,
    /// It is to be compensated again.
    Recompensating {
        /// When.
        due: Instant,
    },
    /// It is undone, or there was nothing to undo.
    Compensated,
    /// It waits for an operator: it could not be executed.
    Stuck,
    /// It waits for an operator: it could not be compensated.
    StuckBack,
}

impl StepStatus {
    /// Whether its effect may be there, now or later.
    #[must_use]
    pub const fn may_have_effect(self) -> bool {
        !matches!(self, Self::Pending | Self::Failed | Self::Compensated)
    }

    /// Whether a call is under way, or was when the runner was lost.
    #[must_use]
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Executing | Self::Compensating)
    }

    /// When something is to be tried again.
    #[must_use]
    pub const fn due(self) -> Option<Instant> {
        match self {
            Self::Retrying { due } | Self::Recompensating { due } => Some(due),
            Self::Probing { due } => due,
            _ => None,
        }
    }

    /// Whether it waits for an operator.
    #[must_use]
    pub const fn is_stuck(self) -> bool {
        matches!(self, Self::Stuck | Self::StuckBack)
    }

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Executing => "executing",
            Self::Retrying { .. } => "retrying",
            Self::Probing { .. } => "probing",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::InDoubt => "in_doubt",
            Self::Compensating => "compensating",
            Self::Recompensating { .. } => "recompensating",
            Self::Compensated => "compensated",
            Self::Stuck => "stuck",
            Self::StuckBack => "stuck_back",
        }
    }
}
