use std::fmt;

use strangler_fig::repository::Entity;

/// An entity with a key of its own, made from its number.
pub trait Row: Entity + fmt::Debug {
    /// What the figures call it.
    const SIZE: &'static str;

    /// The row of this key.
    fn numbered(key: u64) -> Self;

    /// Its key.
    fn key(&self) -> u64;
}

/// Sixteen bytes, copied for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Small {
    key: u64,
    value: u64,
}

impl Row for Small {
    const SIZE: &'static str = "small";

    fn numbered(key: u64) -> Self {
        Self { key, value: !key }
    }

    fn key(&self) -> u64 {
        self.key
    }
}

/// A name and a kibibyte: two allocations to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Larger {
    key: u64,
    name: String,
    body: Vec<u8>,
}

impl Row for Larger {
    const SIZE: &'static str = "larger";

    fn numbered(key: u64) -> Self {
        Self { key, name: format!("row {key}"), body: vec![7; 1_024] }
    }

    fn key(&self) -> u64 {
        self.key
    }
}
