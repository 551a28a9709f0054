//! The adapters against real servers: every fact of their contracts, and what
//! only a server can do wrong.
//!
//! The servers are those of `POSTGRES_URL`, `MARIADB_URL`, `REDIS_URL`, `NATS_URL`
//! and `AMQP_URL`, or of the usual ports; `make servers` starts what is missing.
//! Each test works in a schema, a bucket or under a prefix of its own and drops
//! it.

mod buses;
mod change_feeds;
mod change_feeds_mariadb;
mod change_feeds_postgres;
mod copies;
mod copying;
mod customers;
mod digests;
mod events_faults;
mod events_mariadb;
mod events_postgres;
mod faults;
mod http;
mod mariadb;
mod mariadb_schema;
mod nats_bucket;
mod nats_bus;
mod nats_cluster;
mod nats_states;
mod postgres;
mod postgres_schema;
mod postgres_states;
mod proxy;
mod quoted;
mod rabbitmq_bus;
mod redis_server;
mod redis_states;
mod redis_trust;
mod saga_faults;
mod sagas;
mod sagas_mariadb;
mod sagas_postgres;
mod states;
mod unique;
mod workers;

#[path = "../support/own_server.rs"]
mod own_server;
