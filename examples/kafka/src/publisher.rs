use std::collections::HashMap;

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::FutureRecord;
use strangler_fig::async_trait;
use strangler_fig::error::{StoreError, StoreErrorKind};
use strangler_fig::event::{EventPublisher, Message, publish_in_waves};
use tokio::time::{Instant, timeout_at};

use crate::KafkaBus;
use crate::error::sent;
use crate::sender::Sending;

/// As the binding of `CloudEvents` to Kafka has it.
pub(crate) const CONTENT_TYPE: (&str, &str) =
    ("content-type", "application/cloudevents+json; charset=UTF-8");

/// What is sent, and where to.
pub(crate) struct Parcel {
    pub(crate) topic: String,
    pub(crate) key: Vec<u8>,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl KafkaBus {
    fn parcel(&self, message: &Message) -> Result<Parcel, StoreError> {
        let (bytes, most) = (message.event.to_cloud_event(), self.config.message_max);
        if bytes.len() > most {
            let why = format!("{} bytes are too many: {most} are allowed", bytes.len());
            return Err(StoreError::rejected(why));
        }
        Ok(Parcel {
            topic: self.config.topic(&message.topic)?,
            key: message.event.key.as_str().as_bytes().to_vec(),
            body: bytes.into_bytes(),
            headers: vec![(CONTENT_TYPE.0, CONTENT_TYPE.1.to_owned())],
        })
    }

    /// Sends all, and then waits for the confirmations: an answer for each. What is not confirmed in time is in doubt;
    /// what was not sent for want of a broker or of its topic is not.
    pub(crate) async fn send(&self, parcels: Vec<Parcel>) -> Vec<Result<(), StoreError>> {
        let producer = match self.sender.producer(&self.config) {
            Ok(producer) => producer,
            Err(error) => return parcels.iter().map(|_| Err(error.clone())).collect(),
        };
        let mut ways = HashMap::new();
        for parcel in &parcels {
            if !ways.contains_key(&parcel.topic) {
                ways.insert(parcel.topic.clone(), self.way(&parcel.topic).await);
            }
        }
        // librdkafka keeps the deadline; it only has to be late in telling so.
        let until = Instant::now() + self.config.deadline * 2;
        let mut confirms = Vec::with_capacity(parcels.len());
        for parcel in &parcels {
            let way = ways.get(&parcel.topic).cloned().unwrap_or(Ok(()));
            confirms.push(way.and_then(|()| hand_over(&producer, parcel)));
        }
        let mut answers = Vec::with_capacity(parcels.len());
        for (parcel, confirm) in parcels.iter().zip(confirms) {
            let answer = match confirm {
                Ok(confirm) => timeout_at(until, confirm).await.unwrap_or_else(|_| {
                    Err(StoreError::unknown("the brokers have not confirmed it in time"))
                }),
                Err(error) => Err(error),
            };
            if answer.is_err() {
                self.sender.forget(&parcel.topic);
            }
            answers.push(answer);
        }
        answers
    }

    /// Whether messages of a topic can be sent. If not, surely none was.
    async fn way(&self, topic: &str) -> Result<(), StoreError> {
        let is_there = self.sender.ensure(&self.config, topic).await;
        let is_there = is_there.map_err(|error| match error.kind() {
            StoreErrorKind::Rejected => error,
            _ => error.with_kind(StoreErrorKind::Unavailable),
        });
        is_there?;
        self.sender.reach(&self.config, topic).await
    }
}

/// Hands a message to the producer; answers what waits for its confirmation.
fn hand_over(
    producer: &Sending,
    parcel: &Parcel,
) -> Result<impl Future<Output = Result<(), StoreError>> + use<>, StoreError> {
    let headers = OwnedHeaders::new_with_capacity(parcel.headers.len());
    let headers = parcel.headers.iter().fold(headers, |headers, (key, value)| {
        headers.insert(Header { key, value: Some(value.as_bytes()) })
    });
    let record = FutureRecord::to(&parcel.topic).key(&parcel.key).payload(&parcel.body);
    let confirm =
        producer.send_result(record.headers(headers)).map_err(|(error, _)| sent(error))?;
    Ok(async move {
        match confirm.await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err((error, _))) => Err(sent(error)),
            Err(gone) => Err(StoreError::unknown(gone)),
        }
    })
}

#[async_trait]
impl EventPublisher for KafkaBus {
    async fn publish(&self, messages: &[Message]) -> Vec<Result<(), StoreError>> {
        let prepare = |message: &Message| self.parcel(message);
        publish_in_waves(messages, prepare, |ready| self.send(ready)).await
    }
}
