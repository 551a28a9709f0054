use std::sync::Arc;
use std::time::Duration;

use super::{CommandToUndo, ReplyReceiver};
use crate::event::{EventPublisher, EventSource, EventType, Topic};

/// The shortest pause between two looks.
const LOOK_EVERY_MIN: Duration = Duration::from_millis(1);

/// How often a reply is looked for that nobody here is told of.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Where the commands to a participant go, and where its replies come from. Clones are the same.
///
/// ```
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # use strangler_fig::event::{CommandChannel, ReplyReceiver};
/// # use strangler_fig::memory::{InMemoryBus, InMemoryReplyStore};
/// # use strangler_fig::saga::SagaBuilder;
/// #
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let replies = ReplyReceiver::new(Arc::new(InMemoryReplyStore::default()));
/// let bus = Arc::new(InMemoryBus::default());
/// let stock = CommandChannel::new(bus, replies, "stock.commands".parse()?, "order.replies".parse()?)
///     .with_source("/shop/orders".parse()?)
///     .with_poll_interval(Duration::from_millis(50));
///
/// let reserve = stock.step::<u32, String>("ReserveInventory".parse()?).undone_by("ReleaseInventory".parse()?);
/// let mut saga = SagaBuilder::<u32>::new("order", 1);
/// let pieces = saga.input();
/// let reserved = saga.step("reserve", reserve, pieces);
/// assert_eq!(saga.build(reserved)?.plan().len(), 1);
/// # Ok(())
/// # }
/// ```
///
/// [`CommandStep`](super::CommandStep) shows such a step at work.
#[derive(Debug, Clone)]
pub struct CommandChannel {
    pub(super) publisher: Arc<dyn EventPublisher>,
    pub(super) replies: ReplyReceiver,
    pub(super) commands: Topic,
    pub(super) reply_to: Topic,
    pub(super) source: EventSource,
    pub(super) look_every: Duration,
}

impl CommandChannel {
    /// Publishes to `commands`, and asks to be answered to `reply_to`, a topic that a [`ReplyReceiver`] handles: this
    /// one, or another with the same store. The sender is `/sagas` unless said otherwise.
    ///
    /// # Panics
    ///
    /// Never: `/sagas` is a source.
    #[must_use]
    pub fn new(
        publisher: Arc<dyn EventPublisher>,
        replies: ReplyReceiver,
        commands: Topic,
        reply_to: Topic,
    ) -> Self {
        let source = "/sagas".parse().expect("it is a URI reference");
        Self { publisher, replies, commands, reply_to, source, look_every: LOOK_EVERY }
    }

    /// The same, with another sender.
    #[must_use]
    pub fn with_source(mut self, source: EventSource) -> Self {
        self.source = source;
        self
    }

    /// The same, looking into the store so often for replies that come to other processes: each 200 ms unless said
    /// otherwise, no less than a millisecond. Those that come to its own [`ReplyReceiver`] are seen at once.
    #[must_use]
    pub fn with_poll_interval(mut self, pause: Duration) -> Self {
        self.look_every = pause.max(LOOK_EVERY_MIN);
        self
    }

    /// A step that is this command, and says its input as JSON, once it is said how it is undone.
    pub fn step<I, O>(&self, command: EventType) -> CommandToUndo<I, O> {
        CommandToUndo::new(self.clone(), command)
    }
}
