//! Servers that a test or a demonstration starts for itself, stops, kills, and starts again over the same files.
//!
//! `scripts/servers.sh install` installs what of them is missing. As root, a server that refuses root runs under its own
//! account, or as nobody.

mod family;
mod mariadb;
mod nats;
mod own_server;
mod place;
mod postgres;
mod product;
mod rabbitmq;
mod running;

pub use nats::program as nats_program;
pub use own_server::OwnServer;
pub use product::Product;

/// Why it cannot be.
pub type Failed = Box<dyn std::error::Error + Send + Sync>;
