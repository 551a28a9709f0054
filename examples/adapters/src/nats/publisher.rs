use async_nats::HeaderMap;
use async_nats::jetstream::message::PublishMessage;
use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::{
    EventPublisher, Lane, Message, SubscriptionName, Topic, publish_in_waves,
};
use tokio::time::{Instant, timeout_at};

use super::consumers::subject;
use super::error::published;
use super::event_bus::NatsBus;

pub(super) const TOPIC: &str = "Strangler-Topic";
pub(super) const REASON: &str = "Strangler-Reason";

/// The longest reason that is kept, in bytes.
const REASON_MAX: usize = 4 << 10;

/// Messages have no id for the server's own deduplication: it would take one for sent that was published before
/// somebody subscribed, and so was not kept.
impl NatsBus {
    fn message(&self, message: &Message) -> Result<(String, PublishMessage), StoreError> {
        let body = message.event.to_cloud_event();
        let most = self.context.client().server_info().max_payload.min(self.config.message_max);
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
        let until = Instant::now() + self.config.deadline;
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
        let reason = &reason[..reason.floor_char_boundary(REASON_MAX)];
        let mut headers = HeaderMap::new();
        headers.insert(TOPIC, topic.as_str());
        // A header is one line.
        let reason = serde_json::to_string(reason).map_err(StoreError::rejected)?;
        headers.insert(REASON, reason.as_str());
        let message = PublishMessage::build().payload(bytes.into()).headers(headers);
        let sent = self.send(vec![(self.config.dead_subject(name), message)]).await.pop();
        sent.unwrap_or(Ok(()))
    }
}

#[async_trait]
impl EventPublisher for NatsBus {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), StoreError>> {
        let wave = |wave: Vec<usize>| async move {
            let (mut fit, mut refused) = (Vec::new(), Vec::new());
            for at in wave {
                match self.message(&messages[at]) {
                    Ok(message) => {
                        fit.push(message);
                        refused.push(None);
                    }
                    Err(error) => refused.push(Some(error)),
                }
            }
            let mut answers = self.send(fit).await.into_iter();
            let unanswered =
                || Err(StoreError::new(StoreErrorKind::Unknown, "it was not answered"));
            refused
                .into_iter()
                .map(|refused| match refused {
                    Some(error) => Err(error),
                    None => answers.next().unwrap_or_else(unanswered),
                })
                .collect()
        };
        publish_in_waves(messages, wave).await
    }
}
