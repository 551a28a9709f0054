//! Both sides of every agreement. Consumers need no server; providers need those of `POSTGRES_URL`, `MARIADB_URL` and `AMQP_URL`, or
//! of the usual ports (`make servers`), and the binaries that `cargo build -p adapters -p storefront` makes.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod consumers;
mod files;
mod migration;
mod providers;
