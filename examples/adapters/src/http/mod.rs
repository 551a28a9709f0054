//! A side behind a service: the handler that serves one, and the client that is
//! one.
//!
//! | call | request |
//! |---|---|
//! | `read` | `GET /records/{key}` |
//! | `apply` | `PUT /records/{key}`, a record |
//! | `read_many` | `POST /reads`, keys |
//! | `apply_many` | `POST /applies`, keys with records |
//! | `scan` | `GET /page?after={key}&limit={limit}` |
//! | `last_key` | `GET /last-key` |
//!
//! Keys are the hex digits of their encoding. A failure is a JSON document with
//! its kind: a status alone may come from a proxy that knows nothing of the
//! effect, so it never makes a failure definite.

mod client;
mod service;
mod wire;

pub use client::HttpRepository;
pub use service::router;
