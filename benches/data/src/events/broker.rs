//! The broker: a place for the messages of a run, and the loop that publishes them by its client alone.

use std::env;
use std::time::Instant;

use adapters::rabbitmq::{RabbitmqBus, RabbitmqConfig};
use lapin::options::{
    BasicPublishOptions, ConfirmSelectOptions, ExchangeDeleteOptions, QueueDeclareOptions,
    QueueDeleteOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use strangler_fig::event::{EventSubscriber, Lane, Message, SubscriptionLimits};
use tokio::task::JoinSet;

use super::messages::{AT_ONCE, BATCH, message, subscription, topic};
use crate::error::Failure;

/// As the bus has it by default.
const PARTITIONS: u16 = 4;

pub(crate) fn url() -> String {
    env::var("AMQP_URL").unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672".to_owned())
}

pub(crate) fn bus(prefix: &str) -> RabbitmqBus {
    RabbitmqBus::new(&url(), RabbitmqConfig::default().with_prefix(prefix))
}

/// Quorum queues of a subscription that nobody receives.
pub(crate) async fn open(prefix: &str) -> Result<(), Failure> {
    let topics = [topic()?];
    let limits = SubscriptionLimits::default();
    drop(bus(prefix).subscribe(&subscription()?, &topics, limits).await?);
    Ok(())
}

fn queue(prefix: &str, part: &str) -> String {
    format!("{prefix}.billing.{part}")
}

/// Removes them; answers how many messages they held.
pub(crate) async fn close(prefix: &str) -> Result<u64, Failure> {
    let connection = Connection::connect(&url(), ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    let mut held = 0;
    for partition in 0..PARTITIONS {
        let name = ShortString::from(queue(prefix, &partition.to_string()));
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let found = channel.queue_declare(name.clone(), passive, FieldTable::default()).await?;
        held += u64::from(found.message_count());
        channel.queue_delete(name, QueueDeleteOptions::default()).await?;
    }
    for queue in [queue(prefix, "dead"), format!("{prefix}.partitions")] {
        channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await?;
    }
    channel.exchange_delete(prefix.into(), ExchangeDeleteOptions::default()).await?;
    Ok(held)
}

/// The routing key and the body of a message, as the bus has them.
fn parcel(message: &Message) -> Result<(String, Vec<u8>), Failure> {
    let lane = Lane::of(&message.event.key, PARTITIONS.try_into()?).0;
    Ok((format!("{lane}.{}", message.topic), message.event.to_cloud_event().into_bytes()))
}

/// The client alone.
pub(crate) struct Raw {
    prefix: String,
    channel: Channel,
    _connection: Connection,
}

impl Raw {
    pub(crate) async fn open(prefix: &str) -> Result<Self, Failure> {
        let connection = Connection::connect(&url(), ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { prefix: prefix.to_owned(), channel, _connection: connection })
    }

    /// Publishes one, and waits for its confirmation.
    pub(crate) async fn publish(&self, message: &Message) -> Result<(), Failure> {
        publish_part(self.channel.clone(), self.prefix.clone(), vec![parcel(message)?]).await
    }
}

/// Publishes so many messages, and waits for the confirmation of each; says how long that took.
pub(crate) async fn publish(prefix: &str, messages: u64) -> Result<(), Failure> {
    let mut parts: Vec<Vec<(String, Vec<u8>)>> = (0..AT_ONCE).map(|_| Vec::new()).collect();
    for (n, part) in (0..messages).zip((0..parts.len()).cycle()) {
        parts[part].push(parcel(&message(n)?)?);
    }
    let connection = Connection::connect(&url(), ConnectionProperties::default()).await?;
    let began = Instant::now();
    let mut loops = JoinSet::new();
    for part in parts {
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        loops.spawn(publish_part(channel, prefix.to_owned(), part));
    }
    while let Some(ended) = loops.join_next().await {
        ended??;
    }
    println!("seconds={}", began.elapsed().as_secs_f64());
    Ok(())
}

async fn publish_part(
    channel: Channel,
    prefix: String,
    part: Vec<(String, Vec<u8>)>,
) -> Result<(), Failure> {
    let batch = usize::try_from(BATCH)?;
    for some in part.chunks(batch) {
        let mut confirms = Vec::with_capacity(batch);
        for (key, body) in some {
            let properties = BasicProperties::default().with_delivery_mode(2);
            let (exchange, key) = (prefix.as_str().into(), key.as_str().into());
            let options = BasicPublishOptions::default();
            confirms.push(channel.basic_publish(exchange, key, options, body, properties).await?);
        }
        for confirm in confirms {
            if !matches!(confirm.await?, Confirmation::Ack(None)) {
                return Err(Failure::new("the broker has not taken a message"));
            }
        }
    }
    Ok(())
}
