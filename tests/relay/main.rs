//! What the relay of an outbox promises, against stores and buses that fail as they are told.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod away;
mod care;
mod culprit;
mod drain;
mod idle;
mod order;
mod poison;
mod several;
mod support;
mod zombies;
