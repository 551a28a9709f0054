use std::num::NonZeroU32;

use super::{
    EventId, EventKey, EventPayload, EventSource, EventTime, EventType, ExtensionError,
    ExtensionName, Extensions, Topic, Traceparent,
};
use crate::observe::TraceContext;

/// Something that has happened, with all that a stranger needs to read it.
///
/// It cannot be made wrong: every part was checked when it was made.
///
/// ```
/// use strangler_fig::event::{EventEnvelope, EventId, EventPayload};
///
/// let created = EventEnvelope::new(
///     EventId::random()?,
///     "/shop/orders".parse()?,
///     "order.created".parse()?,
///     "order-4711".parse()?,
///     EventPayload::json(&("SKU-1", 3))?,
/// );
/// assert_eq!((created.version.get(), created.time), (1, None));
///
/// let message = created.to("shop.orders".parse()?);
/// assert_eq!(message.event.key.as_str(), "order-4711");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventEnvelope {
    /// Which event: unique with the source.
    pub id: EventId,
    /// Who made it.
    pub source: EventSource,
    /// What has happened.
    pub event_type: EventType,
    /// In which form: 1 unless said otherwise.
    pub version: NonZeroU32,
    /// What it is about: events of one key keep their order.
    pub key: EventKey,
    /// When.
    pub time: Option<EventTime>,
    /// In whose trace.
    pub traceparent: Option<Traceparent>,
    /// Extensions of `CloudEvents`: correlation, reply address, what strangers have added.
    pub extensions: Extensions,
    /// What it says.
    pub payload: EventPayload,
}

impl EventEnvelope {
    /// An event in the first form of its type.
    #[must_use]
    pub fn new(
        id: EventId,
        source: EventSource,
        event_type: EventType,
        key: EventKey,
        payload: EventPayload,
    ) -> Self {
        Self {
            id,
            source,
            event_type,
            version: NonZeroU32::MIN,
            key,
            time: None,
            traceparent: None,
            extensions: Extensions::default(),
            payload,
        }
    }

    /// The same, in another form.
    #[must_use]
    pub fn with_version(mut self, version: NonZeroU32) -> Self {
        self.version = version;
        self
    }

    /// The same, at this time.
    #[must_use]
    pub fn with_time(mut self, time: EventTime) -> Self {
        self.time = Some(time);
        self
    }

    /// The same, in this trace.
    #[must_use]
    pub fn with_traceparent(mut self, traceparent: Traceparent) -> Self {
        self.traceparent = Some(traceparent);
        self
    }

    /// The same, with an extension.
    ///
    /// # Errors
    ///
    /// [`ExtensionError`]: it cannot be one, or there are too many.
    pub fn with_extension(
        mut self,
        name: ExtensionName,
        value: &str,
    ) -> Result<Self, ExtensionError> {
        self.extensions.insert(name, value)?;
        Ok(self)
    }

    /// Which command it answers, or is: the extension `correlationid`.
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.extensions.get("correlationid")
    }

    /// To which topic it is to be answered: the extension `replyto`.
    #[must_use]
    pub fn reply_to(&self) -> Option<&str> {
        self.extensions.get("replyto")
    }

    /// It, addressed. If it does not say in whose trace it happened, it is in that of the current
    /// span ([`TraceContext::current`]).
    #[must_use]
    pub fn to(mut self, topic: Topic) -> Message {
        if self.traceparent.is_none() {
            let current = TraceContext::current();
            self.traceparent = current.and_then(|it| it.traceparent().parse().ok());
        }
        Message { topic, event: self }
    }
}

/// An event and where it goes. The example of [`EventEnvelope`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The address; not part of the event.
    pub topic: Topic,
    /// What is sent there.
    pub event: EventEnvelope,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_what_it_was_made_of() {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let [id, source, event_type, key] = ["1", "/s", "t", "k"];
        let event = EventEnvelope::new(
            id.parse().unwrap(),
            source.parse().unwrap(),
            event_type.parse().unwrap(),
            key.parse().unwrap(),
            EventPayload::default(),
        );
        assert_eq!((event.correlation_id(), event.reply_to()), (None, None));
        let event = event
            .with_version(NonZeroU32::new(2).unwrap())
            .with_time(EventTime::from_unix_millis(5).unwrap())
            .with_traceparent(trace.parse().unwrap())
            .with_extension("correlationid".parse().unwrap(), "c")
            .and_then(|event| event.with_extension("replyto".parse().unwrap(), "replies"))
            .unwrap();
        assert_eq!((event.version.get(), event.time.unwrap().unix_millis()), (2, 5));
        assert_eq!(event.traceparent.as_ref().unwrap().as_str(), trace);
        assert_eq!((event.correlation_id(), event.reply_to()), (Some("c"), Some("replies")));
        let message = event.clone().to("there".parse().unwrap());
        assert_eq!((message.topic.as_str(), message.event), ("there", event));
    }
}
