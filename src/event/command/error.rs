/// An event that is no command, or no reply to one: which attribute of it is none, and never what it is.
///
/// ```
/// use strangler_fig::event::{EventEnvelope, EventPayload, ReceivedCommand};
///
/// let stray = EventEnvelope::new(
///     "1".parse()?,
///     "/shop".parse()?,
///     "order.paid".parse()?,
///     "4711".parse()?,
///     EventPayload::default(),
/// );
/// let error = ReceivedCommand::of(&stray).unwrap_err();
/// assert_eq!(error.to_string(), "the event is no command: its `correlationid` is missing or malformed");
/// # Ok::<(), strangler_fig::event::TextError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event is no {what}: its `{field}` is missing or malformed")]
pub struct CommandError {
    pub(super) what: &'static str,
    pub(super) field: &'static str,
}
