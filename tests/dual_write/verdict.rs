use strangler_fig::gateway::dual::{ParkReason, RequestRecord, RequestStatus};

use crate::service::Effect;

/// How a run has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) strict: bool,
    pub(crate) record: Option<RequestRecord>,
    /// Of the first side, and of the other.
    pub(crate) effects: [Vec<Effect>; 2],
    pub(crate) wrong: Vec<String>,
    /// What the client was told, call by call.
    pub(crate) answers: Vec<Option<u16>>,
    /// Whether something had been done when the client was told 503.
    pub(crate) was_done_at_503: bool,
    pub(crate) parked: usize,
}

/// What is wrong with how a run has ended.
pub(crate) fn judge(ended: &Ended) -> Result<(), String> {
    if let Some(wrong) = ended.wrong.first() {
        return Err(wrong.clone());
    }
    if ended.was_done_at_503 {
        return Err("it was done, and its client told that it was not sent".to_owned());
    }
    at_rest(ended)?;
    told(ended)
}

fn at_rest(ended: &Ended) -> Result<(), String> {
    let [first, other] = &ended.effects;
    let counts = [first.len(), other.len()];
    let status = ended.record.as_ref().map(|record| record.state.status());
    let expected = match status {
        None | Some(RequestStatus::Refused(_) | RequestStatus::Withdrawn) => [0, 0],
        Some(RequestStatus::Done) => [1, 1],
        Some(RequestStatus::Parked(ParkReason::Refused(_))) if ended.parked > 0 => [1, 0],
        // The first side has refused it before and after a crash, and only an operator can know that.
        Some(RequestStatus::Parked(ParkReason::Doubtful(_))) if ended.parked > 0 => [0, 0],
        Some(status) => return Err(format!("it does not come to rest: {status:?}")),
    };
    if counts != expected {
        return Err(format!("it is {status:?}, and was done {counts:?} times"));
    }
    match (first.first(), other.first()) {
        (Some(one), Some(two)) if one != two => Err(format!("{one:?} here, {two:?} there")),
        _ => Ok(()),
    }
}

fn told(ended: &Ended) -> Result<(), String> {
    use RequestStatus as Status;

    let status = ended.record.as_ref().map(|record| record.state.status());
    let is_last = |at: usize| at + 1 == ended.answers.len();
    for (at, answer) in ended.answers.iter().enumerate() {
        let is_right = match answer {
            Some(200..=299) => match status {
                Some(Status::Done) => true,
                Some(Status::Parked(ParkReason::Refused(_))) => !ended.strict,
                _ => false,
            },
            Some(422) => matches!(status, Some(Status::Refused(_))),
            // A later call may have done it.
            Some(503) => !is_last(at) || matches!(status, None | Some(Status::Withdrawn)),
            None | Some(504) => true,
            Some(409) => at > 0,
            Some(_) => false,
        };
        if !is_right {
            return Err(format!("it was told {answer:?} and is {status:?}"));
        }
    }
    Ok(())
}
