//! What the rows of an outbox hold, and a message from them.

use std::num::NonZeroU16;
use std::time::Duration;

use strangler_fig::event::{
    CloudEventError, EventEnvelope, EventKey, Lane, Message, OutboxPosition, OutboxRow, ParkedRow,
    RowEnd,
};

/// How many lanes there are: as many as the schemas make. Another number is another outbox.
pub(crate) const LANES: NonZeroU16 = NonZeroU16::new(64).expect("it is not 0");

/// How much is kept of an error, in characters.
const REASON_MAX: usize = 1_000;

/// A message as its columns hold it.
#[derive(Debug)]
pub(crate) struct Staged<'m> {
    pub(crate) lane: u16,
    pub(crate) key: &'m str,
    pub(crate) topic: &'m str,
    pub(crate) event: String,
}

impl<'m> Staged<'m> {
    pub(crate) fn of(message: &'m Message) -> Self {
        let key = &message.event.key;
        Self {
            lane: Lane::of(key, LANES).0,
            key: key.as_str(),
            topic: message.topic.as_str(),
            event: message.event.to_cloud_event(),
        }
    }
}

/// The keys of messages, each once, in one order: so no call waits for another that waits for it.
pub(crate) fn keys<'m>(staged: &[Staged<'m>]) -> Vec<&'m str> {
    let mut keys: Vec<_> = staged.iter().map(|it| it.key).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The columns of a row that is to be sent.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) position: i64,
    pub(crate) lane: i64,
    pub(crate) key: String,
    pub(crate) topic: String,
    pub(crate) event: String,
    pub(crate) attempts: i64,
    pub(crate) refusals: i64,
    /// In microseconds.
    pub(crate) age: i64,
}

impl Fetched {
    pub(crate) fn row(self) -> OutboxRow {
        let message = message(&self.key, &self.topic, &self.event);
        // These were numbers of ours.
        let lane = Lane(self.lane.try_into().unwrap_or(u16::MAX));
        let (position, key) = (position(self.position), key(&self.key));
        let mut row = OutboxRow::new(position, lane, key, age(self.age), message);
        row.attempts = self.attempts.try_into().unwrap_or(u32::MAX);
        row.refusals = self.refusals.try_into().unwrap_or(u32::MAX);
        row
    }
}

/// The columns of a row that was given up.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) position: i64,
    pub(crate) key: String,
    pub(crate) topic: String,
    pub(crate) event: String,
    pub(crate) reason: String,
    /// In microseconds.
    pub(crate) age: i64,
    pub(crate) behind: i64,
}

impl Given {
    pub(crate) fn row(self) -> ParkedRow {
        let message = message(&self.key, &self.topic, &self.event).ok();
        let (position, key) = (position(self.position), key(&self.key));
        let mut row = ParkedRow::new(position, key, self.reason, age(self.age));
        row.what = message.map(|it| (it.topic, it.event.event_type));
        row.behind = self.behind.try_into().unwrap_or_default();
        row
    }
}

fn message(key: &str, topic: &str, event: &str) -> Result<Message, CloudEventError> {
    let topic = topic.parse().map_err(|why| CloudEventError::new("topic", format!("{why}")))?;
    let event = EventEnvelope::from_cloud_event(event.as_bytes())?;
    if event.key.as_str() != key {
        // Under another key it would leave out of order.
        return Err(CloudEventError::new("partitionkey", "it is not that of its row"));
    }
    Ok(event.to(topic))
}

/// One that somebody has put there, and that is none, has a name all the same.
fn key(text: &str) -> EventKey {
    let short = |text: &str| hex::encode(text.bytes().take(100).collect::<Vec<_>>());
    let parsed = EventKey::try_from(text);
    parsed.unwrap_or_else(|_| format!("no-key-{}", short(text)).parse().expect("it is plain"))
}

pub(crate) fn position(number: i64) -> OutboxPosition {
    OutboxPosition(number.try_into().unwrap_or_default())
}

/// What no column can hold is found nowhere.
pub(crate) fn sought(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A clock may have been set back.
pub(crate) fn age(micros: i64) -> Duration {
    Duration::from_micros(micros.try_into().unwrap_or_default())
}

/// What becomes of rows, sorted out.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    /// Which were sent.
    pub(crate) sent: Vec<i64>,
    /// Which were not.
    pub(crate) kept: Vec<Kept>,
}

/// What becomes of a row that was not sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) position: i64,
    /// For how long it is put off; for ever, if parked.
    pub(crate) delay: Option<Duration>,
    pub(crate) is_refusal: bool,
    pub(crate) error: String,
}

impl Ends {
    pub(crate) fn of(ends: &[(OutboxPosition, RowEnd)]) -> Self {
        let mut sorted = Self::default();
        for (position, end) in ends {
            let position = sought(position.0);
            let (delay, error) = match end {
                RowEnd::Sent => {
                    sorted.sent.push(position);
                    continue;
                }
                RowEnd::Retry { delay, error } | RowEnd::Refused { delay, error } => {
                    (Some(*delay), cut(error))
                }
                RowEnd::Parked { reason } => (None, cut(reason)),
            };
            let is_refusal = matches!(end, RowEnd::Refused { .. });
            sorted.kept.push(Kept { position, delay, is_refusal, error });
        }
        sorted
    }
}

/// No column holds a NUL either.
fn cut(text: &str) -> String {
    text.chars().filter(|it| *it != '\0').take(REASON_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_key() {
        assert_eq!(key("order-1").as_str(), "order-1");
        assert_eq!(key("").as_str(), "no-key-");
        assert_eq!(key("a\n").as_str(), "no-key-610a");
        assert_eq!(key(&"é\n".repeat(300)).as_str().len(), 207);
    }

    #[test]
    fn a_row_under_another_key_is_not_sent() {
        let [id, source, kind, mine, topic] = ["1", "/s", "t", "k", "there"];
        let payload = strangler_fig::event::EventPayload::default();
        let event = EventEnvelope::new(
            id.parse().expect("an id"),
            source.parse().expect("a source"),
            kind.parse().expect("a type"),
            mine.parse().expect("a key"),
            payload,
        );
        let sent = event.to(topic.parse().expect("a topic"));
        let text = sent.event.to_cloud_event();
        assert_eq!(message("k", "there", &text), Ok(sent));
        assert_eq!(message("other", "there", &text).expect_err("moved").field(), "partitionkey");
        assert_eq!(message("k", "..", &text).expect_err("no topic").field(), "topic");
        assert!(message("k", "there", "{").is_err());
    }

    #[test]
    fn reasons_are_cut() {
        assert_eq!(cut("a\0b"), "ab");
        assert_eq!(cut(&"é".repeat(2_000)).chars().count(), REASON_MAX);
    }

    #[test]
    fn ends_are_sorted_out() {
        let second = Duration::from_secs(1);
        let kept = |position, delay, is_refusal, error: &str| Kept {
            position,
            delay,
            is_refusal,
            error: error.to_owned(),
        };
        let ends = Ends::of(&[
            (OutboxPosition(3), RowEnd::Sent),
            (OutboxPosition(1), RowEnd::Retry { delay: second, error: "away".to_owned() }),
            (OutboxPosition(2), RowEnd::Refused { delay: second, error: "no".to_owned() }),
            (OutboxPosition(u64::MAX), RowEnd::Parked { reason: "never".to_owned() }),
        ]);
        assert_eq!(ends.sent, [3]);
        let expected = [
            kept(1, Some(second), false, "away"),
            kept(2, Some(second), true, "no"),
            kept(i64::MAX, None, false, "never"),
        ];
        assert_eq!(ends.kept, expected);
    }
}
