use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Confirmation};
use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::{EventPublisher, Message, publish_in_waves};
use tokio::time::{Instant, timeout_at};

use super::RabbitmqBus;
use super::connection::Link;
use super::error::sent;

/// A message survives its broker.
const PERSISTENT: u8 = 2;

pub(super) const CONTENT_TYPE: &str = "application/cloudevents+json";

/// What is sent, and where to.
pub(super) struct Parcel {
    pub(super) exchange: ShortString,
    pub(super) routing_key: ShortString,
    pub(super) body: Vec<u8>,
    pub(super) properties: BasicProperties,
    /// Whether some queue has to take it.
    pub(super) is_mandatory: bool,
}

pub(super) fn persistent() -> BasicProperties {
    BasicProperties::default().with_delivery_mode(PERSISTENT).with_content_type(CONTENT_TYPE.into())
}

impl RabbitmqBus {
    fn parcel(&self, message: &Message) -> Result<Parcel, StoreError> {
        let (bytes, most) = (message.event.to_cloud_event(), self.config.message_max);
        if bytes.len() > most {
            let why = format!("{} bytes are too many: {most} are allowed", bytes.len());
            return Err(StoreError::rejected(why));
        }
        let id = ShortString::try_new(message.event.id.as_str()).ok();
        let properties = persistent();
        Ok(Parcel {
            exchange: self.config.exchange()?,
            routing_key: self.config.routing_key(&message.topic, &message.event.key)?,
            body: bytes.into_bytes(),
            properties: match id {
                Some(id) => properties.with_message_id(id),
                None => properties,
            },
            // Without subscriptions there is nobody to keep it for.
            is_mandatory: false,
        })
    }

    /// Sends all, and then waits for the confirmations: an answer for each.
    pub(super) async fn send(&self, parcels: Vec<Parcel>) -> Vec<Result<(), StoreError>> {
        let link = match self.sender.link(&self.url, &self.config).await {
            Ok(link) => link,
            Err(error) => {
                // Nothing was sent.
                let error = error.with_kind(StoreErrorKind::Unavailable);
                return parcels.iter().map(|_| Err(error.clone())).collect();
            }
        };
        let until = Instant::now() + self.config.deadline;
        let late = || StoreError::unknown("the broker has not confirmed it in time");
        let mut confirms = Vec::with_capacity(parcels.len());
        for parcel in &parcels {
            let published = timeout_at(until, published(&link, parcel)).await;
            confirms.push(published.unwrap_or_else(|_| Err(late())));
        }
        let mut answers = Vec::with_capacity(parcels.len());
        for confirm in confirms {
            let answer = match confirm {
                Ok(confirm) => timeout_at(until, confirm).await,
                Err(error) => Ok(Err(error)),
            };
            answers.push(answer.unwrap_or_else(|_| Err(late())));
        }
        if answers.iter().any(Result::is_err) {
            self.sender.forget(&link).await;
        }
        answers
    }
}

/// Hands a message to the connection; answers what waits for its confirmation.
async fn published(
    link: &Link,
    parcel: &Parcel,
) -> Result<impl Future<Output = Result<(), StoreError>> + use<>, StoreError> {
    let (exchange, key) = (parcel.exchange.clone(), parcel.routing_key.clone());
    let options = BasicPublishOptions { mandatory: parcel.is_mandatory, ..Default::default() };
    let properties = parcel.properties.clone();
    let confirm = link
        .channel
        .basic_publish(exchange, key, options, &parcel.body, properties)
        .await
        .map_err(sent)?;
    Ok(async move {
        match confirm.await.map_err(StoreError::unknown)? {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) => Err(StoreError::unavailable("no queue has taken it")),
            // One of several queues may have it.
            Confirmation::Nack(_) => Err(StoreError::unknown("the broker has refused it")),
            Confirmation::NotRequested => Err(StoreError::unknown("it is not confirmed")),
        }
    })
}

#[async_trait]
impl EventPublisher for RabbitmqBus {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), StoreError>> {
        let prepare = |message: &Message| self.parcel(message);
        publish_in_waves(messages, prepare, |ready| self.send(ready)).await
    }
}
