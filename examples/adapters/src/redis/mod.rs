//! Redis: the state of migrations, on a server that flushes what it
//! acknowledges.
//!
//! Redis as it comes does not: it keeps a snapshot of now and then. What it
//! needs is `appendonly yes` and `appendfsync always`, in its file and not by
//! `CONFIG SET`: a server that was told while it ran is not safe before it has
//! rewritten its log, and forgets when it restarts. It must have no replicas:
//! one that follows later than the acknowledgement, and takes over, has lost
//! what was acknowledged.

mod database;
mod error;
mod state_service;
mod trust;

pub use database::RedisDatabase;
pub use state_service::RedisStateService;
