use super::Cause;
use crate::phase::{Actor, Reason};

/// How a saga came to rest.
///
/// ```
/// use strangler_fig::saga::{Cause, Conclusion};
///
/// fn answer(conclusion: Conclusion<u32>) -> String {
///     match conclusion {
///         Conclusion::Committed(receipt) => format!("thank you; your receipt is {receipt}"),
///         Conclusion::RolledBack(cause) => format!("nothing was charged: {cause}"),
///         // It is parked, or was given up.
///         _ => "we will write to you".to_owned(),
///     }
/// }
/// assert_eq!(answer(Conclusion::RolledBack(Cause::Deadline)), "nothing was charged: its deadline has passed");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conclusion<O> {
    /// Every step has had its effect.
    Committed(O),
    /// No step has one.
    RolledBack(Cause),
    /// It waits for an operator, and goes on once one has decided.
    Parked,
    /// An operator gave it up.
    GivenUp {
        /// Who.
        actor: Actor,
        /// Why.
        reason: Reason,
    },
}

impl<O> Conclusion<O> {
    /// What it handed on, if it was committed.
    #[must_use]
    pub fn committed(self) -> Option<O> {
        match self {
            Self::Committed(output) => Some(output),
            _ => None,
        }
    }
}
