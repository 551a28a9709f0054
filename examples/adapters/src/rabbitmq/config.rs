use std::num::NonZeroU16;
use std::time::Duration;

/// Which queues keep what was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum QueueKind {
    /// Replicated, and synced before they confirm; they count deliveries.
    #[default]
    Quorum,
    /// On one server, synced in batches before they confirm; they know only whether a message comes again.
    Classic,
}

/// How a [`RabbitmqBus`](super::RabbitmqBus) uses its broker. All that use one `prefix` have to agree on the kind and the
/// number of the queues: who does not is refused.
#[derive(Debug, Clone)]
pub struct RabbitmqConfig {
    pub(super) prefix: String,
    pub(super) partitions: NonZeroU16,
    pub(super) queues: QueueKind,
    pub(super) message_max: usize,
    pub(super) deadline: Duration,
}

impl Default for RabbitmqConfig {
    /// The exchange `strangler`, four quorum queues for a subscription, 2 MiB for a message, 10 s for each call.
    fn default() -> Self {
        Self {
            prefix: "strangler".to_owned(),
            partitions: NonZeroU16::new(4).expect("4 is not 0"),
            queues: QueueKind::Quorum,
            message_max: 2 << 20,
            deadline: Duration::from_secs(10),
        }
    }
}

impl RabbitmqConfig {
    /// The name of the exchange, and what the names of queues begin with.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// How many queues a subscription has: so many receivers may work at once. The first who uses the prefix says
    /// so; another number is refused.
    #[must_use]
    pub fn with_partitions(mut self, partitions: NonZeroU16) -> Self {
        self.partitions = partitions;
        self
    }

    /// Which kind of queues. Never changed once they are there.
    #[must_use]
    pub fn with_queues(mut self, queues: QueueKind) -> Self {
        self.queues = queues;
        self
    }

    /// How many bytes a message may have: one that has more is rejected before it is sent.
    #[must_use]
    pub fn with_message_max(mut self, bytes: usize) -> Self {
        self.message_max = bytes;
        self
    }

    /// How long each call may take; after that its connection is given up.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}
