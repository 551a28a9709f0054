//! The history checker: what it accepts, what it refuses, and how fast.

mod accepted;
mod exhaustive;
mod flawed;
mod judged;
mod random;
mod recording;
mod refused;
mod register;
mod scale;
mod support;
