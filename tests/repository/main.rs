//! The migration repository, through its public face.

mod chaos;
mod end_check;
mod fleet;
mod races;
mod reads;
mod support;
mod sweeps;
mod wrappers;
mod writes;
