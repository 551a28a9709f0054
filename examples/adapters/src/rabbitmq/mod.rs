//! `RabbitMQ`: the bus of events.
//!
//! A subscription is a few durable queues, its *partitions*, each with a single active consumer: a key goes to one of
//! them, and so its messages come to one receiver, in their order, and those that a receiver held when it died come
//! again at the head. A second receiver of a name takes a queue over when the first one is gone; until then it waits.
//!
//! What is given back with a pause is kept here, unacknowledged, and handed out again: a broker would put it behind
//! what it has delivered already. So a receiver that dies gives all of it back at once, and a pause may not exceed the
//! broker's `consumer_timeout`, which is half an hour unless its file says otherwise.
//!
//! AMQP does not answer acknowledgements. One that is lost with its connection comes again, as everything does that was
//! published twice: the inbox knows it.

mod buffer;
mod bus;
mod config;
mod connection;
mod dead;
mod error;
mod publisher;
mod removal;
mod subscription;
mod topology;

pub use bus::RabbitmqBus;
pub use config::{QueueKind, RabbitmqConfig};
pub use dead::RabbitmqDeadLetter;
