//! Repositories: the two a team has, and the one that takes them across.
mod contract;
mod forward;
mod side_stamped;
mod stamp_store;
mod stamped;

pub use contract::{Access, Entity, Repository, TransactionalRepository};
pub use side_stamped::SideStamped;
pub use stamp_store::StampStore;
pub use stamped::{Applied, Page, ScanRepository, StampedRepository};
