//! Keys, and their one encoding.
//!
//! Hashing into a cohort, scanning in order, queueing, checkpoints and digests
//! all need a key as bytes, the same on every machine and in the same order as
//! the keys themselves.
//!
//! ```
//! use strangler_fig::key::{Key, KeyExt};
//!
//! let key = ("EDDB".to_owned(), 7_u32);
//! let bytes = key.to_bytes();
//! assert_eq!(<(String, u32)>::from_bytes(&bytes)?, key);
//! assert!(bytes < ("EDDF".to_owned(), 0_u32).to_bytes());
//! # Ok::<(), strangler_fig::key::KeyError>(())
//! ```

mod bytes;
mod contract;
mod integer;
mod tuple;

pub use contract::{Key, KeyError, KeyExt};
