//! The consumers that a subscription consists of.

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::Stream;
use strangler_fig::error::StoreError;
use strangler_fig::event::{SubscriptionLimits, SubscriptionName, Topic};

use super::error::asked;
use super::event_bus::NatsBusConfig;

/// A partition of a topic, as a subscription follows it.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) topic: Topic,
    stream: String,
    wanted: pull::Config,
}

impl Part {
    /// One that begins with the message `first`.
    pub(super) fn new(
        name: &SubscriptionName,
        topic: Topic,
        partition: u16,
        first: u64,
        limits: SubscriptionLimits,
        config: &NatsBusConfig,
    ) -> Self {
        let wanted = pull::Config {
            durable_name: Some(durable_name(name, &topic, partition)),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: first },
            ack_policy: AckPolicy::Explicit,
            ack_wait: limits.hidden_for,
            max_ack_pending: 1,
            filter_subject: subject(&config.prefix, &topic, partition),
            ..pull::Config::default()
        };
        Self { topic, stream: config.prefix.clone(), wanted }
    }

    /// Its consumer; made where there is none. One that is fit is left as it is: whatever is changed is written anew, and
    /// a server that is killed while it writes forgets it.
    pub(super) async fn consumer(&self, context: &Context) -> Result<PullConsumer, StoreError> {
        let stream = context.get_stream_no_info(&self.stream).await.map_err(asked)?;
        let name = self.wanted.durable_name.as_deref().unwrap_or_default();
        let found: PullConsumer =
            stream.get_or_create_consumer(name, self.wanted.clone()).await.map_err(asked)?;
        let is = &found.cached_info().config;
        if is.filter_subject != self.wanted.filter_subject || is.max_ack_pending != 1 {
            return Err(StoreError::rejected(format!("the consumer {name} is another's")));
        }
        if is.ack_wait == self.wanted.ack_wait {
            return Ok(found);
        }
        self.changed(&stream, found).await
    }

    /// That of others, who wait longer or less long, from now on as it is wanted here.
    async fn changed(
        &self,
        stream: &Stream<()>,
        found: PullConsumer,
    ) -> Result<PullConsumer, StoreError> {
        let deliver_policy = found.cached_info().config.deliver_policy;
        let wanted = pull::Config { deliver_policy, ..self.wanted.clone() };
        stream.create_consumer(wanted).await.map_err(asked)
    }
}

pub(super) fn subject(prefix: &str, topic: &Topic, partition: u16) -> String {
    format!("{prefix}.{partition}.{topic}")
}

/// No name and no topic has the characters `=` and `,`, and no consumer's name may have a dot.
pub(super) fn durable_name(name: &SubscriptionName, topic: &Topic, partition: u16) -> String {
    format!("{name}={topic}={partition}").replace('.', ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_consumer_is_named_for_its_part() {
        let (name, topic) = ("a.b".parse().unwrap(), "shop.orders".parse().unwrap());
        assert_eq!(durable_name(&name, &topic, 7), "a,b=shop,orders=7");
        assert_eq!(subject("fig", &topic, 7), "fig.7.shop.orders");
    }
}
