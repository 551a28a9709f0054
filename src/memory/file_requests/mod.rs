//! Dual-written requests in files: one file a request, in one directory.
//!
//! For the processes of one host, on a local file system; a fleet on several hosts needs a
//! server. A request's file is called by the digest of its key.
//!
//! | file | what it is |
//! |---|---|
//! | `<digest>.request` | a line that says what it is; then a line for each change, with a checksum that vouches for all lines before |
//! | `<digest>.request.tmp` | there only while the file is made or purged; what a killed process left, the next write to the request removes, or a purge, every ten minutes |
//! | `<digit>.lock` | empty; locked while a request whose digest begins with the digit is changed. Leave it where it is |
//!
//! It holds whole requests, and credentials if they are written down: who may read the directory may read them.

mod catalog;
mod error;
mod file;
mod journal;
mod line;
mod purge;
mod sweep;
mod turn;

pub use error::FileRequestError;
pub use journal::FileRequestJournal;
