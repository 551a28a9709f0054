//! Strangler-fig migration primitives.
pub mod clock;
pub mod error;
pub mod key;
pub mod memory;
pub mod observe;
pub mod phase;
pub mod repository;
pub mod stamp;
