use serde::{Deserialize, Serialize};

use super::CommandError;
use crate::event::{EventEnvelope, EventId, EventPayload, EventPayloadError};
use crate::saga::{Payload, PayloadError, Verdict};

/// The type of an event that says that a command was done.
pub(super) const DONE: &str = "strangler.command.done";
/// The type of an event that says that a command was refused.
pub(super) const REFUSED: &str = "strangler.command.refused";

/// What a participant has answered to a command.
///
/// serde makes it an object of one field, `done` with the answer as it stands, or `refused` with the reason: what a
/// participant records at its [`SagaBarrier`](crate::saga::SagaBarrier), and a [`ReplyStore`](super::ReplyStore) may
/// store.
///
/// ```
/// use strangler_fig::event::Reply;
/// use strangler_fig::saga::{Payload, Verdict};
///
/// let done = Reply::Done(Payload::of("reserved")?);
/// assert_ne!(done, Reply::Refused("sold out".to_owned()));
///
/// let recorded = Payload::of(&done)?;
/// assert_eq!(recorded.as_str(), r#"{"done":"reserved"}"#);
/// assert_eq!(Reply::of_verdict(&Verdict::Duplicate(Some(recorded)))?, Some(done));
/// # Ok::<(), strangler_fig::saga::PayloadError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It was done, and answers this.
    Done(Payload),
    /// It was not done, and never will be: a definite no, or what came after its own compensation.
    Refused(String),
}

impl Reply {
    /// That it was done, where there is nothing to say.
    ///
    /// # Panics
    ///
    /// Never: `null` is JSON.
    #[must_use]
    pub fn done() -> Self {
        Self::Done(Payload::parse("null").expect("it is JSON"))
    }

    /// What a participant answers to a command of which its barrier says this, without doing anything; `None`: it is to
    /// be done.
    ///
    /// A repeat is answered what was recorded; a compensation of what never came is done, and what comes after its
    /// compensation is refused.
    ///
    /// # Errors
    ///
    /// When what was recorded is no reply.
    pub fn of_verdict(verdict: &Verdict) -> Result<Option<Self>, PayloadError> {
        Ok(match verdict {
            Verdict::Run => None,
            Verdict::Duplicate(Some(recorded)) => Some(recorded.read()?),
            Verdict::Duplicate(None) | Verdict::NullCompensation => Some(Self::done()),
            Verdict::Hanging => Some(Self::Refused("it was compensated before it came".to_owned())),
        })
    }

    /// What an event says as a reply, and to which correlation.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn from_event(event: &EventEnvelope) -> Result<(EventId, Self), CommandError> {
        let none = |field| CommandError { what: "reply", field };
        let correlation = event.correlation_id().and_then(|it| it.parse().ok());
        let correlation = correlation.ok_or(none("correlationid"))?;
        let json = event.payload.as_json().ok_or(none("data"))?;
        let reply = match event.event_type.as_str() {
            DONE => Self::Done(json.clone()),
            REFUSED => Self::Refused(json.read().map_err(|_| none("data"))?),
            _ => return Err(none("type")),
        };
        Ok((correlation, reply))
    }

    /// Its type, and its payload.
    pub(super) fn parts(&self) -> Result<(&'static str, EventPayload), EventPayloadError> {
        Ok(match self {
            Self::Done(output) => (DONE, EventPayload::from_json(output.clone())?),
            Self::Refused(reason) => (REFUSED, EventPayload::json(reason)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_recorded_byte_for_byte() {
        let replies = [
            Reply::done(),
            Reply::Done(Payload::parse("{ \"b\": 1e400,\n\"a\": [ ] }").unwrap()),
            Reply::Refused("a \"no\"\n".to_owned()),
        ];
        for reply in replies {
            let recorded = Payload::of(&reply).unwrap();
            assert_eq!(recorded.read::<Reply>().unwrap(), reply);
        }
    }

    #[test]
    fn a_verdict_has_its_reply() {
        let read = |verdict| Reply::of_verdict(&verdict).unwrap();
        assert_eq!(read(Verdict::Run), None);
        assert_eq!(read(Verdict::NullCompensation), Some(Reply::done()));
        assert_eq!(read(Verdict::Duplicate(None)), Some(Reply::done()));
        assert!(matches!(read(Verdict::Hanging), Some(Reply::Refused(_))));
        let foreign = Verdict::Duplicate(Some(Payload::of(&7).unwrap()));
        assert!(Reply::of_verdict(&foreign).is_err());
    }
}
