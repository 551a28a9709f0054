//! What a controller and a guard have done, each in one line.

use std::fmt;

use super::{Advanced, Evicted, GuardOutcome};
use crate::error::with_causes;

/// Things of a list, with commas between them.
fn listed<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    things: impl Iterator<Item = T>,
) -> fmt::Result {
    for (n, thing) in things.enumerate() {
        write!(f, "{}{thing}", if n > 0 { ", " } else { "" })?;
    }
    Ok(())
}

impl fmt::Display for Advanced {
    /// Where it is, and by which steps it came there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is at epoch {}: ", self.state.name(), self.state.epoch())?;
        if self.steps.is_empty() {
            return f.write_str("it was there already");
        }
        listed(f, self.steps.iter().map(|taken| &taken.step))
    }
}

impl fmt::Display for Evicted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("evicted ")?;
        if self.nodes.is_empty() {
            return f.write_str("nobody");
        }
        listed(f, self.nodes.iter())
    }
}

impl fmt::Display for GuardOutcome {
    /// Errors with their causes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quiet => f.write_str("quiet"),
            Self::Resting { left } => write!(f, "resting for {:.1} s", left.as_secs_f64()),
            Self::Blind { source } => write!(f, "blind: {}", source.with_causes()),
            Self::Alarmed { cause, alarm } => write!(f, "alarmed: {cause}; {alarm}"),
            Self::RolledBack { reason, advanced } => write!(f, "went back: {reason}; {advanced}"),
            Self::Failed { reason, source } => {
                write!(f, "could not go back: {reason}; {}", with_causes(source))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::controller::{Alarm, StepTaken};
    use crate::error::StoreError;
    use crate::phase::{Incarnation, MigrationState, Move, NodeId, Phase};

    fn advanced(to: &[Phase]) -> Advanced {
        let step = |to: &Phase| StepTaken {
            step: Move::to(*to),
            epoch: 1,
            waited: Duration::ZERO,
            waited_for: None,
        };
        let state = MigrationState::new("users".parse().unwrap());
        Advanced { steps: to.iter().map(step).collect(), state }
    }

    #[test]
    fn steps_are_told_in_their_order() {
        assert_eq!(advanced(&[]).to_string(), "users is at epoch 0: it was there already");
        let told = advanced(&[Phase::DualWrite, Phase::Shadow]).to_string();
        assert_eq!(told, "users is at epoch 0: to dual_write, to shadow");
    }

    #[test]
    fn who_was_evicted_is_named() {
        let node =
            |n| NodeId { name: "node-3".parse().unwrap(), incarnation: Incarnation::fixed(n) };
        let state = MigrationState::new("users".parse().unwrap());
        let mut evicted = Evicted { nodes: Vec::new(), state };
        assert_eq!(evicted.to_string(), "evicted nobody");
        evicted.nodes = vec![node(1), node(2)];
        assert_eq!(evicted.to_string(), format!("evicted {}, {}", node(1), node(2)));
    }

    #[test]
    fn a_look_of_a_guard_is_one_line() {
        let left = Duration::from_millis(1_500);
        let reason = || "5% of 100 failed".parse().unwrap();
        let advanced = Box::new(advanced(&[Phase::DualWrite]));
        let told = [
            (GuardOutcome::Quiet, "quiet"),
            (GuardOutcome::Resting { left }, "resting for 1.5 s"),
            (
                GuardOutcome::Blind { source: StoreError::unavailable("down") },
                "blind: the store is unavailable; nothing was done: down",
            ),
            (
                GuardOutcome::Alarmed {
                    cause: "5% failed".to_owned(),
                    alarm: Alarm::HaltNotAllowed,
                },
                "alarmed: 5% failed; it may not halt",
            ),
            (
                GuardOutcome::RolledBack { reason: reason(), advanced },
                "went back: 5% of 100 failed; users is at epoch 0: to dual_write",
            ),
        ];
        for (outcome, text) in told {
            assert_eq!(outcome.to_string(), text);
        }
    }
}
