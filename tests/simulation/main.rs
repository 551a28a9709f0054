//! Whole migrations of the library's own code, under everything that can go wrong, by seed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod seeds;
mod world;
