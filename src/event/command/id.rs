//! Which command: the same for every attempt.

use twox_hash::XxHash3_128;

use crate::event::EventId;
use crate::saga::{Direction, SagaId, StepContext, StepName};

/// The longest id, in bytes.
const ID_MAX: usize = 256;

/// What every attempt of that step, that way, is answered under.
pub(super) fn correlation(saga: &SagaId, step: &StepName, direction: Direction) -> EventId {
    fitting(&format!("{saga}/{step}#{}", direction.name()))
}

/// The id of the command of this attempt. It differs by attempt: a bus that knows ids would swallow the repeat, and
/// nobody would answer it.
pub(super) fn command_id(correlation: &EventId, context: &StepContext) -> EventId {
    fitting(&format!("{correlation}~{}.{}", context.epoch(), context.attempt()))
}

/// The id of the reply to a command.
pub(super) fn reply_id(command: &EventId) -> EventId {
    fitting(&format!("{command}!reply"))
}

/// The text, or its hash where it is too long. No text of ours begins as a hash does and has its length.
fn fitting(text: &str) -> EventId {
    let id = if text.len() > ID_MAX {
        format!("h:{:032x}", XxHash3_128::oneshot(text.as_bytes())).parse()
    } else {
        text.parse()
    };
    id.expect("it is 1 to 256 bytes of what was text already")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(saga: &str, step: &str, direction: Direction) -> EventId {
        correlation(&saga.parse().unwrap(), &step.parse().unwrap(), direction)
    }

    #[test]
    fn a_correlation_is_of_one_step_and_one_way() {
        assert_eq!(of("order:1", "pay", Direction::Execute).as_str(), "order:1/pay#execute");
        let others = [
            of("order:1", "pay", Direction::Compensate),
            of("order:1", "Pay", Direction::Execute),
            of("order:1/pay", "pay", Direction::Execute),
        ];
        for other in others {
            assert_ne!(other, of("order:1", "pay", Direction::Execute));
        }
    }

    #[test]
    fn every_attempt_and_its_reply_has_an_id_of_its_own() {
        let context = StepContext::new("o".parse().unwrap(), "pay".parse().unwrap());
        let command = command_id(&of("o", "pay", Direction::Execute), &context);
        assert_eq!(command.as_str(), "o/pay#execute~1.1");
        assert_eq!(reply_id(&command).as_str(), "o/pay#execute~1.1!reply");
    }

    #[test]
    fn what_is_too_long_is_hashed() {
        let (saga, step) = ("s".repeat(250), "t".repeat(128));
        let long = of(&saga, &step, Direction::Execute);
        assert_eq!(long.as_str().len(), 34);
        assert_ne!(long, of(&saga, &step, Direction::Compensate));
        assert_ne!(long, of(&saga, &"u".repeat(128), Direction::Execute));
        let context = StepContext::new(saga.parse().unwrap(), step.parse().unwrap());
        assert!(command_id(&long, &context).as_str().starts_with(long.as_str()));
    }
}
