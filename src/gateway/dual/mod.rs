//! Requests that both sides are sent: written down before the first send, sent again until both have
//! answered.
//!
//! [`DualWriter`] sends them, and a [`RequestReplayer`] what was left; both write down in a [`RequestJournal`].

mod answer;
mod append;
mod begin;
mod config;
mod contract;
mod decide;
mod entity_id;
mod error;
mod fingerprint;
mod head;
mod hex;
mod inner;
mod judge;
mod key;
mod next;
mod note;
mod noting;
mod operate;
mod parked;
mod record;
mod recorded;
mod replay;
mod replayer;
mod report;
mod state;
mod write;
mod writer;

pub use append::{RequestAppend, RequestRetention};
pub use config::DualWriteConfig;
pub use contract::RequestJournal;
pub use entity_id::{EntityId, EntityIdError};
pub use error::ReplayError;
pub use fingerprint::{Fingerprint, FingerprintError};
pub use judge::{DualWriteJudge, SideAnswer, StatusJudge, Verdict};
pub use key::{RequestKey, RequestKeyError};
pub use next::Step;
pub use note::{RequestNote, Trouble};
pub use operate::OperateError;
pub use record::{Recorded, RequestClaim, RequestRecord, Shelf};
pub use recorded::{NewRequest, RecordedRequest};
pub use replayer::RequestReplayer;
pub use report::ReplayReport;
pub use state::{NoteOutOfOrder, ParkReason, RequestState, RequestStatus};
pub use writer::DualWriter;
