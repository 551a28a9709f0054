use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use strangler_fig::error::StoreError;
use strangler_fig::event::SubscriptionName;

use super::RabbitmqBus;
use super::connection::Link;
use super::error::{opened, within};

impl RabbitmqBus {
    /// Deletes the bus and these subscriptions of it, with all that waits there, whoever receives. What is not there is
    /// deleted too; the queues of other subscriptions stay, and nothing comes to them any more.
    ///
    /// # Errors
    ///
    /// `Rejected`: the broker does not allow it; `Unavailable`: remove them again.
    pub async fn remove(&self, subscriptions: &[SubscriptionName]) -> Result<(), StoreError> {
        let config = &self.config;
        let link = Link::open(&self.url, config.deadline).await?;
        let mut queues = vec![config.agreement()?];
        for name in subscriptions {
            queues.extend(config.queues(name)?);
            queues.push(config.dead_queue(name)?);
        }
        for queue in queues {
            let deleted = link.channel.queue_delete(queue, QueueDeleteOptions::default());
            within(config.deadline, deleted, opened).await?;
        }
        let options = ExchangeDeleteOptions::default();
        let deleted = link.channel.exchange_delete(config.exchange()?, options);
        within(config.deadline, deleted, opened).await
    }
}
