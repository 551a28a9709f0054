//! Processes and servers that are killed and stopped while people shop.

mod blows;
mod deed;
mod rage;
mod strokes;

pub(crate) use rage::{Count, rage};
