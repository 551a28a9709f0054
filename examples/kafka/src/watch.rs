use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, StreamConsumer};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientConfig, TopicPartitionList};
use strangler_fig::error::StoreError;
use tokio::sync::Notify;

use crate::error::opened;

/// What the group tells a member; it has to answer each.
#[derive(Debug, Clone)]
pub(crate) enum Told {
    /// These are yours.
    Assigned(TopicPartitionList),
    /// These are not any more.
    Revoked(TopicPartitionList),
}

#[derive(Debug, Default)]
struct Telling {
    told: VecDeque<Told>,
    /// From now on everything is answered at once.
    is_closing: bool,
}

/// What librdkafka calls back: it notes what it is told, for the line to answer in its time.
#[derive(Debug)]
pub(crate) struct Watch {
    telling: Mutex<Telling>,
    work: Arc<Notify>,
}

impl Watch {
    pub(crate) fn new(work: Arc<Notify>) -> Self {
        Self { telling: Mutex::default(), work }
    }

    fn lock(&self) -> MutexGuard<'_, Telling> {
        self.telling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be answered next.
    pub(crate) fn next(&self) -> Option<Told> {
        self.lock().told.front().cloned()
    }

    /// It is answered.
    pub(crate) fn answered(&self) {
        self.lock().told.pop_front();
    }
}

impl ClientContext for Watch {}

impl ConsumerContext for Watch {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        what: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        let told = match what {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                Told::Assigned(partitions.clone())
            }
            _ => Told::Revoked(partitions.clone()),
        };
        let mut telling = self.lock();
        if telling.is_closing {
            answer(consumer, &told);
        } else {
            telling.told.push_back(told);
            self.work.notify_one();
        }
    }
}

fn answer<C: ConsumerContext>(consumer: &impl Consumer<C>, told: &Told) {
    let answered = match told {
        Told::Assigned(partitions) => consumer.incremental_assign(partitions),
        Told::Revoked(partitions) => consumer.incremental_unassign(partitions),
    };
    if answered.is_err() {
        let _ = consumer.unassign();
    }
}

/// A member of a group. Its end waits for the group: see [`Member::end`].
pub(crate) struct Member(StreamConsumer<Watch>);

impl Member {
    pub(crate) fn new(config: &ClientConfig, watch: Watch) -> Result<Arc<Self>, StoreError> {
        let consumer = StreamConsumer::from_config_and_context(config, watch).map_err(opened)?;
        Ok(Arc::new(Self(consumer)))
    }

    pub(crate) fn consumer(&self) -> &StreamConsumer<Watch> {
        &self.0
    }

    /// Leaves the group, on a thread of its own: that takes a while.
    pub(crate) fn end(self: Arc<Self>) {
        std::thread::spawn(move || drop(self));
    }
}

impl Drop for Member {
    /// What is told from now on has nobody else to answer it, and librdkafka waits for that.
    fn drop(&mut self) {
        let mut telling = self.0.context().lock();
        telling.is_closing = true;
        for told in std::mem::take(&mut telling.told) {
            answer(&self.0, &told);
        }
    }
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member").finish_non_exhaustive()
    }
}
