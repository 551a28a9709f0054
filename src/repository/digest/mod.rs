//! Range digests: what a store computes over many rows, so that two stores can
//! be compared without sending them.

mod contract;
mod forward;
mod hash;
mod range;
mod salt;
mod sum;

pub use contract::{DigestRepository, HashedRecord};
pub use hash::RecordHash;
pub use range::KeyRange;
pub use salt::DigestSalt;
pub use sum::RangeDigest;
