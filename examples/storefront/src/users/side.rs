use std::time::Duration;

use adapters::customer::Customer;
use adapters::http::HttpRepository;
use strangler_fig::repository::StampedRepository;

use crate::Failed;
use crate::chassis::outgoing;

/// How long the other service may take to answer.
const DEADLINE: Duration = Duration::from_secs(2);

/// A store of users.
pub trait Side: StampedRepository<Key = Vec<u8>, Entity = Customer> {}

impl<S: StampedRepository<Key = Vec<u8>, Entity = Customer>> Side for S {}

/// The other service's store.
pub type RemoteUsers = HttpRepository<Vec<u8>, Customer>;

/// The store of the service at `base`, which is told of the trace that asks.
///
/// # Errors
///
/// It is no URL of `http`.
pub fn remote(base: &str) -> Result<RemoteUsers, Failed> {
    let base = format!("{}/internal/users", base.trim_end_matches('/'));
    let key = |customer: &Customer| customer.id.clone();
    Ok(HttpRepository::new(&base, key, DEADLINE)?.with_headers(outgoing))
}
