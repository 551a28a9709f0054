use crate::phase::Phase;

/// Why a request goes where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// No rule is for it.
    NoRule,
    /// Its path can be read in more than one way; no rule is for it.
    PathNotPlain,
    /// The rule names a side.
    Fixed,
    /// It is one of the share that the rule sends to modern.
    InShare,
    /// It is none of them.
    OutOfShare,
    /// The rule tells requests apart by something that this one does not have.
    NoStickyKey,
    /// It asks for modern, and may.
    OverrideAlways,
    /// It asks for legacy, and may.
    OverrideNever,
    /// Modern's circuit breaker is open.
    BreakerOpen,
    /// The migration that the rule follows is in this phase.
    Phase(Phase),
    /// Of the migration that the rule follows, nothing is known here.
    NoState,
    /// This node answers nothing of the migration that the rule follows.
    Closed,
    /// Several upstreams answer it together.
    Aggregated,
}

impl Reason {
    /// A stable name, fit for a label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoRule => "no_rule",
            Self::PathNotPlain => "path_not_plain",
            Self::Fixed => "fixed",
            Self::InShare => "in_share",
            Self::OutOfShare => "out_of_share",
            Self::NoStickyKey => "no_sticky_key",
            Self::OverrideAlways => "override_always",
            Self::OverrideNever => "override_never",
            Self::BreakerOpen => "breaker_open",
            Self::Phase(phase) => phase.name(),
            Self::NoState => "no_state",
            Self::Closed => "closed",
            Self::Aggregated => "aggregated",
        }
    }
}
