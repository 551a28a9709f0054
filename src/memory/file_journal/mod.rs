//! Sagas in files: one file a saga, in one directory.
//!
//! For the processes of one host, on a local file system; a fleet on several hosts needs a
//! server. A saga's file is called by the hash of its id, since an id may be longer and more
//! various than a file's name.
//!
//! | file | what it is |
//! |---|---|
//! | `<hash>.saga` | a line that says what it is; then a line for each change, with a checksum that vouches for all lines before |
//! | `<hash>.saga.tmp` | there only while the file is made or purged; what a killed process left, the next write to the saga removes |
//! | `<digit>.lock` | empty; locked while a saga whose hash begins with the digit is changed. Leave it where it is |
//!
//! A file is made, and replaced when its saga is purged, under another name, synced and renamed. Else
//! lines are added, each synced before it is acknowledged. What a crash left of a line is no
//! line, and the next one takes its place: it has no end, or a hole of zeros. Anything else that does
//! not fit its checksum is damage, and the file is never touched.

mod catalog;
mod codec;
mod error;
mod file;
mod journal;
mod line;
mod renewal;
mod stored;

pub use error::FileJournalError;
pub use journal::FileSagaJournal;
