//! Complete adapters, meant to be copied: a customer on PostgreSQL, on MariaDB
//! and behind HTTP; the state of migrations on PostgreSQL, Redis and NATS.
//!
//! Every file stands for one decision that a store asks for; the README says
//! which to take.

mod batch;
pub mod customer;
mod digest;
mod document;
mod effect;
mod event_row;
pub mod http;
pub mod mariadb;
pub mod nats;
pub mod postgres;
pub mod rabbitmq;
pub mod redis;
mod saga;
mod text;
