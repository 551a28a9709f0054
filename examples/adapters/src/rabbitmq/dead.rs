use std::fmt;

use lapin::options::BasicGetOptions;
use lapin::types::{AMQPValue, FieldTable};
use strangler_fig::error::StoreError;
use strangler_fig::event::{SubscriptionName, Topic};

use super::RabbitmqBus;
use super::connection::Link;
use super::error::{opened, within};
use super::publisher::{Parcel, persistent};
use crate::text::cut;

const REASON: &str = "reason";
const TOPIC: &str = "topic";

/// The longest reason that is kept, in bytes: headers have to fit a frame.
const REASON_MAX: usize = 16 << 10;

/// What was given up, as its queue has it.
#[derive(Clone, PartialEq, Eq)]
pub struct RabbitmqDeadLetter {
    /// Where it was sent to.
    pub topic: Topic,
    /// As they came.
    pub bytes: Vec<u8>,
    /// Why.
    pub reason: String,
}

/// Of what is given up, its length only.
impl fmt::Debug for RabbitmqDeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitmqDeadLetter")
            .field("topic", &self.topic)
            .field("bytes", &self.bytes.len())
            .field("reason", &self.reason)
            .finish()
    }
}

impl RabbitmqBus {
    /// Keeps what is given up in the queue `{prefix}.{subscription}.dead`, confirmed: a dead letter exchange of the
    /// broker would take the reason away, and may lose the message.
    pub(super) async fn bury(
        &self,
        name: &SubscriptionName,
        topic: &Topic,
        bytes: Vec<u8>,
        reason: &str,
    ) -> Result<(), StoreError> {
        let mut headers = FieldTable::default();
        headers.insert(REASON.into(), AMQPValue::LongString(cut(reason, REASON_MAX).into()));
        headers.insert(TOPIC.into(), AMQPValue::LongString(topic.as_str().into()));
        let parcel = Parcel {
            exchange: "".into(),
            routing_key: self.config.dead_queue(name)?,
            body: bytes,
            properties: persistent().with_headers(headers),
            is_mandatory: true,
        };
        self.send(vec![parcel]).await.pop().unwrap_or(Ok(()))
    }

    /// What a subscription has given up, at most so many; it stays where it is.
    ///
    /// # Errors
    ///
    /// `Unavailable`, `Unknown`: ask again.
    pub async fn dead_letters(
        &self,
        name: &SubscriptionName,
        limit: usize,
    ) -> Result<Vec<RabbitmqDeadLetter>, StoreError> {
        // What is unacknowledged when it is dropped stays in the queue.
        let link = Link::open(&self.url, self.config.deadline).await?;
        let mut found = Vec::new();
        while found.len() < limit {
            let queue = self.config.dead_queue(name)?;
            let get = link.channel.basic_get(queue, BasicGetOptions::default());
            let Some(message) = within(self.config.deadline, get, opened).await? else { break };
            let headers = message.delivery.properties.headers().clone().unwrap_or_default();
            let text = |name: &str| match headers.inner().get(name) {
                Some(AMQPValue::LongString(text)) => text.to_string(),
                _ => String::new(),
            };
            let topic = text(TOPIC).parse().map_err(StoreError::rejected)?;
            let (bytes, reason) = (message.delivery.data.clone(), text(REASON));
            found.push(RabbitmqDeadLetter { topic, bytes, reason });
        }
        Ok(found)
    }
}
