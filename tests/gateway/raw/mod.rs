//! Bytes through real sockets: what a parser makes of them, and what reaches the other side.

pub(crate) mod net;

mod framing;
mod heads;
mod killed;
mod responses;
mod slow;
