//! The consumers that a subscription consists of.

use std::collections::BTreeSet;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, Info, PullConsumer, pull};
use strangler_fig::event::{SubscriptionLimits, SubscriptionName, Topic};

use super::event_bus::NatsBusConfig;

/// A consumer, and what it delivers.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) topic: Topic,
    pub(super) consumer: PullConsumer,
}

/// That of a partition of a topic.
pub(super) fn wanted(
    name: &SubscriptionName,
    topic: &Topic,
    partition: u16,
    limits: SubscriptionLimits,
    config: &NatsBusConfig,
) -> pull::Config {
    pull::Config {
        durable_name: Some(durable_name(name, topic, partition)),
        deliver_policy: DeliverPolicy::New,
        ack_policy: AckPolicy::Explicit,
        ack_wait: limits.hidden_for,
        max_ack_pending: 1,
        filter_subject: subject(&config.prefix, topic, partition),
        ..pull::Config::default()
    }
}

pub(super) fn subject(prefix: &str, topic: &Topic, partition: u16) -> String {
    format!("{prefix}.{partition}.{topic}")
}

/// No name and no topic has the characters `=` and `,`, and no consumer's name may have a dot.
fn durable_name(name: &SubscriptionName, topic: &Topic, partition: u16) -> String {
    format!("{name}={topic}={partition}").replace('.', ",")
}

/// The topics that a subscription is to have, and those it has.
pub(super) fn topics_of(
    name: &SubscriptionName,
    topics: &[Topic],
    known: &[Info],
    config: &NatsBusConfig,
) -> BTreeSet<Topic> {
    let own = format!("{name}=").replace('.', ",");
    let its = known.iter().filter(|info| info.name.starts_with(&own));
    let has = its.filter_map(|info| topic_of(&config.prefix, &info.config.filter_subject));
    topics.iter().cloned().chain(has).collect()
}

/// The topic of a subject.
fn topic_of(prefix: &str, subject: &str) -> Option<Topic> {
    let rest = subject.strip_prefix(prefix)?.strip_prefix('.')?;
    rest.split_once('.')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_tells_its_topic_and_a_name_its_subscription() {
        let topic: Topic = "shop.orders".parse().unwrap();
        assert_eq!(topic_of("fig", &subject("fig", &topic, 7)), Some(topic.clone()));
        assert_eq!(topic_of("fig", "other.7.shop.orders"), None);
        let named = durable_name(&"a.b".parse().unwrap(), &topic, 7);
        assert_eq!(named, "a,b=shop,orders=7");
        assert!(!named.starts_with("a="), "it is not one of the subscription `a`");
    }
}
