use async_nats::HeaderMap;
use async_nats::jetstream::message::PublishMessage;
use strangler_fig::async_trait;
use strangler_fig::error::StoreError;
use strangler_fig::event::{
    EventPublisher, Lane, Message, SubscriptionName, Topic, publish_in_waves,
};
use tokio::time::timeout_at;

use super::consumers::subject;
use super::error::published;
use super::event_bus::{NatsBus, later};
use crate::text::cut;

pub(super) const TOPIC: &str = "Strangler-Topic";
pub(super) const REASON: &str = "Strangler-Reason";

/// The longest reason that is kept, in bytes, as it is written.
const REASON_MAX: usize = 4 << 10;

/// What a message leaves free of the server's limit, which counts headers: so that it can be given up with a reason.
const HEADERS_ROOM: usize = REASON_MAX + (1 << 10);

/// Messages have no id for the server's own deduplication: it would take one for sent that was published before
/// somebody subscribed, and so was not kept.
impl NatsBus {
    fn message(&self, message: &Message) -> Result<(String, PublishMessage), StoreError> {
        let body = message.event.to_cloud_event();
        let most = self.context.client().server_info().max_payload.saturating_sub(HEADERS_ROOM);
        let most = most.min(self.config.message_max);
        if body.len() > most {
            let why = format!("{} bytes are too many: {most} are allowed", body.len());
            return Err(StoreError::rejected(why));
        }
        let partitions = self.config.partitions.try_into().unwrap_or(std::num::NonZeroU16::MIN);
        let partition = Lane::of(&message.event.key, partitions).0;
        let subject = subject(&self.config.prefix, &message.topic, partition);
        Ok((subject, PublishMessage::build().payload(body.into())))
    }

    /// Sends all, and then waits for the answers of the stream.
    async fn send(&self, messages: Vec<(String, PublishMessage)>) -> Vec<Result<(), StoreError>> {
        let until = later(self.config.deadline);
        let late = || StoreError::unknown("the server has not answered in time");
        let mut sent = Vec::with_capacity(messages.len());
        for (subject, message) in messages {
            let call = self.context.send_publish(subject, message);
            let answer = timeout_at(until, call).await;
            sent.push(answer.map_err(|_| late()).and_then(|sent| sent.map_err(published)));
        }
        let mut answers = Vec::with_capacity(sent.len());
        for sent in sent {
            let answer = match sent {
                Ok(sent) => timeout_at(until, sent).await,
                Err(error) => {
                    answers.push(Err(error));
                    continue;
                }
            };
            let stored = answer.map_err(|_| late()).and_then(|stored| stored.map_err(published));
            answers.push(stored.map(|_| ()));
        }
        answers
    }

    /// Keeps what is given up, with the reason.
    pub(super) async fn bury(
        &self,
        name: &SubscriptionName,
        topic: &Topic,
        bytes: Vec<u8>,
        reason: &str,
    ) -> Result<(), StoreError> {
        let mut headers = HeaderMap::new();
        headers.insert(TOPIC, topic.as_str());
        headers.insert(REASON, in_a_line(reason).map_err(StoreError::rejected)?.as_str());
        let message = PublishMessage::build().payload(bytes.into()).headers(headers);
        let sent = self.send(vec![(self.config.dead_subject(name), message)]).await.pop();
        sent.unwrap_or(Ok(()))
    }
}

#[async_trait]
impl EventPublisher for NatsBus {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), StoreError>> {
        let prepare = |message: &Message| self.message(message);
        publish_in_waves(messages, prepare, |ready| self.send(ready)).await
    }
}

/// A reason as a header takes it: one line, and not too long, however much of it has to be escaped.
fn in_a_line(reason: &str) -> serde_json::Result<String> {
    let mut most = REASON_MAX;
    loop {
        let line = serde_json::to_string(cut(reason, most))?;
        if line.len() <= REASON_MAX {
            return Ok(line);
        }
        most = most * 3 / 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_is_not_too_long() {
        assert_eq!(in_a_line("no such\norder").unwrap(), r#""no such\norder""#);
        for hostile in ["\u{1}".repeat(100_000), "\r\n".repeat(9_999), "\u{fe}".repeat(5_000)] {
            let line = in_a_line(&hostile).unwrap();
            assert!(line.len() <= REASON_MAX && line.len() > REASON_MAX / 2, "{}", line.len());
            assert!(!line.contains(['\r', '\n', '\u{1}']));
            let read: String = serde_json::from_str(&line).unwrap();
            assert!(hostile.starts_with(&read));
        }
    }
}
