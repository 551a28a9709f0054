//! The migration repository, through its public face.

mod chaos;
mod fleet;
