use std::borrow::Cow;
use std::num::NonZeroU32;

use crate::event::{SubscriptionName, Topic};

/// What a handler is told beside the event.
///
/// ```
/// use strangler_fig::event::{EventContext, SubscriptionName, Topic};
///
/// let (topic, billing): (Topic, SubscriptionName) = ("shop.orders".parse()?, "billing".parse()?);
/// let context = EventContext::new(&topic, &billing);
/// assert_eq!((context.topic(), context.attempt().get()), (&topic, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EventContext<'a> {
    topic: Cow<'a, Topic>,
    subscription: Cow<'a, SubscriptionName>,
    attempt: NonZeroU32,
}

impl<'a> EventContext<'a> {
    /// The first attempt at what came to `subscription` of `topic`: for tests of handlers, and for who calls one.
    #[must_use]
    pub const fn new(topic: &'a Topic, subscription: &'a SubscriptionName) -> Self {
        let (topic, subscription) = (Cow::Borrowed(topic), Cow::Borrowed(subscription));
        Self { topic, subscription, attempt: NonZeroU32::MIN }
    }

    /// The same, tried for that time.
    #[must_use]
    pub const fn with_attempt(mut self, attempt: NonZeroU32) -> Self {
        self.attempt = attempt;
        self
    }

    /// The same, to be kept.
    #[must_use]
    pub fn into_owned(self) -> EventContext<'static> {
        EventContext {
            topic: Cow::Owned(self.topic.into_owned()),
            subscription: Cow::Owned(self.subscription.into_owned()),
            attempt: self.attempt,
        }
    }

    /// Where the event was sent to.
    #[must_use]
    pub fn topic(&self) -> &Topic {
        &self.topic
    }

    /// Whose event it is: what an [`Inbox`](crate::event::Inbox) is asked with.
    #[must_use]
    pub fn subscription(&self) -> &SubscriptionName {
        &self.subscription
    }

    /// 1 if it is surely the first time that a handler is given the event. More says only that it may have been given before: deliveries
    /// count that no handler has seen.
    #[must_use]
    pub const fn attempt(&self) -> NonZeroU32 {
        self.attempt
    }
}
