//! One text for each value, and one value for each text.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arbitrary;
mod decode;
mod examples;
mod folds;
mod peers;
mod properties;
mod tree;
