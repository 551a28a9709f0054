use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::{FutureProducer, Producer};
use rdkafka::types::RDKafkaErrorCode as Code;
use strangler_fig::error::StoreError;

use crate::config::KafkaConfig;
use crate::error::opened;
use crate::topics;

/// Notes that no broker can be reached.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach(Arc<AtomicBool>);

impl Reach {
    fn set_away(&self, is_away: bool) {
        self.0.store(is_away, Ordering::Relaxed);
    }
}

impl ClientContext for Reach {
    fn error(&self, error: KafkaError, reason: &str) {
        if error.rdkafka_error_code() == Some(Code::AllBrokersDown) {
            self.set_away(true);
        }
        tracing::debug!(%error, reason, "a producer's connection");
    }
}

pub(crate) type Sending = FutureProducer<Reach>;

/// What sends messages, made when it is needed.
#[derive(Default)]
pub(crate) struct Sender {
    kept: Mutex<Option<Sending>>,
    reach: Reach,
    /// Topics that are there.
    known: Mutex<HashSet<String>>,
}

impl Sender {
    /// The producer, or a new one instead of one that has failed for good.
    pub(crate) fn producer(&self, config: &KafkaConfig) -> Result<Sending, StoreError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(producer) = kept.as_ref().filter(|it| it.client().fatal_error().is_none()) {
            return Ok(producer.clone());
        }
        let made = Sending::from_config_and_context(&config.producer(), self.reach.clone());
        Ok(kept.insert(made.map_err(opened)?).clone())
    }

    /// Sees to it that a topic is there.
    pub(crate) async fn ensure(&self, config: &KafkaConfig, topic: &str) -> Result<(), StoreError> {
        if self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(topic) {
            return Ok(());
        }
        self.partitions(config, topic).await?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(topic.to_owned());
        Ok(())
    }

    /// The partitions of a topic, which is made if need be.
    pub(crate) async fn partitions(
        &self,
        config: &KafkaConfig,
        topic: &str,
    ) -> Result<Vec<i32>, StoreError> {
        topics::create(&config.client(), config.topics, topic, config.deadline).await?;
        let (producer, deadline, topic) =
            (self.producer(config)?, config.deadline, topic.to_owned());
        let asked = move || topics::partitions(producer.client(), &topic, deadline);
        tokio::task::spawn_blocking(asked).await.map_err(StoreError::unavailable)?
    }

    /// Whether a broker can be reached, as far as is known; one that was away is asked first.
    pub(crate) async fn reach(&self, config: &KafkaConfig, topic: &str) -> Result<(), StoreError> {
        if !self.reach.0.load(Ordering::Relaxed) {
            return Ok(());
        }
        let (producer, deadline, topic) =
            (self.producer(config)?, config.deadline, topic.to_owned());
        let ask = move || producer.client().fetch_metadata(Some(&topic), deadline).map(|_| ());
        let asked = tokio::task::spawn_blocking(ask).await.map_err(StoreError::unavailable)?;
        asked.map_err(StoreError::unavailable)?;
        self.reach.set_away(false);
        Ok(())
    }

    /// A topic that was deleted is made again by the next call.
    pub(crate) fn forget(&self, topic: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(topic);
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender").field("reach", &self.reach).finish_non_exhaustive()
    }
}
