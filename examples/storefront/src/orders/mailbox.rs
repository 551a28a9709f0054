use adapters::rabbitmq::{RabbitmqBus, RabbitmqConfig};
use strangler_fig::event::{SubscriptionName, Topic};

use crate::Failed;
use crate::chassis::{required, setting};

/// A topic, and the subscription of the one service that takes from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mailbox {
    /// Commands to the order-service.
    OrderCommands,
    /// Commands to the inventory-service.
    StockCommands,
    /// Commands to the payment-service.
    PaymentCommands,
    /// What any of them has answered: to whoever runs the sagas.
    Replies,
    /// What happens to orders: to whoever starts the sagas.
    Sagas,
    /// The same, to whoever sends parcels.
    Parcels,
}

impl Mailbox {
    /// Each of them.
    pub const ALL: [Self; 6] = [
        Self::OrderCommands,
        Self::StockCommands,
        Self::PaymentCommands,
        Self::Replies,
        Self::Sagas,
        Self::Parcels,
    ];

    /// What is published for it.
    ///
    /// # Panics
    ///
    /// Never: it is a topic.
    #[must_use]
    pub fn topic(self) -> Topic {
        let topic = match self {
            Self::OrderCommands => "orders.commands",
            Self::StockCommands => "stock.commands",
            Self::PaymentCommands => "payments.commands",
            Self::Replies => "sagas.replies",
            Self::Sagas | Self::Parcels => "orders.events",
        };
        topic.parse().expect("it is a topic")
    }

    /// Whose queues it fills.
    ///
    /// # Panics
    ///
    /// Never: it is a name.
    #[must_use]
    pub fn subscription(self) -> SubscriptionName {
        let name = match self {
            Self::OrderCommands => "orders",
            Self::StockCommands => "stock",
            Self::PaymentCommands => "payments",
            Self::Replies => "replies",
            Self::Sagas => "sagas",
            Self::Parcels => "parcels",
        };
        name.parse().expect("it is a name")
    }
}

/// The bus of `AMQP_URL`; several storefronts on one broker have a `TOPICS_PREFIX` each.
///
/// # Errors
///
/// A setting is missing.
pub fn bus() -> Result<RabbitmqBus, Failed> {
    let url: String = required("AMQP_URL")?;
    let prefix = setting("TOPICS_PREFIX", "storefront".to_owned())?;
    Ok(RabbitmqBus::new(&url, RabbitmqConfig::default().with_prefix(&prefix)))
}
